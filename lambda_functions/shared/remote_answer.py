"""How one attempt to reach another cloud went, read from its answer or from what there was instead."""

from __future__ import annotations

import email.utils
import json
import re
import time
from dataclasses import dataclass

import requests

_MAX_BYTES = 4096
_REASON = re.compile(r"[a-z0-9_]{1,64}")


@dataclass(frozen=True)
class RemoteAnswer:
    """How one attempt went. `status` is None when there was no answer, `why` says what there was instead."""

    status: int | None
    why: str
    retry_after_seconds: float = 0.0

    @property
    def accepted(self) -> bool:
        """Whether the other cloud has the event."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def worth_retrying(self) -> bool:
        """Whether the same request may be accepted later."""
        return self.status is None or self.status == 429 or self.status >= 500


def answered(response: requests.Response) -> RemoteAnswer:
    """What the other cloud said."""
    why = f"remote_{response.status_code}"
    try:
        # Read to its end, so that the connection can carry the next event; an answer that goes on and on is cut off.
        content = next(response.iter_content(_MAX_BYTES), b"")
    except requests.RequestException:
        return RemoteAnswer(response.status_code, why)
    reason = "" if response.ok else _reason(content)
    return RemoteAnswer(
        response.status_code, f"{why}:{reason}" if reason else why, _seconds(response.headers.get("Retry-After", ""))
    )


def _reason(content: bytes) -> str:
    """The machine-readable reason that the contract puts into an error's body, if it is one."""
    try:
        reason = json.loads(content).get("reason")
    except (ValueError, AttributeError, RecursionError):
        return ""
    return reason if isinstance(reason, str) and _REASON.fullmatch(reason) else ""


def _seconds(retry_after: str) -> float:
    """`Retry-After` in seconds from now: a number, or a date."""
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(retry_after).timestamp() - time.time())
    except (TypeError, ValueError, OverflowError):
        return 0.0


def unanswered(error: requests.RequestException) -> RemoteAnswer:
    """Why it said nothing."""
    return RemoteAnswer(None, _why(error))


def _why(error: requests.RequestException) -> str:
    text = str(error)
    if isinstance(error, requests.Timeout):
        return "timeout"
    if "NameResolutionError" in text or "Failed to resolve" in text:
        return "the host's name cannot be resolved"
    if isinstance(error, requests.exceptions.SSLError):
        return "the TLS certificate is not accepted"
    return "no connection"
