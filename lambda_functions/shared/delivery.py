"""The result of one attempt to deliver to another cloud: its answer, or the error in place of one."""

from __future__ import annotations

import email.utils
import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import requests

from lambda_functions.shared.envelope import as_trace_id

_MAX_BYTES = 4096
_MAX_BYTES_PER_RESULT = 1024
_REASON = re.compile(r"[a-z0-9_]{1,64}")


@dataclass(frozen=True)
class RemoteAnswer:
    """The result of one attempt. `status` is None when there was no answer, `why` then says what happened instead.

    `content` is the answer's body, as far as it was read.
    """

    status: int | None
    why: str
    retry_after_seconds: float = 0.0
    content: bytes = b""

    @property
    def accepted(self) -> bool:
        """Whether the other cloud has the event."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def worth_retrying(self) -> bool:
        """Whether the same request may be accepted later."""
        return self.status is None or self.status == 429 or self.status >= 500


def answered(response: requests.Response, events: int = 1, until: float = 0.0) -> RemoteAnswer:
    """The answer to a request with that many events. A batch's answer is read up to a moment of the monotonic clock."""
    status = response.status_code
    try:
        # Read to its end, so that the connection can carry the next event; an answer that goes on and on is cut off.
        content = next(response.iter_content(_MAX_BYTES), b"") if events == 1 else _whole(response, events, until)
    except requests.RequestException as error:
        if events > 1 and response.ok:  # the results would have been in there
            return unanswered(error)
        return RemoteAnswer(status, f"remote_{status}")
    why = _why(status, None if response.ok else _read(content))
    return RemoteAnswer(status, why, _seconds(response.headers.get("Retry-After", "")), content)


def results(content: bytes, trace_ids: Sequence[str]) -> list[RemoteAnswer] | None:
    """The results in the answer to a batch, one for each of these events in order; None when it has none like that."""
    try:
        listed = json.loads(content)["results"]
        if [as_trace_id(each["trace_id"]) for each in listed] != list(trace_ids):
            return None
        return [_result(each["status"], each) for each in listed]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _result(status: Any, document: Any) -> RemoteAnswer:
    if not isinstance(status, int) or not 200 <= status <= 599:
        raise ValueError("no status")
    return RemoteAnswer(status, _why(status, document if status >= 300 else None))


def _whole(response: requests.Response, events: int, until: float) -> bytes:
    content = b""
    for piece in response.iter_content(_MAX_BYTES):
        content += piece
        if len(content) > _MAX_BYTES + events * _MAX_BYTES_PER_RESULT or time.monotonic() > until:
            break
    return content


def _why(status: int, document: Any) -> str:
    """The status, and the machine-readable reason that the contract puts into an error's document, if it has one."""
    reason = document.get("reason") if isinstance(document, Mapping) else None
    return f"remote_{status}:{reason}" if isinstance(reason, str) and _REASON.fullmatch(reason) else f"remote_{status}"


def _read(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _seconds(retry_after: str) -> float:
    """`Retry-After` in seconds from now: a number, or a date."""
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(retry_after).timestamp() - time.time())
    except (TypeError, ValueError, OverflowError):
        return 0.0


def unanswered(error: requests.RequestException) -> RemoteAnswer:
    """The result of an attempt without an answer."""
    text, why = str(error), "no connection"
    if isinstance(error, requests.Timeout):
        why = "timeout"
    elif "NameResolutionError" in text or "Failed to resolve" in text:
        why = "the host's name cannot be resolved"
    elif isinstance(error, requests.exceptions.SSLError):
        why = "the TLS certificate is not accepted"
    return RemoteAnswer(None, why)
