"""The twin's failure queue: what a function puts there, and everything in it read into one shape.

There are four kinds of documents:

what a function put there itself, because the event will never be accepted as it is, or was tried often enough:
    {"reason": "remote_400", "function": "twin-connector", "trace_id", "event": <original envelope>, "failed_at"}
    and "detail", a sentence on the last attempt, where there was more than one
what Lambda put there, because every attempt of a function failed:
    {"requestContext": {"functionArn", "requestId", "condition"}, "requestPayload", "responsePayload", "timestamp"}
what the IoT rule put there, because it could not reach the dispatcher:
    {"ruleName", "topic", "base64OriginalPayload", "failures": [{"failedAction", "failedResource", "errorMessage"}]}
what SQS moved there from an outbox (a queue of events for another cloud), because their function never answered:
    {"function": "twin-connector", "event": <envelope>}

Reading is pure: it makes no call. An event is replayed by an asynchronous invocation of `function` with `event`.
"""

from __future__ import annotations

import base64
import binascii
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from lambda_functions.shared import observability
from lambda_functions.shared.envelope import as_trace_id, now, trace_id_in
from lambda_functions.shared.errors import GluecodeError, Refused
from lambda_functions.shared.port import Cloud

Origin = Literal["function", "lambda", "iot-rule", "outbox"]

NOT_DELIVERED = "not_delivered"


class NotAFailedEvent(GluecodeError):  # says what the message is
    """The message is not one of the four kinds. The text says what is missing."""


@dataclass(frozen=True)
class FailedEvent:
    """One event that failed for good.

    `function` is the name of the function to replay it with; `event` is what that function is invoked with (an
    envelope, or a device's own message). `trace_id` is None where the event had not yet been given one. `failed_at` is
    ISO 8601, or None for an IoT rule and an outbox, which do not say. `detail` is a sentence for people, where
    there is one.
    """

    origin: Origin
    reason: str
    function: str
    trace_id: str | None
    event: Any
    failed_at: str | None
    detail: str = ""


def keep(cloud: Cloud, refusal: Refused, event: Any, *, function: str, trace_id: str, detail: str = "") -> None:
    """Put a refused event into the queue. An event that was tried often enough has a `detail`.

    An error would only make the cloud try again what is known to be useless. Where there is no queue, or the queue does
    not take the event, an error is raised all the same, and the cloud's own on-failure destination gets the event.
    """
    kept = put(cloud, event, reason=refusal.reason, function=function, trace_id=trace_id, detail=detail)
    observability.hop(
        "refused",
        "The event was tried often enough." if detail else "The event will not be accepted as it is.",
        level=logging.WARNING,
        reason=refusal.reason,
        to="failure-queue" if kept else "lambda",
    )
    if not kept:
        raise refusal


def put(cloud: Cloud, event: Any, *, reason: str, function: str, trace_id: str, detail: str = "") -> bool:
    """Put one failed event into the queue. False when there is none."""
    return cloud.keep_failure(
        document(reason=reason, function=function, trace_id=trace_id, event=event, failed_at=now(), detail=detail)
    )


def document(
    *, reason: str, function: str, trace_id: str, event: Any, failed_at: str, detail: str = ""
) -> dict[str, Any]:
    """The document that a function itself puts into the queue."""
    made = {"reason": reason, "function": function, "trace_id": trace_id, "event": event, "failed_at": failed_at}
    return {**made, "detail": detail} if detail else made


def read(body: str) -> FailedEvent:
    """Read the body of a message from the failure queue. Raises NotAFailedEvent."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise NotAFailedEvent("The message is not JSON.") from None
    if not isinstance(found, Mapping):
        raise NotAFailedEvent("The message is not an object.")
    try:
        failed = _reader(found)(found)
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise NotAFailedEvent(f"The message lacks something: {type(error).__name__}: {error}.") from error
    if not isinstance(failed.function, str) or not failed.function:
        raise NotAFailedEvent("The message names no function to give the event back to.")
    return failed


def _reader(found: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], FailedEvent]:
    if "requestContext" in found:
        return _from_lambda
    if "base64OriginalPayload" in found:
        return _from_iot_rule
    return _from_outbox if set(found) == {"function", "event"} else _from_function


def _from_function(found: Mapping[str, Any]) -> FailedEvent:
    return FailedEvent(
        origin="function",
        reason=found["reason"],
        function=found["function"],
        trace_id=as_trace_id(found["trace_id"]),
        event=found["event"],
        failed_at=found["failed_at"],
        detail=found.get("detail") or "",
    )


def _from_outbox(found: Mapping[str, Any]) -> FailedEvent:
    return FailedEvent(
        origin="outbox",
        reason=NOT_DELIVERED,
        function=found["function"],
        trace_id=trace_id_in(found["event"]),
        event=found["event"],
        failed_at=None,
    )


def _from_lambda(found: Mapping[str, Any]) -> FailedEvent:
    context, event = found["requestContext"], found["requestPayload"]
    error = found.get("responsePayload")
    error = error if isinstance(error, Mapping) else {}
    return FailedEvent(
        origin="lambda",
        reason=error.get("errorType") or context["condition"],
        function=_name(context["functionArn"]),
        # A device's own message has no trace id; the function made it from the id of Lambda's request.
        trace_id=trace_id_in(event) or as_trace_id(context.get("requestId")),
        event=event,
        failed_at=found.get("timestamp"),
        detail=error.get("errorMessage") or "",
    )


def _from_iot_rule(found: Mapping[str, Any]) -> FailedEvent:
    failure = found["failures"][0]
    event = _decoded(found["base64OriginalPayload"])
    return FailedEvent(
        origin="iot-rule",
        reason=failure["failedAction"],
        function=_name(failure["failedResource"]),
        trace_id=trace_id_in(event),
        event=event,
        failed_at=None,
        detail=failure.get("errorMessage") or "",
    )


def _decoded(payload: str) -> Any:
    try:
        return json.loads(base64.b64decode(payload, validate=True))
    except (binascii.Error, ValueError, RecursionError):
        raise NotAFailedEvent("The device's message is not JSON, so there is no event to put back in.") from None


def _name(function: str) -> str:
    """The function's name from its ARN (arn:aws:lambda:region:account:function:name[:version]), or the name itself."""
    return function.split(":")[6] if function.startswith("arn:") else function
