"""A function that takes several events at a time from the outbox in front of it, an SQS queue, to another cloud.

SQS delivers a message again, up to OUTGOING_ATTEMPTS times, until it is answered as done. Done is an event that the
other cloud has, or that is in the failure queue with its reason. When the function is stopped in the middle, all its
messages come again, and what was delivered before is delivered once more, as the same event.
"""

from __future__ import annotations

import functools
import json
import logging
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from lambda_functions.aws import cloud
from lambda_functions.shared import failure_queue, observability, settings
from lambda_functions.shared.async_handler import Finish
from lambda_functions.shared.envelope import Envelope, new_trace_id, open_envelope
from lambda_functions.shared.errors import Refused, Unavailable
from lambda_functions.shared.port import Invocation, Remaining

Send = Callable[[list[Envelope], Remaining], list[Finish]]
"""Sends the events, in the time that is left; answers how to finish each of them."""

FINISHING_SECONDS = 0.2
"""Kept back for each event, for what comes after sending it."""


@dataclass(frozen=True, eq=False)  # SQS may deliver a message twice at once: each delivery is answered
class _Record:
    id: str
    body: str
    last: bool


def run(event: Mapping[str, Any], context: Invocation, *, layer: str, send: Send) -> dict[str, list[dict[str, str]]]:
    """Handle the messages; answer those that are to come again."""
    records, function, left = _records(event), context.function, context.remaining
    done: set[_Record] = set()
    waiting = [
        (record, envelope) for record in records if (envelope := _opened(record, layer, function, done)) is not None
    ]
    kept_back = FINISHING_SECONDS * len(records)
    try:
        finishes = send([envelope for _, envelope in waiting], lambda: left() - kept_back) if waiting else []
    except Exception as error:  # noqa: BLE001  # the result of each of them
        finishes = [functools.partial(_fail, error)] * len(waiting)
    for (record, envelope), finish in zip(waiting, finishes, strict=True):
        with observability.one_of_several():
            observability.bind_envelope(envelope)
            if _finished(record, envelope, finish if left() >= FINISHING_SECONDS else _no_time, function):
                done.add(record)
    return {"batchItemFailures": [{"itemIdentifier": record.id} for record in records if record not in done]}


def _records(event: Mapping[str, Any]) -> list[_Record]:
    attempts = int(settings.text("OUTGOING_ATTEMPTS") or sys.maxsize)
    return [
        _Record(
            id=record["messageId"],
            body=record["body"],
            last=int(record.get("attributes", {}).get("ApproximateReceiveCount", 1)) >= attempts,
        )
        for record in event["Records"]
    ]


def _opened(record: _Record, layer: str, function: str, done: set[_Record]) -> Envelope | None:
    """The envelope in a message. A message without one is done once it is in the failure queue."""
    trace_id, original = new_trace_id(record.id), record.body
    with observability.one_of_several():
        observability.bind(trace_id=trace_id)
        try:
            original = _event_in(record.body)
            envelope = open_envelope(original, layer=layer, trace_id=trace_id, cloud=cloud.name)
        except Refused as refusal:
            if _kept(refusal, original, function, trace_id):
                done.add(record)
            return None
        observability.bind_envelope(envelope)
        observability.hop("received", "An event arrived.")
        return envelope


def _event_in(body: str) -> Any:
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        raise Refused("message_not_json") from None
    if not isinstance(message, Mapping) or "event" not in message:
        raise Refused("message_without_event")
    return message["event"]


def _finished(record: _Record, envelope: Envelope, finish: Finish, function: str) -> bool:
    """Whether the event is delivered, or in the failure queue."""
    try:
        finish()
    except Refused as refusal:
        return _kept(refusal, envelope.as_dict(), function, envelope.trace_id)
    except Exception as error:  # noqa: BLE001  # whatever it was, the message comes again
        why = observability.describe(error)
        observability.hop("failed", "This attempt broke off.", level=logging.ERROR, reason=why)
        given_up = Refused(type(error).__name__)
        return record.last and _kept(given_up, envelope.as_dict(), function, envelope.trace_id, why)
    return True


def _kept(refusal: Refused, event: Any, function: str, trace_id: str, detail: str = "") -> bool:
    try:
        failure_queue.keep(cloud, refusal, event, function=function, trace_id=trace_id, detail=detail)
    except Exception as error:  # noqa: BLE001  # SQS itself moves it there in the end
        observability.warn("The event is not in the failure queue yet.", reason=observability.describe(error))
        return False
    return True


def _fail(error: Exception) -> NoReturn:
    raise error


def _no_time() -> NoReturn:
    raise Unavailable("No time is left for the last steps with this event.")
