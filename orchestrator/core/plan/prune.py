"""What a twin no longer needs, by name: what the machine `remove` takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import permutations
from typing import Any

from orchestrator.core.catalogue import ALARMS, CATALOGUE, FUNCTIONS, OF, PUBLIC, QUEUES, Component, needed
from orchestrator.core.names import UNSCOPED, TwinNames, connection
from orchestrator.core.placement import Placement, Watch
from orchestrator.core.plan.footprint import Footprint

Json = dict[str, Any]

_CLOUDS = ("aws", "azure", "gcp")
EVERY_CONNECTION = tuple(
    connection(sender, layer, receiver)
    for layer in (1, 2)
    for sender, receiver in permutations(_CLOUDS, 2)
    if "aws" in (sender, receiver)
)
"""The ids of all connections that AWS can take part in."""

_TOGETHER = {"iot_role": "iot_rule"}  # removed one after the other, also where each part is looked for by itself
_HOLDING = ("hot-table", "failure-queue")  # the kinds that may hold data
_SINGLE = [row for row in CATALOGUE if not (row.part or row.each or row.kind in ("alarms", "outbox", "event-source"))]
NOTHING = Footprint()


def wanted(plan: Mapping[str, Any]) -> Footprint:
    """What a plan brings about. A removal has no providers, and wants nothing.

    A plan stored by an earlier release has no spec of what that release did not know, and does not bring it about.
    """
    if "providers" not in plan:
        return NOTHING
    prefix = TwinNames(plan["twin"]).secret("")
    here = Placement.of(
        plan["providers"],
        event_checking=plan["event_checking"],
        batching="outbox" in plan,
        watch=Watch(**plan["watch"]),
    )
    components = [name for name in needed(here) if OF[name].plan_key in {**plan, **plan["functions"]}]
    return Footprint.read(
        {
            "components": components,
            "devices": [device["device"] for device in plan["device_processors"]],
            "connections": [secret["name"].removeprefix(prefix) for secret in plan["secrets"]],
            "scopes": [plan.get("scope", UNSCOPED)] if components else (),
        }
    )


@dataclass(frozen=True)
class Removal:
    """How to remove: whether data stays, in what events may wait that are worked off first, whether it is a dry run.

    `scope` is that of the installation. Before the run, roles and dashboards may have had the names of the scopes
    `before`.
    """

    retain_data: bool = True
    draining: Footprint = NOTHING
    dry_run: bool = False
    scope: str = UNSCOPED
    before: tuple[str, ...] = ()

    def owner(self, twin: str, *, recorded: bool) -> Json:
        """The owner of what is removed."""
        more = {"recorded": recorded, "unmarked": UNSCOPED in self.before}
        scope = {} if self.scope == UNSCOPED else {"installation": self.scope}
        return {"twin": twin, **scope, **{name: True for name, value in more.items() if value}}


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
    found = _found(twin, gone, staying, ours, how, roles or {})
    phases = {phase: {name: found[name] for name in found if _phase(name) == phase} for phase in ("functions", "data")}
    if how.dry_run:
        return {phase: _apart(parts) for phase, parts in phases.items()}
    return {phase: [parts] if parts else [] for phase, parts in phases.items()}


def layer(twin: str, how: Removal, **more: Any) -> Json:
    """The configuration layer. It has no tags that could be stripped, so that no record is needed."""
    return {"name": TwinNames(twin).configuration_layer, "owner": how.owner(twin, recorded=False), **more}


def _found(
    twin: str, gone: Footprint, staying: Footprint, ours: Footprint, how: Removal, roles: Mapping[str, Json]
) -> dict[str, Any]:
    """By the names under which `remove` looks for them."""
    names = TwinNames(twin)

    def owned(name: str, *, recorded: bool, **more: Any) -> Json:
        return {"name": name, "owner": how.owner(twin, recorded=recorded), **more}

    def identity(name: str, *components: str, **more: Any) -> Json:
        return owned(name, recorded=any(each in ours.components for each in components), **more)

    def single(row: Component) -> Json:
        if row.kind == "config-layer":
            return layer(twin, how)
        more = {"retain_data": how.retain_data} if row.kind in _HOLDING else {}
        return identity(row.named(names), _anchor(row.name), **more)

    def stays(sender: str) -> Json:
        name = names.function(sender)
        return {"sender": identity(name, sender), "role": roles[name]} if sender in staying.components else {}

    processors = [owned(names.device_processor(device), recorded=device in ours.devices) for device in gone.devices]
    alarms = [alarm for component, alarm in ALARMS.items() if component in gone.components]
    outboxes = [
        {"identity": identity(names.outbox(sender), queue, retain_data=how.retain_data), **stays(sender)}
        for queue, sender in QUEUES.items()
        if queue in gone.components
    ]
    found = {
        **{row.name: single(row) for row in _SINGLE if _anchor(row.name) in gone.components},
        "device_processors": processors,
        "alarms": identity(names.alarms, *ALARMS, alarms=alarms) if alarms else None,
        "outboxes": outboxes,
        "secrets": [owned(names.secret(each), recorded=each in ours.connections) for each in gone.connections],
        **_renamed(names, gone, staying, identity),
    }
    queued = {*gone.components} & {*how.draining.components} - {*PUBLIC}
    draining = [identity(names.function(name), name) for name in FUNCTIONS if name in queued]
    draining += processors if how.draining.devices else []
    waits = not how.dry_run and (draining or any("sender" in outbox for outbox in outboxes))
    return {name: value for name, value in found.items() if value} | ({"draining": draining} if waits else {})


def _renamed(
    names: TwinNames, gone: Footprint, staying: Footprint, identity: Callable[..., Json]
) -> dict[str, list[Json]]:
    """Roles and dashboards under the names of a scope that goes. What is gone itself takes its present ones along."""
    found: dict[str, list[Json]] = {"roles": [], "dashboards": []}
    for scope in gone.scopes:
        unscoped = {"unscoped": True} if scope == UNSCOPED else {}
        there = gone | staying if unscoped else staying
        kinds = {"roles": "iam-role", "dashboards": "dashboard"}
        for several, kind in kinds.items():
            rows = [row for row in CATALOGUE if row.kind == kind and not row.each]
            rows = [row for row in rows if {*(row.hangs_on or (row.name,))} & {*there.components}]
            found[several] += [identity(row.named(names), *row.hangs_on, row.name, **unscoped) for row in rows]
        found["roles"] += [identity(names.device_processor(device), **unscoped) for device in there.devices]
    return found


def _phase(name: str) -> str:
    """A list of several has no row of its own."""
    row = OF.get(name)
    return row.phase if row else "data" if name in ("outboxes", "secrets", "roles", "dashboards") else "functions"


def _anchor(name: str) -> str:
    """The component with which it goes."""
    return _TOGETHER.get(name, name)


def _apart(parts: Mapping[str, Any]) -> list[Json]:
    """Each part by itself, but what is removed together."""
    found: dict[str, Json] = {}
    for name, value in parts.items():
        found.setdefault(_anchor(name), {})[name] = value
    return list(found.values())
