"""Signed requests after Standard Webhooks 1.0.0, as a team on another cloud would make and check them.

Like `remote_contract`, it shares no code with `lambda_functions`: each side is held against the other.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
import time
import uuid
from collections.abc import Callable, Sequence

from orchestrator.local.remote_contract import Refusal

HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")
_TOLERANCE_SECONDS = 300


def sign(token: str, body: bytes) -> dict[str, str]:
    """The headers for one attempt to send a body."""
    message, moment = f"msg_{uuid.uuid4()}", str(int(time.time()))
    return dict(zip(HEADERS, (message, moment, f"v1,{_digest(token, message, moment, body)}"), strict=True))


class SignatureCheck:
    """Lets each signed attempt in once. Threads may share it."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._taken: dict[tuple[str, str], float] = {}
        self._lock = threading.Lock()

    def check(self, presented: Sequence[Sequence[str]], body: bytes, accepted: Sequence[str]) -> None:
        """Raise Refusal (403) unless one of the tokens signed this body, lately, and nobody has sent that before.

        `presented` is every value of each of the HEADERS, in their order.
        """
        if any(len(values) != 1 or not values[0] for values in presented):
            raise Refusal(403, "signature_missing")
        (message,), (moment,), (signatures,) = presented
        right = [f"v1,{_digest(token, message, moment, body)}" for token in accepted if token]
        if not any(
            hmac.compare_digest(each.encode(), wanted.encode()) for each in signatures.split() for wanted in right
        ):
            raise Refusal(403, "signature_invalid")
        if not moment.isdecimal() or abs(self._clock() - int(moment)) > _TOLERANCE_SECONDS:
            raise Refusal(403, "timestamp_not_tolerated")
        with self._lock:
            while self._taken and self._clock() - next(iter(self._taken.values())) > 2 * _TOLERANCE_SECONDS:
                del self._taken[next(iter(self._taken))]
            if (message, moment) in self._taken:
                raise Refusal(403, "request_replayed")
            self._taken[message, moment] = self._clock()


def _digest(token: str, message: str, moment: str, body: bytes) -> str:
    content = b".".join((message.encode("utf-8", "replace"), moment.encode("utf-8", "replace"), body))
    return base64.b64encode(hmac.new(token.encode(), content, hashlib.sha256).digest()).decode()
