"""What is done with messages in the queue of requests: sorted by request, deferred, given up.

A message that waits stays the same message. It is reported as failed, and Lambda leaves it where it is; SQS shows it
again when its visibility time-out ends. It is never sent again: a function that sends to the queue which triggers it is
a recursive loop, and Lambda stops that after about 16 rounds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any

from deploy_steps.errors import ServiceUnavailable
from deploy_steps.shared.deployment_request import Requested, requested

_BATCH = 10  # SQS: "The request must contain no more than 10 entries"


@dataclass(frozen=True)
class Message:
    """One message as Lambda hands it over, with the times when it was sent and when it was first received."""

    id: str
    body: str
    receipt: str
    sent: datetime
    received: datetime

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Message:
        """Read one of an event's Records."""
        attributes = record["attributes"]
        return cls(
            record["messageId"],
            record["body"],
            record["receiptHandle"],
            _time(attributes["SentTimestamp"]),
            _time(attributes["ApproximateFirstReceiveTimestamp"]),
        )


def by_request(messages: Iterable[Message]) -> tuple[dict[Requested, Message], list[Message]]:
    """For each request its newest message, and those that cannot be read.

    The others of a request ask for the same (eight files that changed are one request): with the newest, they are done.
    """
    newest: dict[Requested, Message] = {}
    unreadable: list[Message] = []
    for message in sorted(messages, key=lambda each: each.sent):
        try:
            request = requested(message.body)
        except (ValueError, KeyError, TypeError):
            unreadable.append(message)
            continue
        if request:
            newest[request] = message
    return newest, unreadable


def defer(sqs: Any, queue: str, pauses: Mapping[Message, timedelta]) -> None:
    """Hide each message for so long from now on.

    Raises ServiceUnavailable when SQS refuses some of them. They come again all the same, by the queue's own time-out.
    """
    entries = [
        {"Id": str(number), "ReceiptHandle": message.receipt, "VisibilityTimeout": ceil(pause.total_seconds())}
        for number, (message, pause) in enumerate(pauses.items())
    ]
    refused: list[str] = []
    for start in range(0, len(entries), _BATCH):
        answer = sqs.change_message_visibility_batch(QueueUrl=queue, Entries=entries[start : start + _BATCH])
        refused += [f"{each['Code']}: {each.get('Message', '')}" for each in answer.get("Failed", ())]
    if refused:
        raise ServiceUnavailable(f"SQS deferred {len(pauses) - len(refused)} of {len(pauses)} messages. {refused[0]}")


def give_up(sqs: Any, undelivered: str, message: Message, why: str) -> None:
    """Put what a message says into the queue of undelivered events, with the reason as an attribute."""
    text = "".join(each if each.isprintable() else " " for each in why)  # SQS refuses control characters
    reason = {"ERROR_MESSAGE": {"DataType": "String", "StringValue": text}}  # named as EventBridge names its own
    sqs.send_message(QueueUrl=undelivered, MessageBody=message.body, MessageAttributes=reason)


def _time(milliseconds: str) -> datetime:
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
