"""The sending side of the contract: what a Connector and a Persister on any cloud do. Standard library only."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

ATTEMPTS = 4
FIRST_PAUSE_SECONDS = 1.0


class GivenUpError(Exception):
    """The event was not accepted. Keep it with the reason, and send it again once the cause is gone."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The token must not reach another host."""

    def redirect_request(self, *_: Any) -> None:
        """Leave the redirect as the answer."""


_open = urllib.request.build_opener(_NoRedirect).open


def envelope(cloud: str, layer: str, event: dict[str, Any], trace_id: str) -> dict[str, Any]:
    """Wrap an event. The trace id was made where the event entered the twin, and never changes."""
    return {
        "source_cloud": cloud,
        "target_layer": layer,
        "message_type": "telemetry",
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "payload": event,
        "trace_id": trace_id,
    }


def send(
    url: str, token: Callable[[], str], message: dict[str, Any], *, pause: Callable[[float], None] = time.sleep
) -> None:
    """Deliver an envelope. `token` reads the secret anew each time it is called. Raises GivenUpError."""
    if not url.startswith(("https://", "http://127.0.0.1:")):
        raise GivenUpError("url_not_https")  # the token would travel in the clear
    wait, refused = FIRST_PAUSE_SECONDS, False
    for attempt in range(1, ATTEMPTS + 1):
        status, retry_after = _post(url, token(), message)
        if status is not None and 200 <= status < 300:
            return
        if status == 403 and not refused:  # perhaps the token was just rotated
            refused = True
            continue
        if status is not None and status != 429 and status < 500:
            raise GivenUpError(f"remote_{status}")
        if attempt < ATTEMPTS:
            pause(max(wait, retry_after))
            wait *= 2
    raise GivenUpError("no_answer" if status is None else f"remote_{status}")


def _post(url: str, token: str, message: dict[str, Any]) -> tuple[int | None, float]:
    """The answer's status (None: there was none), and the seconds that `Retry-After` asks for."""
    headers = {
        "Content-Type": "application/json",
        "X-Inter-Cloud-Token": token,
        "traceparent": f"00-{uuid.UUID(message['trace_id']).hex}-{uuid.uuid4().hex[:16]}-01",
    }
    request = urllib.request.Request(url, json.dumps(message).encode(), headers, method="POST")  # noqa: S310  # checked: https
    try:
        with _open(request, timeout=10) as answer:
            return answer.status, 0.0
    except urllib.error.HTTPError as error:
        with error:
            seconds = error.headers.get("Retry-After", "0")
            return error.code, float(seconds) if seconds.isdecimal() else 0.0
    except OSError:
        return None, 0.0
