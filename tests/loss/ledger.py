"""What was sent, what was acknowledged, and where each event is: stored, in a failure queue, or nowhere."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from lambda_functions.shared.failure_queue import read as read_failed
from orchestrator.core.names import TwinNames
from orchestrator.operations import failure_queue
from orchestrator.operations.session import Aws
from tests.loss.world import DOUBLED, PLAIN

_BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


def event(number: int) -> dict[str, Any]:
    """The event of that number. `number` travels in it, so that it is known again wherever it turns up."""
    at = _BEGINNING + timedelta(milliseconds=number)
    device = PLAIN if number % 4 else DOUBLED
    time = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"iotDeviceId": device, "time": time, "number": number, "value": number / 8}


def stored_value(number: int) -> float:
    """The value that its item has, processed exactly once."""
    return number / 8 if number % 4 else number / 4


@dataclass(frozen=True)
class Counts:
    """One line of the table.

    `queued` are in the failure queue; `lost` were acknowledged and are neither stored nor there; `twice` have two
    items, `wrong` an item that is not what it should be.
    """

    sent: int = 0
    acknowledged: int = 0
    stored: int = 0
    queued: int = 0
    lost: int = 0
    twice: int = 0
    wrong: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(mine + theirs for mine, theirs in zip(self.row, other.row, strict=True)))

    @property
    def row(self) -> tuple[int, ...]:
        """The numbers in the order of the columns."""
        return self.sent, self.acknowledged, self.stored, self.queued, self.lost, self.twice, self.wrong

    @property
    def sound(self) -> bool:
        """Whether nothing is lost, nothing is there twice, and every item is what it should be."""
        return not (self.lost or self.twice or self.wrong)

    @property
    def complete(self) -> bool:
        """Whether exactly what was acknowledged is stored, and nothing waits in a failure queue."""
        return self.sound and self.stored == self.acknowledged and not self.queued


@dataclass
class Ledger:
    """The events of one scenario, by their numbers."""

    sent: set[int] = field(default_factory=set)
    acknowledged: set[int] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note_sent(self, number: int) -> None:
        """An event is about to be sent for the first time."""
        with self._lock:
            self.sent.add(number)

    def note_acknowledged(self, number: int) -> None:
        """Whoever sent an event has been told that it will not be lost."""
        with self._lock:
            self.acknowledged.add(number)

    def counts(self, aws: Aws, twin: str, elsewhere: Iterable[Mapping[str, Any]] = ()) -> Counts:
        """Find every event. `elsewhere` are the payloads that another cloud keeps because it could not deliver them."""
        items: Counter[int] = Counter()
        wrong = 0
        for item in stored(aws, twin):
            number = int(item["number"])
            items[number] += 1
            wrong += float(item["value"]) != stored_value(number)
        kept = {payload["number"] for payload in (*queued(aws, twin), *elsewhere)}
        return Counts(
            sent=len(self.sent),
            acknowledged=len(self.acknowledged),
            stored=len(items),
            queued=len(kept),
            lost=len(self.acknowledged - items.keys() - kept),
            twice=sum(count > 1 for count in items.values()),
            wrong=wrong,
        )


def stored(aws: Aws, twin: str) -> Iterator[dict[str, Any]]:
    """The items of the hot table."""
    read = TypeDeserializer().deserialize
    pages = aws.client("dynamodb").get_paginator("scan").paginate(TableName=TwinNames(twin).hot_table)
    for page in pages:
        for item in page["Items"]:
            yield {name: read(value) for name, value in item.items()}


def queued(aws: Aws, twin: str) -> list[dict[str, Any]]:
    """The telemetry events in the failure queue, which is left as it was; none where the twin needs no such queue."""
    payloads = []
    with failure_queue.find(aws, twin) as queue:
        while batch := queue.borrow():
            failed = [read_failed(message.body).event for message in batch]
            payloads += [found.get("payload", found) for found in failed]
    return payloads
