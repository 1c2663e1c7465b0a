"""What a twin no longer needs, by name: what the machine `remove` takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations
from typing import Any

from orchestrator.core.names import TwinNames, connection
from orchestrator.core.plan.footprint import Footprint
from orchestrator.core.plan.mapping import ALARMS, FUNCTIONS, PUBLIC, QUEUES, needed
from orchestrator.core.plan.watch import Watch

Json = dict[str, Any]

_CLOUDS = ("aws", "azure", "gcp")
EVERY_CONNECTION = tuple(
    connection(sender, layer, receiver)
    for layer in (1, 2)
    for sender, receiver in permutations(_CLOUDS, 2)
    if "aws" in (sender, receiver)
)
"""The ids of all connections that AWS can take part in."""

_DATA = ("hot_table", "outboxes", "failure_queue", "log_group", "configuration_layer", "secrets")
"""What goes after the point of no return: no rollback brings it back."""


def wanted(plan: Mapping[str, Any]) -> Footprint:
    """What a plan brings about. A removal has no providers, and wants nothing."""
    if "providers" not in plan:
        return Footprint()
    prefix = TwinNames(plan["twin"]).secret("")
    return Footprint.read(
        {
            "components": needed(
                plan["providers"],
                event_checking=plan["event_checking"],
                batching="outbox" in plan,
                watch=Watch(**plan["watch"]),
            ),
            "devices": [device["device"] for device in plan["device_processors"]],
            "connections": [secret["name"].removeprefix(prefix) for secret in plan["secrets"]],
        }
    )


NOTHING = Footprint()


@dataclass(frozen=True)
class Removal:
    """How to remove: whether data stays, in what events may wait that are worked off first, whether it is a dry run."""

    retain_data: bool = True
    draining: Footprint = NOTHING
    dry_run: bool = False


def obsolete(
    twin: str,
    gone: Footprint,
    staying: Footprint,
    ours: Footprint,
    how: Removal,
    roles: Mapping[str, Json] | None = None,
) -> dict[str, list[Json]]:
    """For each phase (`functions`, `data`) what is to go; in a dry run apart, so that it is looked for side by side.

    `ours` is what the last deployment that succeeded left: it belongs to the twin even if its tags were stripped.
    `roles`: the role of each function that stays, by the function's name. A sender among them that loses its outbox
    gets it once the outbox is gone; until then it has a right to the outbox besides.
    """
    parts = _found(twin, gone, staying, ours, how, roles or {})
    found = {name: value for name, value in parts if value or name == "draining"}
    data = {name: value for name, value in found.items() if name in _DATA}
    functions = {name: value for name, value in found.items() if name not in _DATA}
    if not how.dry_run:
        return {"functions": [functions] if functions else [], "data": [data] if data else []}
    rule: Json = {name: functions.pop(name) for name in ("iot_rule", "iot_role") if name in functions}
    apart = [{name: value} for name, value in functions.items()]
    return {"functions": [rule, *apart] if rule else apart, "data": [{name: value} for name, value in data.items()]}


def _found(
    twin: str, gone: Footprint, staying: Footprint, ours: Footprint, how: Removal, roles: Mapping[str, Json]
) -> list[tuple[str, Any]]:
    """By the names under which `remove` looks for them."""
    names = TwinNames(twin)

    def identity(name: str, *components: str, **more: Any) -> Json:
        return _identity(twin, name, recorded=any(each in ours.components for each in components), **more)

    def if_gone(component: str, name: str, **more: Any) -> Json | None:
        return identity(name, component, **more) if component in gone.components else None

    processors = [
        _identity(twin, names.device_processor(device), recorded=device in ours.devices) for device in gone.devices
    ]
    queued = [each for each in FUNCTIONS if each in set(gone.components) & set(how.draining.components) - set(PUBLIC)]
    draining = [
        *(identity(names.function(each), each) for each in queued),
        *(processors if how.draining.devices else []),
    ]
    alarms = [alarm for component, alarm in ALARMS.items() if component in gone.components]
    outboxes = [
        {
            "identity": identity(names.outbox(sender), queue, retain_data=how.retain_data),
            **(
                {"sender": identity(names.function(sender), sender), "role": roles[names.function(sender)]}
                if stays
                else {}
            ),
        }
        for queue, sender in QUEUES.items()
        for stays in [sender in staying.components]
        if queue in gone.components
    ]
    secrets = [_identity(twin, names.secret(each), recorded=each in ours.connections) for each in gone.connections]
    waits = not how.dry_run and (draining or any("sender" in each for each in outboxes))
    return [
        ("iot_rule", if_gone("iot_rule", names.iot_rule)),
        ("iot_role", if_gone("iot_rule", names.iot_role)),
        *((function, if_gone(function, names.function(function))) for function in FUNCTIONS),
        ("device_processors", processors),
        ("alarms", identity(names.alarms, *ALARMS, alarms=alarms) if alarms else None),
        ("dashboard", if_gone("dashboard", names.dashboard)),
        ("hot_table", if_gone("hot_table", names.hot_table, retain_data=how.retain_data)),
        ("outboxes", outboxes),
        ("failure_queue", if_gone("failure_queue", names.failure_queue, retain_data=how.retain_data)),
        ("log_group", if_gone("log_group", names.log_group)),
        ("configuration_layer", layer(twin) if "configuration_layer" in gone.components else None),
        ("secrets", secrets),
        *([("draining", draining)] if waits else []),
    ]


def layer(twin: str, **more: Any) -> Json:
    """The configuration layer. It has no tags that could be stripped, so that no record is needed."""
    return _identity(twin, TwinNames(twin).configuration_layer, recorded=False, **more)


def _identity(twin: str, name: str, *, recorded: bool, **more: Any) -> Json:
    return {"name": name, "owner": {"twin": twin, **({"recorded": True} if recorded else {})}, **more}
