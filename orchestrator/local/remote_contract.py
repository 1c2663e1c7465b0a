"""The receiving side of the inter-cloud contract, as strict as a team on another cloud could write it.

It shares no code with `lambda_functions` on purpose: what those send is held against this.
"""

from __future__ import annotations

import hmac
import json
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

TOKEN_HEADER = "X-Inter-Cloud-Token"  # noqa: S105  # the header's name
LAYERS = {"ingestion": "L2", "writer": "L3"}
CLOUDS = {"aws", "azure", "gcp"}
MAX_EVENTS = 100


class Refusal(Exception):  # it is an answer, not an error
    """The request is refused for good: `status` and a machine-readable `reason`."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


def authenticate(presented: Sequence[str], accepted: Sequence[str]) -> None:
    """Raise Refusal (403) unless there is one token and it is one of the accepted ones.

    The time it takes tells nothing about them. `presented` is every value of the header as Python's HTTP server hands
    it over: bytes read as Latin-1.
    """
    if not any(presented):
        raise Refusal(403, "token_missing")
    given = presented[0].encode("latin-1")
    matches = [hmac.compare_digest(given, token.encode()) for token in accepted if token]
    if len(presented) > 1 or not any(matches):
        raise Refusal(403, "token_invalid")


def parse(body: bytes) -> Any:
    """The JSON in the body. Raises Refusal (400)."""
    if not body:
        raise Refusal(400, "body_missing")
    try:
        return json.loads(body, parse_constant=_not_json)
    except ValueError:
        raise Refusal(400, "body_not_json") from None


def batch_in(document: Any) -> list[Any] | None:
    """The documents of a batch; None for what is none. Raises Refusal (400) for one without events, or of too many."""
    if not isinstance(document, list):
        return None
    if not 0 < len(document) <= MAX_EVENTS:
        raise Refusal(400, "batch_too_long" if document else "body_not_object")
    return document


def check_envelope(endpoint: str, envelope: Any) -> dict[str, Any]:
    """The envelope. Raises Refusal (400) unless it is whole and meant for this endpoint."""
    if not isinstance(envelope, dict):
        raise Refusal(400, "body_not_object")
    if not isinstance(envelope.get("payload"), dict):
        raise Refusal(400, "payload_not_object")
    if envelope.get("source_cloud") not in CLOUDS:
        raise Refusal(400, "unknown_source_cloud")
    if envelope.get("target_layer") != LAYERS[endpoint]:
        raise Refusal(400, "wrong_target_layer")
    if envelope.get("message_type") != "telemetry":
        raise Refusal(400, "unknown_message_type")
    if not _is_utc(envelope.get("timestamp")):
        raise Refusal(400, "timestamp_invalid")
    if trace_id_of(envelope) is None:
        raise Refusal(400, "trace_id_invalid")
    key_of(envelope["payload"])
    return envelope


def key_of(payload: dict[str, Any]) -> tuple[str, str]:
    """What identifies an event: its device and the string form of its time. Raises Refusal (400) without them."""
    device, time = payload.get("iotDeviceId"), payload.get("time", payload.get("id"))
    if not isinstance(device, str) or not device:
        raise Refusal(400, "iot_device_id_missing")
    if time is None or time == "":
        raise Refusal(400, "time_missing")
    return device, str(time)


def trace_id_in(body: bytes) -> str | None:
    """The trace id in a body, however wrong the rest of it is; None when there is no valid one."""
    try:
        return trace_id_of(json.loads(body))
    except ValueError:
        return None


def trace_id_of(document: Any) -> str | None:
    """The trace id of an envelope, however wrong the rest of it is; None when there is no valid one."""
    try:
        return str(uuid.UUID(document["trace_id"]))
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _not_json(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _is_utc(timestamp: Any) -> bool:
    try:
        return datetime.fromisoformat(timestamp).utcoffset() == timedelta(0)
    except (ValueError, TypeError):
        return False
