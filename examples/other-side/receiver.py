"""The receiving side of the inter-cloud contract: headers and bytes in, an answer out. Standard library only.

It is the same for Ingestion (in front of L2) and Writer (in front of L3), and on every cloud: what differs is how an
event is made durable, and that is given as a function.
"""

from __future__ import annotations

import hmac
import json
import re
import uuid
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

TOKEN_HEADER = "x-inter-cloud-token"  # noqa: S105  # the header's name
MAX_BODY_BYTES = 512 * 1024
MAX_EVENTS = 100
MAX_DEPTH = 32
MAX_DIGITS = 38

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
_MARKS = ("source_cloud", "target_layer", "message_type")

Event = dict[str, Any]


class RefusedError(Exception):
    """The request is refused for good, with a status and a machine-readable reason."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class LaterError(Exception):
    """The store or the queue throttles: the sender shall send the event again."""


@dataclass(frozen=True)
class Answer:
    """What to answer: status, JSON body, headers."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Receiver:
    """One endpoint.

    `layer` is L2 (Ingestion) or L3 (Writer). `tokens` answers the tokens to accept, the current and the previous one.
    `accept` makes an event durable, and returns only then: it gets the event and its trace id. `devices` are those that
    the twin has; empty: any.
    """

    layer: str
    tokens: Callable[[], Sequence[str]]
    accept: Callable[[Event, str], None]
    devices: Collection[str] = ()

    def answer(self, headers: Iterable[tuple[str, str]], body: bytes) -> Answer:
        """Deal with one POST. Never raises."""
        found = [(name.lower(), value) for name, value in headers]
        trace_id = _entering_trace_id(found)
        try:
            _authenticate([value for name, value in found if name == TOKEN_HEADER], self.tokens())
            document = _parse(body)
        except Exception as error:  # noqa: BLE001  # whatever broke, the sender gets an answer that it can act on
            return _refusal(error, trace_id)
        if not isinstance(document, list):
            return self._take(document, trace_id)
        answers = [self._take(each, str(uuid.uuid4())) for each in document]  # a batch: a result for each event
        return Answer(200, {"trace_id": trace_id, "results": [{"status": a.status, **a.body} for a in answers]})

    def _take(self, document: Any, trace_id: str) -> Answer:
        trace_id = _trace_id_of(document) or trace_id
        try:
            self.accept(self._event(document), trace_id)
        except Exception as error:  # noqa: BLE001  # as above
            return _refusal(error, trace_id)
        return Answer(200, {"trace_id": trace_id})

    def _event(self, document: Any) -> Event:
        if not isinstance(document, dict):
            raise RefusedError("body_not_object")
        event = _payload(document, self.layer)
        device = event.get("iotDeviceId")
        if device is None or device == "":
            raise RefusedError("iot_device_id_missing")
        if not isinstance(device, str):
            raise RefusedError("iot_device_id_invalid")
        if self.devices and device not in self.devices:
            raise RefusedError("unknown_device")
        if self.layer == "L3":
            key_of(event)
        _check_values(event)
        return event


def _refusal(error: Exception, trace_id: str) -> Answer:
    if isinstance(error, RefusedError):
        return Answer(error.status, {"reason": error.reason, "trace_id": trace_id})
    if isinstance(error, LaterError):
        return Answer(429, {"reason": "throttled", "trace_id": trace_id}, {"Retry-After": "1"})
    return Answer(500, {"reason": "internal_error", "trace_id": trace_id})


def key_of(event: Event) -> str:
    """The text form of the event's time: with the device's id, it is what makes two deliveries one item."""
    time = event.get("time", event.get("id"))
    if time is None:
        raise RefusedError("time_missing")
    if isinstance(time, bool) or not isinstance(time, str | int | float) or time == "":
        raise RefusedError("time_invalid")
    return time if isinstance(time, str) else f"{Decimal(repr(time)).normalize():f}"


def _authenticate(presented: Sequence[str], accepted: Sequence[str]) -> None:
    """Every accepted token is compared, in constant time and as bytes; none configured means that nobody gets in."""
    given = presented[0] if len(presented) == 1 else ""
    matches = [
        hmac.compare_digest(given.encode("utf-8", "surrogatepass"), token.encode()) for token in accepted if token
    ]
    if not given or not any(matches):
        raise RefusedError("token_invalid" if any(presented) else "token_missing", 403)


def _parse(body: bytes) -> Any:
    """The document, or the array of documents that a batch is."""
    if not body:
        raise RefusedError("body_missing")
    if len(body) > MAX_BODY_BYTES:
        raise RefusedError("body_too_large", 413)
    try:
        document = json.loads(
            body, object_pairs_hook=_object, parse_float=_number, parse_int=_number, parse_constant=_not_finite
        )
    except RecursionError:
        raise RefusedError("nested_too_deeply") from None
    except ValueError:
        raise RefusedError("body_not_json") from None
    if document == []:
        raise RefusedError("body_not_object")
    if isinstance(document, list) and len(document) > MAX_EVENTS:
        raise RefusedError("batch_too_long")
    return document


def _object(pairs: list[tuple[str, Any]]) -> Event:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise RefusedError("duplicate_key")
    return made


def _number(text: str) -> int | float:
    """A number that every store can keep. Some keep more than a float's sixteen digits: let yours, if it does."""
    value = Decimal(text)
    digits = len("".join(map(str, value.as_tuple().digits)).strip("0"))
    if value and (digits > MAX_DIGITS or not -130 <= value.adjusted() <= 125):
        raise RefusedError("number_out_of_range")
    return int(text) if text.removeprefix("-").isdigit() else float(text)


def _not_finite(_text: str) -> None:
    raise RefusedError("number_not_finite")


def _payload(document: Event, layer: str) -> Event:
    """The event in its envelope; an event without an envelope is taken as it is."""
    is_envelope = "payload" in document or any(mark in document for mark in _MARKS)
    if "iotDeviceId" in document:
        is_envelope = "payload" in document and any(mark in document for mark in _MARKS)
    if not is_envelope:
        return document
    if "payload" not in document:
        raise RefusedError("payload_missing")
    if not isinstance(document["payload"], dict):
        raise RefusedError("payload_not_object")
    if document.get("target_layer") not in (None, layer):
        raise RefusedError("wrong_target_layer")
    if document.get("message_type") not in (None, "telemetry"):
        raise RefusedError("unknown_message_type")
    return document["payload"]


def _check_values(event: Event) -> None:
    level: list[Any] = [event]
    for _ in range(MAX_DEPTH):
        level = [child for value in level for child in _children(value)]
        if not level:
            return
    raise RefusedError("nested_too_deeply")


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        for name in value:
            if not name:
                raise RefusedError("name_empty")
            _check_text(name)
        return list(value.values())
    if isinstance(value, list):
        return value
    if isinstance(value, str):
        _check_text(value)
    return []


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        raise RefusedError("text_not_unicode") from None


def _entering_trace_id(headers: Sequence[tuple[str, str]]) -> str:
    for name, value in headers:
        match = _TRACEPARENT.fullmatch(value.strip()) if name == "traceparent" else None
        if match and int(match[1], 16):
            return str(uuid.UUID(match[1]))
    return str(uuid.uuid4())


def _trace_id_of(document: Any) -> str | None:
    try:
        return str(uuid.UUID(document["trace_id"]))
    except (KeyError, ValueError, TypeError, AttributeError):
        return None
