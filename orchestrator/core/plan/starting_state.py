"""What a run starts from: what may exist already, what is obsolete, and which roles it needs (pure)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from orchestrator.core.catalogue import COMPONENTS, FUNCTIONS, QUEUES
from orchestrator.core.plan.footprint import Footprint
from orchestrator.core.plan.policies import work_off
from orchestrator.core.plan.prune import Removal, layer, obsolete, wanted

Json = dict[str, Any]

_RULE = "iot_rule"


def starting_state(
    plan: Mapping[str, Any],
    before: Footprint,
    ours: Footprint,
    how: Removal,
    leaving: Collection[str] = (),
) -> Json:
    """`components`: whether each may exist. `obsolete`: what `remove` takes. `roles`: the spec of each role that the
    mapping needs, and whether it may exist. `queues`: the same of the failure queue and the outbox, and false for one
    that an earlier run may have deleted (`leaving`): SQS would show it for a minute.

    A sender that stays while its outbox goes keeps the right to it until the outbox is empty and gone.
    """
    now, staying = wanted(plan), {*before.components} - {*leaving}
    specs = _roles(plan, now)
    plain = {spec["name"]: spec for spec in specs.values()}
    found = obsolete(plan["twin"], before - now, now, ours, how, plain)
    losing = {
        outbox["identity"]["name"]
        for part in found["data"]
        for outbox in part.get("outboxes", ())
        if "sender" in outbox
    }
    return {
        "components": {component: component in before.components for component in COMPONENTS},
        "queues": {
            "failure_queue": "failure_queue" in staying,
            "outbox": any(queue in staying for queue in QUEUES if queue in now.components),
        },
        "obsolete": found,
        "roles": [
            {"spec": _with_outbox(plan, spec, losing), "may_exist": component in before.components}
            for component, spec in specs.items()
        ],
        **({"older_configurations": layer(plan["twin"], keep_latest=True)} if now.components else {}),
    }


def _roles(plan: Mapping[str, Any], now: Footprint) -> dict[str, Json]:
    """Devices' own processors are not among them: there can be hundreds, and each prepares its own."""
    specs = {name: plan["functions"][name]["role"] for name in FUNCTIONS if name in now.components}
    return specs | ({_RULE: plan["iot_role"]} if _RULE in now.components else {})


def _with_outbox(plan: Mapping[str, Any], spec: Json, losing: set[str]) -> Json:
    if spec["name"] not in losing:
        return spec
    sender = next(function for function in plan["functions"].values() if function["name"] == spec["name"])
    failures: str = sender["invoke_config"]["on_failure_arn"]  # of the same account and region
    queue_arn = f"{failures.rpartition(':')[0]}:{spec['name']}"
    policy = {**spec["policy"], "Statement": [*spec["policy"]["Statement"], work_off(queue_arn)]}
    return {**spec, "policy": policy}
