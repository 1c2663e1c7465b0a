"""Events and envelopes to send, each recognisable as one of a check."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from orchestrator.operations.conformance.wire import Header

TOKEN_HEADER = "X-Inter-Cloud-Token"  # noqa: S105  # the header's name
MAX_BODY_BYTES = 524_288
MAX_EVENTS = 100
MAX_DEPTH = 32

Layer = Literal["L2", "L3"]
Json = dict[str, Any]


@dataclass
class Messages:
    """Makes messages for one run: every event has a time of its own, so that no check meets another one's item."""

    layer: Layer
    device: str
    start: datetime = field(default_factory=lambda: datetime.now(UTC))
    made: int = 0

    def event(self, **more: Any) -> Json:
        """A valid event with a new time."""
        self.made += 1
        moment = self.start + timedelta(milliseconds=self.made)
        return {"iotDeviceId": self.device, "time": _iso(moment), "conformance": self.made, **more}

    def envelope(self, payload: Any = None, **more: Any) -> Json:
        """A valid envelope around an event (a new one unless given), with some fields changed."""
        return {
            "source_cloud": "gcp",
            "target_layer": self.layer,
            "message_type": "telemetry",
            "timestamp": _iso(datetime.now(UTC)),
            "payload": self.event() if payload is None else payload,
            "trace_id": str(uuid.uuid4()),
            **more,
        }


def encoded(document: Any) -> bytes:
    """A document as JSON."""
    return json.dumps(document).encode()


def key(event: Json) -> Json:
    """What identifies an event in a store."""
    return {name: event[name] for name in ("iotDeviceId", "time", "id") if name in event}


def without(document: Json, *fields: str) -> Json:
    """A document without some of its fields."""
    return {name: value for name, value in document.items() if name not in fields}


def nested(levels: int) -> Any:
    """An object in an object in an object: as many levels as said."""
    value: Any = 1
    for _ in range(levels):
        value = {"deeper": value}
    return value


def traceparent(trace_id: str) -> Header:
    """The W3C header that carries a trace id."""
    return "traceparent", f"00-{uuid.UUID(trace_id).hex}-{uuid.uuid4().hex[:16]}-01"


def signature(token: str, body: bytes, *, message_id: str = "", age_seconds: int = 0) -> tuple[Header, ...]:
    """The three headers of a signed request, after Standard Webhooks 1.0.0 with the token as the key."""
    name, moment = message_id or f"msg_{uuid.uuid4()}", str(int(time.time()) - age_seconds)
    digest = hmac.new(token.encode(), f"{name}.{moment}.".encode() + body, hashlib.sha256).digest()
    signed = f"v1,{base64.b64encode(digest).decode()}"
    return ("webhook-id", name), ("webhook-timestamp", moment), ("webhook-signature", signed)


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
