"""The one way to what is in a log group: its events page by page, and a line as the JSON that a function wrote."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any


def events(logs: Any, group: str, *, since_ms: int | None = None, containing: str | None = None) -> Iterator[Any]:
    """The events from `since_ms` (since 1970) on with this text, as CloudWatch Logs gives them: perhaps late or twice.

    Raises the client's ResourceNotFoundException when there is no such group.
    """
    asked: dict[str, Any] = {"logGroupName": group}
    if since_ms is not None:
        asked["startTime"] = since_ms
    if containing:
        asked["filterPattern"] = f'"{containing}"'
    for page in logs.get_paginator("filter_log_events").paginate(**asked):
        yield from page.get("events", [])


def document(line: str) -> dict[str, Any] | None:
    """The JSON object that a line is; None for whatever else a Lambda function prints."""
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
