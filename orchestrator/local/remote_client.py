"""The sending side of the inter-cloud contract, for acting as another cloud's Connector or Persister."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import requests

from orchestrator.local.remote_contract import TOKEN_HEADER
from orchestrator.local.remote_signing import sign

_LONGEST_PAUSE_SECONDS = 30.0

_kept = threading.local()


@dataclass(frozen=True)
class Answer:
    """How sending ended: the last status (None: no answer came), its body, and how many attempts it took."""

    status: int | None
    body: Any
    attempts: int

    @property
    def accepted(self) -> bool:
        """Whether the other side has taken the event over."""
        return self.status == 200


def envelope(
    source_cloud: str, target_layer: str, payload: Mapping[str, Any], trace_id: str | None = None
) -> dict[str, Any]:
    """An envelope made now. The trace id is a new one unless the event already has one."""
    return {
        "source_cloud": source_cloud,
        "target_layer": target_layer,
        "message_type": "telemetry",
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "payload": dict(payload),
        "trace_id": trace_id or str(uuid.uuid4()),
    }


def send(
    url: str,
    token: str | Callable[[], str],
    message: Mapping[str, Any],
    *,
    first_pause_seconds: float = 1.0,
    timeout_seconds: float = 10.0,
    signing: bool = False,
) -> Answer:
    """POST an envelope as the contract says a sender must.

    No answer, 5xx and 429 are tried three more times, after a pause that doubles or that Retry-After asks for; 403 once
    more, with the token fetched again when `token` is a function; anything else, redirects included, is final.
    """
    pause, refused = first_pause_seconds, False
    for attempt in range(1, 5):
        known = token if isinstance(token, str) else token()
        status, body, retry_after = _post(url, known, message, timeout_seconds, signing=signing)
        answer = Answer(status, body, attempt)
        if status == 403 and not refused:
            refused = True
            continue
        if attempt == 4 or not (status is None or status == 429 or status >= 500):
            return answer
        time.sleep(min(retry_after if retry_after is not None else pause, _LONGEST_PAUSE_SECONDS))
        pause *= 2
    return answer


def _post(
    url: str, token: str, message: Mapping[str, Any], timeout: float, *, signing: bool
) -> tuple[int | None, Any, float | None]:
    content = json.dumps(message).encode()
    headers: dict[str, str | bytes] = {
        TOKEN_HEADER: token.encode(),
        "Content-Type": "application/json",
        "traceparent": f"00-{uuid.UUID(message['trace_id']).hex}-{uuid.uuid4().hex[:16]}-01",
        **(sign(token, content) if signing else {}),
    }
    try:
        answer = _session().post(url, data=content, headers=headers, timeout=timeout, allow_redirects=False)
    except requests.RequestException as error:
        return None, f"{type(error).__name__}: {error}", None
    return answer.status_code, _read(answer), _seconds(answer.headers.get("Retry-After"))


def _session() -> requests.Session:
    if not hasattr(_kept, "session"):
        _kept.session = requests.Session()
        _kept.session.trust_env = False  # a proxy of the developer's has no business between two processes here
    session: requests.Session = _kept.session
    return session


def _read(answer: requests.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return answer.text


def _seconds(retry_after: str | None) -> float | None:
    try:
        return max(0.0, float(retry_after)) if retry_after is not None else None
    except ValueError:  # a date: then our own pause will do
        return None
