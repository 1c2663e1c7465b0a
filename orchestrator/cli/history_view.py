"""Shows runs of twins: a table of when, what, how it went and by which execution."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, timedelta
from typing import Any

from rich.text import Text

from orchestrator.cli import output
from orchestrator.operations.history import Entry

_STYLES = {
    "deployed": "green",
    "destroyed": "magenta",
    "running": "cyan",
    "rolled back": "yellow",
}
_BROKEN = "bold red"
_DIGEST_LENGTH = 12
_MUTE = {"unchanged", "absent", "present"}  # steps that changed nothing


def show(entries: Sequence[Entry], *, with_twin: bool) -> None:
    """Print the runs, and under each that failed, why."""
    headings = ["did", "outcome", "took", "configuration", "changes", "execution"]
    shown = output.table("started (UTC)", *(["twin"] if with_twin else []), *headings)
    for entry in entries:
        shown.add_row(
            f"{entry.started.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
            *([entry.twin] if with_twin else []),
            entry.verb,
            Text(entry.outcome, _STYLES.get(entry.outcome, _BROKEN)),
            _took(entry.took),
            entry.digest[:_DIGEST_LENGTH],
            _changes(entry),
            entry.run,
        )
    output.results().print(shown)
    for entry in entries:
        if entry.error:
            output.tell(f"{entry.run}: {entry.error}: {entry.cause}".removesuffix(": "), "red")


def as_dict(entry: Entry) -> dict[str, Any]:
    """A run for a script; times are ISO 8601, `took_seconds` is None for a run that has not ended by itself."""
    return {
        **vars(entry),
        "run": entry.run,
        "started": entry.started.isoformat(),
        "ended": entry.ended.isoformat() if entry.ended else None,
        "took_seconds": entry.took.total_seconds() if entry.took else None,
    }


def _took(took: timedelta | None) -> str:
    if took is None:
        return ""
    minutes, seconds = divmod(round(took.total_seconds()), 60)
    return f"{minutes} min {seconds:02} s" if minutes else f"{seconds} s"


def _changes(entry: Entry) -> str:
    counted = {outcome: number for outcome, number in entry.summary.items() if outcome not in _MUTE}
    return ", ".join(f"{number} {outcome}" for outcome, number in counted.items()) or ("none" if entry.summary else "")
