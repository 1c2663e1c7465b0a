"""Reads what a twin's functions write: one log group, read once or followed, each line told once."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from orchestrator.core.errors import GluecodeError, UsageError
from orchestrator.core.names import TwinNames
from orchestrator.operations import log_group

Level = Literal["DEBUG", "INFO", "WARNING", "ERROR"]
LEVELS: tuple[Level, ...] = get_args(Level)

POLL_SECONDS = 1.0
_LATE_MS = 15_000  # CloudWatch Logs shows a line some seconds after it was written
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_AGE = re.compile(r"(\d{1,6})([smhd])")
# What Lambda itself writes around each invocation, in its text format.
_PLATFORM = ("START RequestId:", "END RequestId:", "REPORT RequestId:", "INIT_START ", "XRAY TraceId:")
_PLAIN_ERRORS = ("[ERROR]", "Task timed out after", "Runtime exited")


@dataclass(frozen=True)
class Line:
    """One line. `fields` is what a function told; it is empty for a line that is not JSON.

    The platform's own lines and the metrics that travel in the log count as DEBUG.
    """

    at: datetime
    level: Level
    message: str
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def function(self) -> str:
        """Which function wrote it, where the line says so."""
        return str(self.fields.get("function", ""))


def read(
    aws: Any, twin: str, *, since: datetime | None, trace_id: str | None = None, level: Level = "INFO"
) -> Iterator[Line]:
    """The lines of that level and above, oldest first. Raises GluecodeError when there is no log group."""
    for event in _events(aws, twin, _milliseconds(since) if since else None, trace_id):
        line = _line(event)
        if _wanted(line, level):
            yield line


def follow(
    aws: Any,
    twin: str,
    *,
    since: datetime,
    trace_id: str | None = None,
    level: Level = "INFO",
    pause: Callable[[float], None] = time.sleep,
) -> Iterator[Line]:
    """Like `read`, and then whatever comes, for ever. Lines can come late; none is told twice."""
    start = newest = _milliseconds(since)
    seen: dict[tuple[int, str], None] = {}
    while True:
        for event in _events(aws, twin, max(start, newest - _LATE_MS), trace_id):
            key = (event["timestamp"], event["message"])
            if key not in seen:
                seen[key] = None
                newest = max(newest, event["timestamp"])
                line = _line(event)
                if _wanted(line, level):
                    yield line
        seen = {key: None for key in seen if key[0] >= newest - _LATE_MS}
        pause(POLL_SECONDS)


def moment(text: str, now: datetime) -> datetime:
    """The moment that `10m`, `2h`, `1d`, or an ISO 8601 time (UTC by default) means. Raises UsageError."""
    age = _AGE.fullmatch(text)
    if age:
        return datetime.fromtimestamp(now.timestamp() - int(age[1]) * _UNITS[age[2]], UTC)
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"'{text}' is no moment.", "Write an age (30s, 10m, 2h, 1d) or a time (2026-11-23T10:00:00Z)."
        ) from None
    return given if given.tzinfo else given.replace(tzinfo=UTC)


def _events(aws: Any, twin: str, since_ms: int | None, trace_id: str | None) -> Iterator[dict[str, Any]]:
    logs, group = aws.client("logs"), TwinNames(twin).log_group
    try:
        yield from log_group.events(logs, group, since_ms=since_ms, containing=trace_id)
    except logs.exceptions.ResourceNotFoundException:
        raise GluecodeError(
            f"There is no log group '{group}' here.",
            "A twin's logs come with its first deployment, and are gone once it is destroyed.",
        ) from None


def _line(event: Mapping[str, Any]) -> Line:
    text = event["message"].rstrip()
    at = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
    document = log_group.document(text)
    if document is None:
        return Line(at, _plain_level(text), text)
    told = str(document.get("level", "")).upper()
    # A line without a level is not one of the logger's: it carries metrics.
    level = next((level for level in LEVELS if level == told), "ERROR" if told == "CRITICAL" else "DEBUG")
    return Line(at, level, str(document.get("message", "")), document)


def _plain_level(text: str) -> Level:
    if text.startswith(_PLATFORM):
        return "DEBUG"
    return "ERROR" if any(mark in text for mark in _PLAIN_ERRORS) else "INFO"


def _wanted(line: Line, level: Level) -> bool:
    return LEVELS.index(line.level) >= LEVELS.index(level)


def _milliseconds(moment_: datetime) -> int:
    return int(moment_.timestamp() * 1000)
