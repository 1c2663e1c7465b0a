"""Everything that a twin can consist of, one row each: the mapping, the plan, removal, comparison, grants and docs
derive from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Literal

from orchestrator.core.names import Installation, TwinNames
from orchestrator.core.placement import Placement

_ARNS: dict[str, Callable[[Installation, str], str]] = {
    "alarms": Installation.alarm_arn,
    "config-layer": Installation.layer_arn,
    "dashboard": Installation.dashboard_arn,
    "event-source": lambda here, _: here.event_source_arn("*"),  # Lambda gives it a number for its name
    "failure-queue": Installation.queue_arn,
    "function": Installation.function_arn,
    "function-url": Installation.function_arn,
    "hot-table": Installation.table_arn,
    "iam-role": Installation.twin_role_arn,
    "invoke-config": Installation.function_arn,
    "iot-rule": Installation.rule_arn,
    "log-group": Installation.log_group_arn,
    "outbox": Installation.queue_arn,
    "permissions": Installation.function_arn,
    "secret": Installation.secret_arn,
}
"""The ARN of a thing of each kind, from its name. Secrets Manager adds six characters to a secret's."""

Needed = Callable[[Placement], bool]


@dataclass(frozen=True)
class Function:
    """What does not depend on the mapping. A public function is called over a URL, the others are invoked
    asynchronously. One that `sends` to another cloud has an outbox in front of it where events share requests.
    """

    timeout_seconds: int
    description: str
    public: bool = False
    sends: bool = False


@dataclass(frozen=True)
class Component:
    """One row.

    `kind` is the kind of resource, `layer` the tag. `named` gives its name from TwinNames; where a twin has one for
    `each` device or connection, from that one's id too. What it `hangs_on` are components: they are there before it,
    and it goes with the first of them. A `part` of a function is under that key in the function's plan.

    Events come in by an `entrance`. What is in the phase `data` is removed past the point of no return.
    """

    name: str
    kind: str
    layer: str
    needed: Needed
    named: Callable[..., str]
    phase: Literal["functions", "data"] = "functions"
    entrance: bool = False
    function: Function | None = None
    hangs_on: tuple[str, ...] = ()
    part: str = ""
    each: Literal["", "device", "connection"] = ""

    def arn(self, installation: Installation, twin: TwinNames, *each: str) -> str:
        """Its ARN; `each` is the id of the device or the connection. A twin's name may be a pattern, for policies."""
        return _ARNS[self.kind](installation, self.named(twin, *each))

    @property
    def plan_key(self) -> str:
        """Where the plan has its spec: all alarms are one spec, and a twin has at most one outbox."""
        return self.kind if self.kind in ("alarms", "outbox") else self.name

    @property
    def handler(self) -> str:
        """What Lambda calls. A device's own processor is the default one with other code beside it."""
        return f"lambda_functions.{'processor' if self.each else self.name}.handler.lambda_handler"


def _function(
    name: str,
    layer: str,
    needed: Needed,
    function: Function,
    *,
    entrance: bool = False,
    named: Callable[..., str] | None = None,
    each: Literal["", "device"] = "",
) -> Iterator[Component]:
    """A function's row, and one for each resource that hangs on it. All have the same name."""
    named = named or (lambda twin: twin.function(name))
    yield Component(name, "function", layer, needed, named, entrance=entrance, function=function, each=each)
    by = {"url": "function-url"} if function.public else {"invoke_config": "invoke-config"}
    for part, kind in {"role": "iam-role", "permissions": "permissions", **by}.items():
        yield Component(f"{name}_{part}", kind, layer, needed, named, hangs_on=(name,), part=part, each=each)
    if function.sends:
        both, parents = (lambda on: needed(on) and OF[_queue(name)].needed(on)), (name, _queue(name))
        yield Component(f"{name}_source", "event-source", layer, both, named, hangs_on=parents, part="event_source")


def _queue(sender: str) -> str:
    return f"{sender}_queue"


def _asynchronous(on: Placement) -> bool:  # the writer's caller waits for its answer
    return on.l1 or on.l2


def _public(on: Placement) -> bool:  # another cloud calls a function here
    return (on.l2 and not on.l1) or (on.l3 and not on.l2)


def _alarm(alarm: str, needed: Needed) -> Component:
    name, named = f"{alarm.replace('-', '_')}_alarm", lambda twin: twin.alarm(alarm)
    return Component(name, "alarms", "shared", lambda on: on.watch.alarms and needed(on), named)


def _outbox(sender: str, layer: str, needed: Needed) -> Component:
    batching, named = (lambda on: on.batching and needed(on)), (lambda twin: twin.outbox(sender))
    return Component(_queue(sender), "outbox", layer, batching, named, "data")


def _single(name: str, kind: str, layer: str, needed: Needed, phase: Literal["functions", "data"]) -> Component:
    """A row whose name in TwinNames is its own."""
    return Component(name, kind, layer, needed, attrgetter(name), phase)


# A sender's four attempts, with 1, 2 and 4 seconds between them, fit a minute. A public function's caller waits for it.
_DISPATCHER = Function(15, "Passes each device's telemetry on to where L2 runs.")
_CONNECTOR = Function(60, "Sends telemetry to the Ingestion function on another cloud.", sends=True)
_INGESTION = Function(15, "Takes in telemetry from the Connector on another cloud.", public=True)
_PROCESSOR = Function(30, "Processes telemetry.")
_STORES_OR_SENDS = "Stores telemetry in the hot table, or sends it to the Writer on another cloud."
_PERSISTER = Function(60, _STORES_OR_SENDS, sends=True)
_EVENT_CHECKER = Function(30, "Starts the actions of the events whose condition holds.")
_WRITER = Function(15, "Stores telemetry from the Persister on another cloud.", public=True)

CATALOGUE: tuple[Component, ...] = (
    Component("iot_rule", "iot-rule", "L1", lambda on: on.l1, attrgetter("iot_rule"), entrance=True),
    Component("iot_role", "iam-role", "L1", lambda on: on.l1, attrgetter("iot_role"), hangs_on=("iot_rule",)),
    *_function("dispatcher", "L1", lambda on: on.l1, _DISPATCHER),
    *_function("connector", "L1", lambda on: on.l1 and not on.l2, _CONNECTOR),
    *_function("ingestion", "L2", lambda on: on.l2 and not on.l1, _INGESTION, entrance=True),
    *_function("device_processor", "L2", lambda on: on.l2, _PROCESSOR, named=TwinNames.device_processor, each="device"),
    *_function("processor", "L2", lambda on: on.l2, _PROCESSOR),
    *_function("persister", "L2", lambda on: on.l2, _PERSISTER),
    *_function("event_checker", "L2", lambda on: on.l2 and on.event_checking, _EVENT_CHECKER),
    *_function("writer", "L3", lambda on: on.l3 and not on.l2, _WRITER),
    _alarm("failed-events", _asynchronous),
    _alarm("refused-requests", _public),
    _alarm("url-requests", _public),
    _single("dashboard", "dashboard", "shared", lambda on: on.any and on.watch.dashboards, "functions"),
    _single("hot_table", "hot-table", "L3", lambda on: on.l3, "data"),
    _outbox("connector", "L1", lambda on: on.l1 and not on.l2),
    _outbox("persister", "L2", lambda on: on.l2 and not on.l3),
    _single("failure_queue", "failure-queue", "shared", _asynchronous, "data"),
    _single("log_group", "log-group", "shared", lambda on: on.any, "data"),
    _single("configuration_layer", "config-layer", "shared", lambda on: on.any, "data"),
    Component(
        "secret",
        "secret",
        "shared",
        lambda on: on.l1 != on.l2 or on.l2 != on.l3,
        TwinNames.secret,
        "data",
        each="connection",
    ),
)
"""In the order in which an event can pass the functions, and then from what is removed first to what is removed last.
A connector's and a persister's events leave AWS, and an ingestion's and a writer's come from another cloud.
"""

OF = {row.name: row for row in CATALOGUE}
"""Each row by its name."""

COMPONENTS = tuple(row.name for row in CATALOGUE if not row.hangs_on and not row.each)
"""What the record lists by name. Devices' own processors and secrets are not among it: the configuration decides how
many there are.
"""

SHAPES = {row.name: row.function for row in CATALOGUE if row.function}
"""What does not depend on the mapping, of each function."""

FUNCTIONS = tuple(name for name in COMPONENTS if name in SHAPES)
"""The functions of a twin, in the order in which an event can pass them."""

PUBLIC = tuple(name for name in FUNCTIONS if SHAPES[name].public)
"""Those that another cloud calls over a URL; the others are invoked asynchronously."""

SENDERS = tuple(name for name in FUNCTIONS if SHAPES[name].sends)
"""Those that can send to another cloud, and then can work off a queue of what waits to be sent."""

QUEUES = {_queue(sender): sender for sender in SENDERS}
"""The components that are outboxes, and the function that works each off. No mapping needs both."""

ALARMS = {name: name.removesuffix("_alarm").replace("_", "-") for name in COMPONENTS if OF[name].kind == "alarms"}
"""The components that are alarms, and the ends of their names. They are made and removed together, in one step."""

PARTS = {"function": "function"} | {row.part: row.kind for row in CATALOGUE if row.part}
"""What a function's plan consists of, and the kind of each part."""

OF_ANY_FUNCTION = frozenset({"function"} | {row.kind for row in CATALOGUE if row.part and len(row.hangs_on) == 1})
"""The kinds that deploying or removing a function can come to. An event source has a step of its own."""

REMOVAL = tuple(sorted((row for row in CATALOGUE if not row.hangs_on), key=lambda row: not row.entrance))
"""The order in which a twin is taken down: entrances first, then what an event passes next, data last. What hangs on a
component goes with it.
"""


def needed(here: Placement) -> frozenset[str]:
    """The components that a placement puts on AWS; none at all is a valid answer."""
    return frozenset(name for name in COMPONENTS if OF[name].needed(here))


def rows_of(kind: str) -> tuple[Component, ...]:
    """Everything of one kind of resource that a twin can consist of."""
    return tuple(row for row in CATALOGUE if row.kind == kind)
