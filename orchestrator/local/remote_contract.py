"""What the stand-in for a remote cloud asks of an envelope: all that the contract says, more than our own receivers."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from lambda_functions.shared.envelope import trace_id_in
from lambda_functions.shared.errors import Refused
from lambda_functions.shared.event import device_of, range_key

LAYERS = {"ingestion": "L2", "writer": "L3"}
CLOUDS = {"aws", "azure", "gcp"}


def parse(body: bytes) -> Any:
    """The JSON in the body. Raises Refused."""
    if not body:
        raise Refused("body_missing")
    try:
        return json.loads(body, parse_constant=_not_json)
    except ValueError:
        raise Refused("body_not_json") from None


def check_envelope(endpoint: str, envelope: Any) -> dict[str, Any]:
    """The envelope. Raises Refused unless it is whole and meant for this endpoint."""
    if not isinstance(envelope, dict):
        raise Refused("body_not_object")
    if not isinstance(envelope.get("payload"), dict):
        raise Refused("payload_not_object")
    if envelope.get("source_cloud") not in CLOUDS:
        raise Refused("unknown_source_cloud")
    if envelope.get("target_layer") != LAYERS[endpoint]:
        raise Refused("wrong_target_layer")
    if envelope.get("message_type") != "telemetry":
        raise Refused("unknown_message_type")
    if not _is_utc(envelope.get("timestamp")):
        raise Refused("timestamp_invalid")
    if trace_id_in(envelope) is None:
        raise Refused("trace_id_invalid")
    key_of(envelope["payload"])
    return envelope


def key_of(payload: dict[str, Any]) -> tuple[str, str]:
    """What identifies an event: its device and the string form of its time. Raises Refused without them."""
    return device_of(payload), range_key(payload)


def trace_id_in_body(body: bytes) -> str | None:
    """The trace id in a body, however wrong the rest of it is; None when there is no valid one."""
    try:
        return trace_id_in(json.loads(body))
    except ValueError:
        return None


def _not_json(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _is_utc(timestamp: Any) -> bool:
    try:
        return datetime.fromisoformat(timestamp).utcoffset() == timedelta(0)
    except (ValueError, TypeError):
        return False
