"""The envelope of the inter-cloud contract: what carries an event from hop to hop, between clouds and inside one.

A batch is several envelopes in one request, as a JSON array; the answer then has a result for each.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from lambda_functions.shared import event as telemetry
from lambda_functions.shared.errors import Refused

L2 = "L2"
L3 = "L3"
TELEMETRY = "telemetry"
UNKNOWN_CLOUD = "unknown"
MAX_EVENTS = 100
"""In one batch."""

_CLOUDS = {"aws": "aws", "azure": "azure", "gcp": "gcp", "google": "gcp"}
_MARKS = ("source_cloud", "target_layer", "message_type")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32}")
_TRACEPARENT = re.compile(
    r"(?P<version>[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?P<more>-.*)?"
)


@dataclass(frozen=True)
class Envelope:
    """The six fields; `payload` is the telemetry event."""

    source_cloud: str
    target_layer: str
    message_type: str
    timestamp: str
    payload: dict[str, Any]
    trace_id: str

    def as_dict(self) -> dict[str, Any]:
        """The JSON shape."""
        return dict(vars(self))  # `asdict` would copy the payload through and through, for every hop

    def leaving(self, cloud: str, layer: str) -> Envelope:
        """The same message as it leaves a cloud now."""
        return replace(self, source_cloud=cloud, target_layer=layer, timestamp=now())

    def age_seconds(self) -> float | None:
        """How long ago it was made, or None when its timestamp cannot be read."""
        try:
            made = datetime.fromisoformat(self.timestamp)
        except ValueError:
            return None
        if made.tzinfo is None:
            made = made.replace(tzinfo=UTC)
        return (datetime.now(UTC) - made).total_seconds()


def open_envelope(document: Any, *, layer: str, trace_id: str, cloud: str | None) -> Envelope:
    """Read an envelope, or wrap a plain telemetry event as one that enters on this cloud.

    `trace_id` is given to a message that has none (or one that is not a UUID: data is not lost over it). A message that
    came over a public endpoint has no known `cloud`, and its layer must be the right one. Fields that are missing or
    null get their default, unknown ones are ignored. Raises Refused.
    """
    if not isinstance(document, Mapping):
        raise Refused("body_not_object")
    if not _is_envelope(document):
        return Envelope(cloud or UNKNOWN_CLOUD, layer, TELEMETRY, now(), dict(document), trace_id)
    payload = document.get("payload")
    if "payload" not in document:
        raise Refused("payload_missing")
    if not isinstance(payload, Mapping):
        raise Refused("payload_not_object")
    if cloud is None and document.get("target_layer") not in (None, layer):
        raise Refused("wrong_target_layer")
    if document.get("message_type") not in (None, TELEMETRY):
        raise Refused("unknown_message_type")
    timestamp = document.get("timestamp")
    return Envelope(
        source_cloud=_cloud(document.get("source_cloud")),
        target_layer=layer,
        message_type=TELEMETRY,
        timestamp=timestamp if isinstance(timestamp, str) and timestamp and timestamp.isascii() else now(),
        payload=dict(payload),
        trace_id=as_trace_id(document.get("trace_id")) or trace_id,
    )


def documents_in(document: Any) -> list[Any] | None:
    """The documents of a batch; None for any other document. An empty array is not a batch either.

    Raises Refused for a batch of too many.
    """
    if not isinstance(document, list) or not document:
        return None
    if len(document) > MAX_EVENTS:
        raise Refused("batch_too_long")
    return document


def now() -> str:
    """The present as ISO 8601 in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def new_trace_id(request_id: Any = None) -> str:
    """A trace id for a message that enters the system in the cloud's request of that id.

    Lambda keeps the request's id when it retries an asynchronous invocation, and names it in the record of one that
    failed for good. It is a UUID, so it becomes the trace id: the same however often the function runs.
    """
    return as_trace_id(request_id) or str(uuid.uuid4())


def as_trace_id(value: Any) -> str | None:
    """The UUID in its usual form, or None for anything else (and for all zeros, which W3C calls invalid)."""
    if not isinstance(value, str) or not _UUID.fullmatch(value.lower()):
        return None
    made = uuid.UUID(value)
    return str(made) if made.int else None


def trace_id_in(document: Any) -> str | None:
    """The trace id that a document has as a field, however wrong the rest of it is; None when there is no valid one."""
    return as_trace_id(document.get("trace_id")) if isinstance(document, Mapping) else None


def traceparent(trace_id: str) -> str:
    """The W3C header that carries a trace id, with a new span id and the sampled flag."""
    return f"00-{uuid.UUID(trace_id).hex}-{uuid.uuid4().hex[:16]}-01"


def trace_id_of(traceparent_header: str) -> str | None:
    """The trace id in a W3C `traceparent` header, or None when the header is not valid."""
    match = _TRACEPARENT.fullmatch(traceparent_header.strip())
    if match is None or match["version"] == "ff" or (match["version"] == "00" and match["more"]):
        return None
    return as_trace_id(match["trace"])


def _is_envelope(document: Mapping[str, Any]) -> bool:
    # A device may well have a property called `payload`; the marks are what only an envelope has.
    if telemetry.DEVICE in document:
        return "payload" in document and any(mark in document for mark in _MARKS)
    return "payload" in document or any(mark in document for mark in _MARKS)


def _cloud(name: Any) -> str:
    return _CLOUDS.get(name.strip().lower(), UNKNOWN_CLOUD) if isinstance(name, str) else UNKNOWN_CLOUD
