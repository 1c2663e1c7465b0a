"""What each mapping needs, written down by hand: the measure for the catalogue and the machines, not made from them.

The rows are by which layers are on AWS (`x`); what the other layers are on makes no difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.state_machines.example import EVERYTHING, TWIN, Mapping3

_TABLE = """
L1 L2 L3 | R I D C P S E W | f r u b | T Q L K
x  x  x  | x - x - x x x - | x - - x | x x x x
x  x  -  | x - x - x x x - | x - - x | - x x x
x  -  x  | x - x x - - - x | x x x x | x x x x
x  -  -  | x - x x - - - - | x - - x | - x x x
-  x  x  | - x - - x x x - | x x x x | x x x x
-  x  -  | - x - - x x x - | x x x x | - x x x
-  -  x  | - - - - - - - x | - x x x | x - x x
-  -  -  | - - - - - - - - | - - - - | - - - -
"""
COLUMNS = {
    "R": "iot_rule",
    "I": "ingestion",
    "D": "dispatcher",
    "C": "connector",
    "P": "processor",
    "S": "persister",
    "E": "event_checker",
    "W": "writer",
    "f": "failed_events_alarm",
    "r": "refused_requests_alarm",
    "u": "url_requests_alarm",
    "b": "dashboard",
    "T": "hot_table",
    "Q": "failure_queue",
    "L": "log_group",
    "K": "configuration_layer",
}
"""The component of each column, from what is removed first to what is removed last."""
DATA = tuple(COLUMNS.values())[list(COLUMNS).index("T") :]
"""What no rollback brings back once it is removed."""


@dataclass(frozen=True)
class Single:
    """A component with a step of its own to make it and one to remove it: its kind, and its name."""

    kind: str
    name: str


SINGLES = {
    "dashboard": Single("dashboard", f"{TWIN}-dashboard"),
    "hot_table": Single("hot-table", f"{TWIN}-hot-iot-data"),
    "failure_queue": Single("failure-queue", f"{TWIN}-failures"),
    "log_group": Single("log-group", f"/gluecode/{TWIN}"),
    "configuration_layer": Single("config-layer", f"{TWIN}-configuration"),
}
FUNCTIONS = ("dispatcher", "connector", "ingestion", "processor", "persister", "event_checker", "writer")
ALARMS = frozenset({"failed_events_alarm", "refused_requests_alarm", "url_requests_alarm"})
"""All alarms of a twin are made in one step, and removed in one."""
PUBLIC = ("ingestion", "writer")
SENDERS = ("connector", "persister")

Group = frozenset[str]


def rows() -> dict[tuple[bool, ...], Group]:
    """The components of each row, by which layers are on AWS."""
    heading, *lines = (line.replace("|", "").split() for line in _TABLE.strip().splitlines())
    return {
        tuple(mark == "x" for mark in line[:3]): frozenset(
            COLUMNS[column] for column, mark in zip(heading[3:], line[3:], strict=True) if mark == "x"
        )
        for line in lines
    }


def marked(mapping: Sequence[str]) -> Group:
    """The components that a mapping needs, with event checking and without batching."""
    return rows()[tuple(provider == "aws" for provider in mapping)]


def batcher(mapping: Mapping3) -> str:
    """The function that sends to another cloud, if one does: with batching it has a queue in front of it."""
    l1, l2, l3 = (provider == "aws" for provider in mapping)
    return "connector" if l1 and not l2 else "persister" if l2 and not l3 else ""


def up(mapping: Mapping3, connections: Iterable[str], *, in_use: bool = True, batching: bool = False) -> list[Group]:
    """The steps that bring the mapping up, in groups: each step of a group comes after every step of the one before.

    A dispatcher that is `in_use` already waits until what it hands on to is there; nothing reaches a new one yet.
    """
    gathering = batcher(mapping) if batching else ""
    needed = marked(mapping)
    if not needed:
        return []
    shared = {f"create-{one.kind} {one.name}" for component, one in SINGLES.items() if component in needed}
    shared |= {f"create-outbox {TWIN}-{gathering}"} if gathering else set()
    shared |= {f"create-alarms {TWIN}"} if needed & ALARMS else set()
    shared |= {f"create-secret {TWIN}/{connection}" for connection in connections}
    shared |= {f"create-iam-role {_named(name)}" for name in FUNCTIONS if name in needed}
    shared |= {f"create-iam-role {TWIN}-trigger"} if "iot_rule" in needed else set()
    entrances = {"dispatcher", "ingestion"} if in_use else {"ingestion"}
    behind = set[str]().union(*(_made(name) for name in FUNCTIONS if name in needed - entrances))
    behind |= {f"create-event-source {TWIN}-{gathering}"} if gathering else set()
    if "processor" in needed:
        device = f"{TWIN}-press-processor"
        behind |= {f"build-processor-package {device}", f"create-iam-role {device}"} | _made("press-processor")
    groups = [shared, behind]
    groups += [_made(name) for name in ("dispatcher", "ingestion") if name in needed & entrances]
    rule = {f"create-iot-rule {TWIN}_trigger_dispatcher"}
    rule |= set() if in_use else {f"info-permissions {TWIN}-dispatcher"}
    groups += [rule] if "iot_rule" in needed else []
    return [frozenset(group) for group in groups if group]


def down(mapping: Mapping3, leaving: Iterable[str], *, batching: bool = False) -> list[Group]:
    """The steps that remove what the mapping does not need, when everything that a twin can have was there.

    `leaving` are the connections that it does not have. The device `lathe` has no code of its own any more.
    """
    queues = set(SENDERS) - ({batcher(mapping)} if batching else set())
    needed = marked(mapping)
    gone = [name for name in FUNCTIONS if name not in needed]
    processors = ["lathe-processor", *(["press-processor"] if "processor" in gone else [])]
    groups: list[set[str]] = []
    if "iot_rule" not in needed:
        groups += [{f"destroy-iot-rule {TWIN}_trigger_dispatcher"}, {f"destroy-iam-role {TWIN}-trigger"}]
    groups += [_unmade("ingestion")] if "ingestion" in gone else []
    groups += [{f"drain-function {_named(name)}" for name in (*gone, *processors) if name not in PUBLIC}]
    groups += [_unmade(name) for name in ("dispatcher", "connector") if name in gone]
    groups += [set[str]().union(*map(_unmade, processors))]
    groups += [_unmade(name) for name in ("processor", "persister", "event_checker", "writer") if name in gone]
    groups += [set() if needed >= ALARMS else {f"destroy-alarms {TWIN}"}]
    outgoing = {f"destroy-outbox {TWIN}-{sender}" for sender in queues}
    for sender in queues & needed:  # it loses what runs it, and its right
        outgoing |= {f"destroy-event-source {TWIN}-{sender}", f"create-iam-role {TWIN}-{sender}"}
    for component in (each for each in COLUMNS.values() if each in SINGLES):
        one = SINGLES[component]
        groups += [set() if component in needed else {f"destroy-{one.kind} {one.name}"}]
        groups += [outgoing] if component == "hot_table" else []
    layer = SINGLES["configuration_layer"]
    groups += [{f"destroy-secret {TWIN}/{connection}" for connection in leaving}]
    groups += [{f"destroy-{layer.kind} {layer.name}"} if needed else set()]  # of what is still read, older versions
    return [frozenset(group) for group in groups if group]


def inspected(mapping: Mapping3, connections: Iterable[str], *, batching: bool = False) -> list[str]:
    """The steps of inspecting a twin that once had everything: one comparison, and a dry removal of what is not needed.

    A dry removal drains nothing; older versions of a configuration that is still read are no finding.
    """
    leaving = set(EVERYTHING.connections) - set(connections)
    removed = [step for group in down(mapping, leaving, batching=batching) for step in group]
    still = ("drain-function", *(("destroy-config-layer",) if marked(mapping) else ()))
    return ["load-twin", "compare-twin", "list-findings", *(step for step in removed if not step.startswith(still))]


def _named(function: str) -> str:
    return f"{TWIN}-{function.replace('_', '-')}"


def _made(function: str) -> set[str]:
    name = _named(function)
    kinds = ["create-function"]
    kinds += (
        ["create-function-url", "create-permissions", "prove-url"] if function in PUBLIC else ["create-invoke-config"]
    )
    kinds += ["create-permissions"] if function == "dispatcher" else []
    return {f"{kind} {name}" for kind in kinds}


def _unmade(function: str) -> set[str]:
    kinds = ["function-url", "permissions", "invoke-config", "function", "iam-role"]
    kinds += ["event-source"] if function in SENDERS else []
    return {f"destroy-{kind} {_named(function)}" for kind in kinds}
