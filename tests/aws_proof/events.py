"""Sends events into the twin by `gluecode send`, looks for them in its table, and keeps a slow flow of them going."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from orchestrator.core.names import TwinNames
from tests.aws_proof.gluecode import CommandFailed
from tests.aws_proof.stage import DidNotCome, Stage

Event = dict[str, Any]
Key = tuple[str, str]

PRESS, OVEN, CONVEYOR = "press-1", "oven-1", "conveyor-1"
"""The devices of the example project. The oven has a process.py of its own, which makes °C of °F."""

_numbers = itertools.count(1)


def event(device: str) -> Event:
    """An event of a time that no other one of this run has."""
    value = {PRESS: {"force": 900.0 + next(_numbers)}, OVEN: {"temperature": 392.0}, CONVEYOR: {"speed": 1.5}}[device]
    now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return {"iotDeviceId": device, "time": now, **value}


def key(sent: Event) -> Key:
    """What tells an event from every other."""
    return sent["iotDeviceId"], sent["time"]


def stored(stage: Stage) -> dict[Key, dict[str, Any]]:
    """What is in the table."""
    found = stage.account.found(
        "dynamodb", "scan", "Items[]", TableName=TwinNames(stage.names.twin).hot_table, ConsistentRead=True
    )
    return {(item["iotDeviceId"]["S"], item["id"]["S"]): item for item in found}


def deliver(stage: Stage, sent: Event) -> str:
    """Send an event and wait until it is stored; send it again if it gets lost. Returns the trace id of the last one.

    A topic rule that is seconds old may not see the first messages. How often it was sent is written down.
    """
    device = sent["iotDeviceId"]
    for number, seconds in enumerate(stage.patience.sending, 1):
        trace_id = stage.gluecode.done("send", stage.names.twin, json.dumps(sent))["trace_id"]
        there = stage.until(
            f"the event of {device} to be stored",
            lambda: True if key(sent) in stored(stage) else None,
            seconds,
        )
        if there:
            stage.act.expect(number == 1, f"the event of {device} had to be sent {number} times until it was stored")
            return str(trace_id)
    raise DidNotCome(f"The event of {device} was not stored; the last trace id is {trace_id}.")


def settle(stage: Stage, sent: Iterable[Event]) -> set[Key]:
    """Wait until all these events are stored, and replay what is not by then. Returns what is still missing."""
    wanted = {key(each) for each in sent}

    def all_there() -> bool | None:
        return True if wanted <= stored(stage).keys() else None

    if not stage.until(f"{len(wanted)} events of the flow to be stored", all_there, stage.patience.event):
        missing = wanted - stored(stage).keys()
        stage.act.expect(False, f"{len(missing)} events of the flow were not stored by themselves; replaying")
        stage.gluecode.run("replay", stage.names.twin)
        stage.until("replayed events to be stored", all_there, stage.patience.event)
    return wanted - stored(stage).keys()


@dataclass
class Flow:
    """Sends an event every few seconds, inside the block, in a thread. `sent` are those that AWS has accepted."""

    stage: Stage
    sent: list[Event] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="flow", daemon=True)

    def __enter__(self) -> Flow:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Send no more. May be called again."""
        if self._stop.is_set():
            return
        self._stop.set()
        self._thread.join(120)
        for line in self.refused:
            self.stage.act.expect(False, f"an event of the flow was not accepted: {line}")

    def _work(self) -> None:
        while not self._stop.is_set():
            made = event(PRESS)
            said = self.stage.gluecode.run("send", self.stage.names.twin, json.dumps(made), quiet=True)
            if said.code == 0:
                self.sent.append(made)
            else:
                self.refused.append(str(CommandFailed(said)))
            self._stop.wait(self.stage.patience.between_events)
