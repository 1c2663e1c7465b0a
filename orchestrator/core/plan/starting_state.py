"""What a run starts from: what may exist already, what is obsolete, and which roles it needs (pure)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from orchestrator.core.catalogue import COMPONENTS, FUNCTIONS, QUEUES
from orchestrator.core.plan.footprint import Footprint
from orchestrator.core.plan.policies import work_off
from orchestrator.core.plan.prune import Removal, layer, obsolete, wanted

Json = dict[str, Any]

_RULE = "iot_rule"
_PROCESSOR = "processor"


def starting_state(
    plan: Mapping[str, Any],
    before: Footprint,
    ours: Footprint,
    how: Removal,
    changing: Collection[str] = (),
    leaving: Collection[str] = (),
) -> Json:
    """`components`: whether each may exist. `obsolete`: what `remove` takes. `roles`: the spec of each role that the
    mapping needs, and whether it may exist. `keep_rights`: whether those of devices' own processors keep theirs.
    `queues`: whether the failure queue and the outbox may exist, and false for one that an earlier run may have deleted
    (`leaving`): SQS would show it for a minute.

    The roles that are `changing` (by name) keep what they may do until every function has changed; then `remove` takes
    away what they need no more. A sender that stays while its outbox goes keeps the right to it until the outbox is
    empty and gone.
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
    final = {component: _with_outbox(plan, spec, losing) for component, spec in specs.items()}
    keeping = {
        component
        for component, spec in specs.items()
        if component in before.components and spec["name"] in changing and not how.dry_run
    }
    devices = _PROCESSOR in keeping and {*before.devices} & {*now.devices}
    rights = {
        **({"rights": [final[component] for component in final if component in keeping]} if keeping else {}),
        **({"device_rights": _of_devices(plan, specs[_PROCESSOR], sorted(devices))} if devices else {}),
    }
    if rights:
        found["data"] = [{**rights, **(found["data"][0] if found["data"] else {})}]
    return {
        "components": {component: component in before.components for component in COMPONENTS},
        "queues": {
            "failure_queue": "failure_queue" in staying,
            "outbox": any(queue in staying for queue in QUEUES if queue in now.components),
        },
        "obsolete": found,
        "roles": [
            {
                "spec": {**spec, "keep_rights": True} if component in keeping else spec,
                "may_exist": component in before.components,
            }
            for component, spec in final.items()
        ],
        "keep_rights": bool(devices),
        **({"older_configurations": layer(plan["twin"], how, keep_latest=True)} if now.components else {}),
    }


def _of_devices(plan: Mapping[str, Any], role: Json, devices: Iterable[str]) -> Json:
    """The roles of devices' own processors: the default one's, under these names."""
    names = {device["device"]: device["name"] for device in plan["device_processors"]}
    return {"names": [names[device] for device in devices], "role": {"permissions_boundary": None, **role}}


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
