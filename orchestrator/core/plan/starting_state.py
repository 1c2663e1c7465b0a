"""What a run starts from: what may be there already, what departs, and which roles it needs (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.core.catalogue import FUNCTIONS
from orchestrator.core.plan.footprint import Footprint
from orchestrator.core.plan.policies import work_off
from orchestrator.core.plan.prune import prune, wanted

Json = dict[str, Any]

_RULE = "iot_rule"


def starting_state(plan: Mapping[str, Any], before: Footprint, ours: Footprint | None = None, *, drain: bool) -> Json:
    """What `leftovers` says, and `roles`: the spec of each role that the mapping needs, and whether it may be there.

    A sender that stays while its queue departs keeps the right to it until the queue is empty and gone; `role` is what
    its role is then, beside the queue.
    """
    now = wanted(plan)
    found = prune(plan["twin"], before, now, ours, drain=drain)
    parting = {queue["identity"]["name"] for queue in found["obsolete_outboxes"] if queue["sender_stays"]}
    roles = _roles(plan, before, now)
    plain = {role["spec"]["name"]: role["spec"] for role in roles}
    queues = [
        {**queue, "role": plain[queue["identity"]["name"]]} if queue["sender_stays"] else queue
        for queue in found["obsolete_outboxes"]
    ]
    roles = [{**role, "spec": _with_queue(plan, role["spec"], parting)} for role in roles]
    return {**found, "obsolete_outboxes": queues, "roles": roles}


def _roles(plan: Mapping[str, Any], before: Footprint, now: Footprint) -> list[Json]:
    """Devices' own processors are not among them: there can be hundreds, and each prepares its own."""
    specs = {name: plan["functions"][name]["role"] for name in FUNCTIONS if name in now.components}
    if _RULE in now.components:
        specs[_RULE] = plan["iot_role"]
    return [{"spec": spec, "may_exist": name in before.components} for name, spec in specs.items()]


def _with_queue(plan: Mapping[str, Any], spec: Json, parting: set[str]) -> Json:
    if spec["name"] not in parting:
        return spec
    sender = next(function for function in plan["functions"].values() if function["name"] == spec["name"])
    failures: str = sender["invoke_config"]["on_failure_arn"]  # of the same account and region
    queue_arn = f"{failures.rpartition(':')[0]}:{spec['name']}"
    policy = {**spec["policy"], "Statement": [*spec["policy"]["Statement"], work_off(queue_arn)]}
    return {**spec, "policy": policy}
