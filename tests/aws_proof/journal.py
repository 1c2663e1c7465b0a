"""Reads what the steps of an execution wrote into the journal: their AWS calls, and what had to be tried again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from deploy_steps.registry import KINDS
from orchestrator.operations import log_group
from tests.aws_proof.record import Fault, Wait


@dataclass(frozen=True)
class Steps:
    """What the steps of one execution did. `twin_writes` counts the writes to each resource of the twin."""

    lines: int = 0
    calls: int = 0
    writes: int = 0
    twin_writes: Mapping[str, int] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    waits: tuple[Wait, ...] = ()


def read(logs: Any, group: str, run: str) -> Steps:
    """The lines of one execution (its name), whatever CloudWatch has of them by now."""
    events = log_group.events(logs, group, containing=run)
    found = (log_group.document(each["message"]) for each in events)
    return summary(line for line in found if line is not None and line.get("run") == run)


def summary(lines: Iterable[Mapping[str, Any]]) -> Steps:
    """What a journal's lines come to. A step that failed and then succeeded was tried again by the state machine."""
    every = sorted(lines, key=lambda line: float(line.get("started", 0.0)))
    writes: dict[str, int] = {}
    failures: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    faults, waits = [], []
    for line in every:
        step = tuple(str(line.get(part, "")) for part in ("step", "verb", "name"))
        title = " ".join((step[1], step[0], step[2])).strip()
        if line.get("writes") and step[0] in KINDS:
            name = f"{step[0]} {step[2]}"
            writes[name] = writes.get(name, 0) + int(line["writes"])
        if line.get("outcome") == "failed":
            failures.setdefault(step, []).append(line)
            faults.append(Fault(f"the step {title}", "", str(line.get("error", "")), str(line.get("message", ""))))
        elif failed := failures.pop(step, None):
            seconds = float(line.get("started", 0.0)) - float(failed[0].get("started", 0.0))
            why = f"{failed[0].get('error', '')}: {failed[0].get('message', '')}"
            waits.append(Wait(f"{title} ({why})", len(failed) + 1, seconds))
    return Steps(
        len(every),
        sum(int(line.get("calls", 0)) for line in every),
        sum(int(line.get("writes", 0)) for line in every),
        writes,
        tuple(faults),
        tuple(waits),
    )
