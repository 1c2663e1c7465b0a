"""The answers of the two public endpoints, in the form that Lambda turns into HTTP."""

from __future__ import annotations

from typing import Any

from lambda_functions.shared.json_text import dump

THROTTLED_SECONDS = 1


def accepted(trace_id: str) -> dict[str, Any]:
    """200: the event is durable, and the sender is done with it."""
    return _answer(200, {"trace_id": trace_id})


def refused(status: int, reason: str, trace_id: str) -> dict[str, Any]:
    """4xx: this request will never be accepted."""
    return _answer(status, {"reason": reason, "trace_id": trace_id})


def throttled(trace_id: str) -> dict[str, Any]:
    """429: the same request will be accepted later."""
    return _answer(429, {"reason": "throttled", "trace_id": trace_id}, {"Retry-After": str(THROTTLED_SECONDS)})


def failed(reason: str, trace_id: str) -> dict[str, Any]:
    """500: nothing is wrong with the request; the sender tries again."""
    return _answer(500, {"reason": reason, "trace_id": trace_id})


def _answer(status: int, document: dict[str, str], headers: dict[str, str] | None = None) -> dict[str, Any]:
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json", **(headers or {})},
        "body": dump(document).decode(),
    }
