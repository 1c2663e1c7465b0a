"""The sending side of the inter-cloud contract, for acting as another cloud's Connector or Persister."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import requests

from lambda_functions.shared.authentication import TOKEN_HEADER
from lambda_functions.shared.delivery import RemoteAnswer, answered, unanswered
from lambda_functions.shared.envelope import TELEMETRY, Envelope, new_trace_id, now, traceparent
from lambda_functions.shared.signing import signed

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
    return Envelope(source_cloud, target_layer, TELEMETRY, now(), dict(payload), trace_id or new_trace_id()).as_dict()


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
        answer = _post(url, known, message, timeout_seconds, signing=signing)
        if answer.status == 403 and not refused:
            refused = True
            continue
        if attempt == 4 or not answer.worth_retrying:
            break
        time.sleep(min(answer.retry_after_seconds or pause, _LONGEST_PAUSE_SECONDS))
        pause *= 2
    return Answer(answer.status, _read(answer), attempt)


def _post(url: str, token: str, message: Mapping[str, Any], timeout: float, *, signing: bool) -> RemoteAnswer:
    content = json.dumps(message).encode()
    headers: dict[str, str | bytes] = {
        TOKEN_HEADER: token.encode(),
        "Content-Type": "application/json",
        "traceparent": traceparent(message["trace_id"]),
        **(signed(token, f"msg_{new_trace_id()}", int(time.time()), content) if signing else {}),
    }
    try:
        with _session().post(
            url, data=content, headers=headers, timeout=timeout, allow_redirects=False, stream=True
        ) as response:
            return replace(answered(response), retry_after_seconds=_seconds(response.headers.get("Retry-After", "")))
    except requests.RequestException as error:
        return unanswered(error)


def _session() -> requests.Session:
    if not hasattr(_kept, "session"):
        _kept.session = requests.Session()
        _kept.session.trust_env = False  # a proxy of the developer's has no business between two processes here
    session: requests.Session = _kept.session
    return session


def _read(answer: RemoteAnswer) -> Any:
    try:
        return json.loads(answer.content)
    except ValueError:
        return answer.content.decode(errors="replace") or answer.why


def _seconds(retry_after: str) -> float:
    """`Retry-After` with fractions, which HTTP does not have, so that tests need not wait for whole seconds."""
    try:
        return max(0.0, float(retry_after))
    except ValueError:  # none, or a date: then our own pause will do
        return 0.0
