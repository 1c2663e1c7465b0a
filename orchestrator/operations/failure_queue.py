"""Borrows messages from a twin's failure queue: what is not taken out on purpose is back in it at the end."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from orchestrator.core.errors import GluecodeError
from orchestrator.core.names import TwinNames

HOLD_SECONDS = 120
"""How long a borrowed message stays hidden if nobody gives it back: as long as a killed command blocks it."""

_BATCH = 10  # the most that one SQS call takes
_LONG_POLL_SECONDS = 1  # a short poll asks only some of SQS's servers, and can come back empty from a full queue


@dataclass(frozen=True)
class Message:
    """One message as it lies in the queue."""

    id: str
    body: str
    sent_at: datetime


class FailureQueue:
    """A queue whose messages are borrowed. Use it as a context manager: its end gives back what is still held.

    Inside the block `opened_at` is when it began by SQS's own clock, and `estimate` about how many messages were there.
    """

    opened_at: datetime
    estimate: int

    def __init__(
        self, sqs: Any, url: str, *, hold_seconds: int = HOLD_SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.name = url.rpartition("/")[2]
        self._sqs = sqs
        self._url = url
        self._hold_seconds = hold_seconds
        self._clock = clock
        self._seen: set[str] = set()
        self._receipts: dict[str, str] = {}
        self._renewed_at = clock()

    @property
    def renew_seconds(self) -> float:
        """How often `renew` wants to be called while there is work."""
        return self._hold_seconds / 4

    def borrow(self, most: int = _BATCH) -> list[Message]:
        """Up to `most` messages (never more than ten) that were not borrowed before; none when there are no more."""
        self.renew()
        while True:
            answer = self._sqs.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=min(most, _BATCH),
                VisibilityTimeout=self._hold_seconds,
                WaitTimeSeconds=_LONG_POLL_SECONDS,
                MessageSystemAttributeNames=["SentTimestamp"],
            )
            found = {message["MessageId"]: message for message in answer.get("Messages", [])}
            # SQS may deliver a message twice; the latest receipt is the one that counts.
            self._receipts |= {message_id: message["ReceiptHandle"] for message_id, message in found.items()}
            fresh = [_read(message) for message_id, message in found.items() if message_id not in self._seen]
            self._seen |= found.keys()
            if fresh or not found:
                return fresh

    def renew(self) -> None:
        """Keep what is held hidden, if it is time to. One that SQS shows again meanwhile is merely borrowed again."""
        if self._clock() - self._renewed_at >= self.renew_seconds:
            self._renewed_at = self._clock()
            self._hide(self._receipts, self._hold_seconds)

    def remove(self, messages: Iterable[Message]) -> set[str]:
        """Take messages out for good. Returns the ids of those that SQS did not remove; they are still held."""
        held = {message.id: self._receipts[message.id] for message in messages}
        failed: set[str] = set()
        for batch, entries in _batches(held):
            answer = self._sqs.delete_message_batch(QueueUrl=self._url, Entries=entries)
            failed |= {batch[int(entry["Id"])] for entry in answer.get("Failed", [])}
        for message_id in held.keys() - failed:
            del self._receipts[message_id]
        return failed

    def __enter__(self) -> FailureQueue:
        asked = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["ApproximateNumberOfMessages"])
        self.estimate = int(asked["Attributes"]["ApproximateNumberOfMessages"])  # lags by up to a minute
        self.opened_at = _answered_at(asked)
        return self

    def __exit__(self, _type: type[BaseException] | None, _error: object, _trace: TracebackType | None) -> None:
        held, self._receipts = self._receipts, {}
        with suppress(BotoCoreError, ClientError):  # then SQS shows them again by itself, after HOLD_SECONDS
            self._hide(held, 0)

    def _hide(self, held: dict[str, str], seconds: int) -> None:
        for _, entries in _batches(held, VisibilityTimeout=seconds):
            self._sqs.change_message_visibility_batch(QueueUrl=self._url, Entries=entries)


def find(aws: Any, twin: str) -> FailureQueue:
    """The failure queue of a twin. Raises GluecodeError when there is none."""
    sqs, name = aws.client("sqs"), TwinNames(twin).failure_queue
    try:
        return FailureQueue(sqs, sqs.get_queue_url(QueueName=name)["QueueUrl"])
    except sqs.exceptions.QueueDoesNotExist:
        raise GluecodeError(
            f"There is no failure queue '{name}' here.",
            "A twin has one when its L1 or L2 is on AWS. Check the twin's name, the account and the region.",
        ) from None


def _read(message: dict[str, Any]) -> Message:
    sent = datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000, UTC)
    return Message(message["MessageId"], message["Body"], sent)


def _answered_at(answer: dict[str, Any]) -> datetime:
    """When SQS answered, to the end of that second: a message that was sent later was sent after the answer."""
    date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    whole_second = email.utils.parsedate_to_datetime(date) if date else datetime.now(UTC)
    return whole_second + timedelta(seconds=1)


def _batches(held: Mapping[str, str], **more: Any) -> Iterator[tuple[list[str], list[dict[str, Any]]]]:
    """The ids of as many messages as one call takes, and what it is given for each: the receipt, and `more`."""
    ids = list(held)
    for start in range(0, len(ids), _BATCH):
        batch = ids[start : start + _BATCH]
        yield batch, [{"Id": str(n), "ReceiptHandle": held[each], **more} for n, each in enumerate(batch)]
