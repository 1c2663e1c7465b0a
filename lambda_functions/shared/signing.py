"""Signed requests after Standard Webhooks 1.0.0, on top of the token, for connections that switch it on.

`webhook-id` names the message, `webhook-timestamp` is the attempt's time in Unix seconds, `webhook-signature` is
`v1,` and the base64 of HMAC-SHA256 over `{id}.{timestamp}.{body}`. The key is the token's UTF-8 bytes: a Standard
Webhooks library is given `whsec_` and the base64 of the token.

What it gives: nobody who merely saw a request can change its body, or send it again. A sender's own retry is a new
attempt with a new timestamp, and is let in; the same attempt twice is refused. Attempts that were let in are
remembered by each worker for as long as their timestamp is tolerated, not across workers. So a copied attempt can
still reach a worker that has not seen it, within the tolerance, and do what any repeated delivery does: store the
same item again. The token is the key, so signing does not help against someone who has the token itself.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lambda_functions.shared.authentication import matches
from lambda_functions.shared.errors import Refused
from lambda_functions.shared.http_request import header

TOLERANCE_SECONDS = 300
ID = "webhook-id"
TIMESTAMP = "webhook-timestamp"
SIGNATURE = "webhook-signature"

_SECONDS = re.compile(r"\d{1,12}", re.ASCII)


def signed(token: str, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers for a body."""
    return {
        ID: message_id,
        TIMESTAMP: str(timestamp),
        SIGNATURE: _signature(token, message_id, str(timestamp), body),
    }


class Verifier:
    """Checks signatures, and remembers the attempts that it let in."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._seen: dict[tuple[str, str], float] = {}

    def verify(self, request: Mapping[str, Any], body: bytes, tokens: Sequence[str]) -> None:
        """Raise Refused (403) unless one of the tokens signed this body, just now and for the first time."""
        message_id, timestamp, signatures = (_only(header(request, name)) for name in (ID, TIMESTAMP, SIGNATURE))
        if not message_id or not timestamp or not signatures:
            raise Refused("signature_missing", 403)
        right = [_signature(token, message_id, timestamp, body) for token in tokens]
        if not any(matches(given, right) for given in signatures.split()):
            raise Refused("signature_invalid", 403)
        now = self._clock()
        if not _SECONDS.fullmatch(timestamp) or abs(now - int(timestamp)) > TOLERANCE_SECONDS:
            raise Refused("timestamp_not_tolerated", 403)
        self._forget(now)
        if (message_id, timestamp) in self._seen:
            raise Refused("request_replayed", 403)
        self._seen[message_id, timestamp] = now

    def _forget(self, now: float) -> None:
        # A timestamp can lie in the future as far as in the past, so it can stay tolerable for twice the tolerance.
        while self._seen and next(iter(self._seen.values())) < now - 2 * TOLERANCE_SECONDS:
            del self._seen[next(iter(self._seen))]


def _only(values: Sequence[str]) -> str:
    return values[0] if len(values) == 1 else ""


def _signature(token: str, message_id: str, timestamp: str, body: bytes) -> str:
    content = f"{message_id}.{timestamp}.".encode("utf-8", "surrogatepass") + body
    digest = hmac.new(token.encode("utf-8", "surrogatepass"), content, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"
