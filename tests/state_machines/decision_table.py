"""Which steps each mapping needs, written down by hand: the measure for the machines, not made from them.

The rows are by which layers are on AWS (`x`); what the other layers are on makes no difference to a route.
"""

from __future__ import annotations

from collections.abc import Iterable

from tests.state_machines.example import EVERYTHING, TWIN, Mapping3

_TABLE = """
L1 L2 L3 | dispatcher connector ingestion processor persister event-checker writer | table rule queue shared
x  x  x  |     x          -         -         x         x          x          -    |   x    x    x      x
x  x  -  |     x          -         -         x         x          x          -    |   -    x    x      x
x  -  x  |     x          x         -         -         -          -          x    |   x    x    x      x
x  -  -  |     x          x         -         -         -          -          -    |   -    x    x      x
-  x  x  |     -          -         x         x         x          x          -    |   x    -    x      x
-  x  -  |     -          -         x         x         x          x          -    |   -    -    x      x
-  -  x  |     -          -         -         -         -          -          x    |   x    -    -      x
-  -  -  |     -          -         -         -         -          -          -    |   -    -    -      -
"""

FUNCTIONS = ("dispatcher", "connector", "ingestion", "processor", "persister", "event-checker", "writer")
PUBLIC = ("ingestion", "writer")
SENDERS = ("connector", "persister")

Group = frozenset[str]


def marked(mapping: Mapping3) -> Group:
    """The columns that a mapping needs."""
    heading, *rows = (line.replace("|", "").split() for line in _TABLE.strip().splitlines())
    wanted = ["x" if provider == "aws" else "-" for provider in mapping]
    row = next(row for row in rows if row[:3] == wanted)
    return frozenset(column for column, mark in zip(heading[3:], row[3:], strict=True) if mark == "x")


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
    if "shared" not in needed:
        return []
    shared = {f"create-log-group /gluecode/{TWIN}", f"create-config-layer {TWIN}-configuration"}
    shared |= {f"create-failure-queue {TWIN}-failures"} if "queue" in needed else set()
    shared |= {f"create-outbox {TWIN}-{gathering}"} if gathering else set()
    shared |= {f"create-alarms {TWIN}", f"create-dashboard {TWIN}-dashboard"}
    shared |= {f"create-secret {TWIN}/{connection}" for connection in connections}
    shared |= {f"create-hot-table {TWIN}-hot-iot-data"} if "table" in needed else set()
    shared |= {f"create-iam-role {TWIN}-{name}" for name in FUNCTIONS if name in needed}
    shared |= {f"create-iam-role {TWIN}-trigger"} if "rule" in needed else set()
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
    groups += [rule] if "rule" in needed else []
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
    if "rule" not in needed:
        groups += [{f"destroy-iot-rule {TWIN}_trigger_dispatcher"}, {f"destroy-iam-role {TWIN}-trigger"}]
    groups += [_unmade("ingestion")] if "ingestion" in gone else []
    groups += [{f"drain-function {TWIN}-{name}" for name in (*gone, *processors) if name not in PUBLIC}]
    groups += [_unmade(name) for name in ("dispatcher", "connector") if name in gone]
    groups += [set[str]().union(*map(_unmade, processors))]
    groups += [_unmade(name) for name in ("processor", "persister", "event-checker", "writer") if name in gone]
    # Every mapping with anything on AWS has some alarm, and only one with both a queue and a URL has all of them.
    every_alarm = "queue" in needed and bool(set(PUBLIC) & needed)
    watching = [
        set() if every_alarm else {f"destroy-alarms {TWIN}"},
        set() if "shared" in needed else {f"destroy-dashboard {TWIN}-dashboard"},
    ]
    table = set() if "table" in needed else {f"destroy-hot-table {TWIN}-hot-iot-data"}
    outgoing = {f"destroy-outbox {TWIN}-{sender}" for sender in queues}
    for sender in queues & needed:  # it loses what runs it, and its right
        outgoing |= {f"destroy-event-source {TWIN}-{sender}", f"create-iam-role {TWIN}-{sender}"}
    layer = {f"destroy-config-layer {TWIN}-configuration"}
    shared = [
        outgoing,
        set() if "queue" in needed else {f"destroy-failure-queue {TWIN}-failures"},
        set() if "shared" in needed else {f"destroy-log-group /gluecode/{TWIN}"},
        set() if "shared" in needed else layer,
        {f"destroy-secret {TWIN}/{connection}" for connection in leaving},
        layer if "shared" in needed else set(),  # of what is still read, the superseded versions
    ]
    groups += [*watching, table, *shared]
    return [frozenset(group) for group in groups if group]


def inspected(mapping: Mapping3, connections: Iterable[str], *, batching: bool = False) -> list[str]:
    """The steps of inspecting a twin that once had everything: one comparison, and a dry removal of what is not needed.

    A dry removal drains nothing; older versions of a configuration that is still read are no finding.
    """
    leaving = set(EVERYTHING.connections) - set(connections)
    removed = [step for group in down(mapping, leaving, batching=batching) for step in group]
    still = ("drain-function", *(("destroy-config-layer",) if "shared" in marked(mapping) else ()))
    return ["load-twin", "compare-twin", "list-findings", *(step for step in removed if not step.startswith(still))]


def _made(function: str) -> set[str]:
    name = f"{TWIN}-{function}"
    kinds = ["create-function"]
    kinds += (
        ["create-function-url", "create-permissions", "prove-url"] if function in PUBLIC else ["create-invoke-config"]
    )
    kinds += ["create-permissions"] if function == "dispatcher" else []
    return {f"{kind} {name}" for kind in kinds}


def _unmade(function: str) -> set[str]:
    kinds = ["function-url", "permissions", "invoke-config", "function", "iam-role"]
    kinds += ["event-source"] if function in SENDERS else []
    return {f"destroy-{kind} {TWIN}-{function}" for kind in kinds}
