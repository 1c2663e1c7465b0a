"""The answers of the two public endpoints, as a Function URL takes them: `statusCode`, `headers` and `body`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from lambda_functions.shared.json_text import dump

THROTTLED_SECONDS = 1


@dataclass(frozen=True)
class Verdict:
    """The result for one event, or for a request as a whole. An accepted one has no reason.

    200: the event is durable, and the sender is done with it. 4xx: it will never be accepted as it is. 429: it will be
    accepted later. 500: the event is valid, and the sender tries again.
    """

    status: int
    trace_id: str
    reason: str = ""


def to_one(verdict: Verdict) -> dict[str, Any]:
    """The answer to a request with one event."""
    retry_after = {"Retry-After": str(THROTTLED_SECONDS)} if verdict.status == 429 else {}
    return _answer(verdict.status, _document(verdict), retry_after)


def to_batch(trace_id: str, verdicts: Iterable[Verdict]) -> dict[str, Any]:
    """The answer to a batch that was let in: a result for each event, in their order."""
    results = [{"status": verdict.status, **_document(verdict)} for verdict in verdicts]
    return _answer(200, {"trace_id": trace_id, "results": results}, {})


def _document(verdict: Verdict) -> dict[str, Any]:
    reason = {"reason": verdict.reason} if verdict.reason else {}
    return {**reason, "trace_id": verdict.trace_id}


def _answer(status: int, document: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json", **headers},
        "body": dump(document).decode(),
    }
