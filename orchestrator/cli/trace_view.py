"""Shows one event's way: every hop with the time since the one before, and where it ended."""

from __future__ import annotations

from typing import Any

from rich.table import Table
from rich.text import Text

from orchestrator.cli import output
from orchestrator.core.plan.components import ASYNC_RETRIES
from orchestrator.operations.telemetry import Hop, Trace

_STYLES = {"stored": "green", "forwarded": "cyan", "dropped": "yellow", "refused": "bold red", "failed": "red"}


def table(found: Trace) -> Table:
    """The hops in the order of time."""
    shown = output.table("time (UTC)", "after", "function", "hop", "to", numbers=("after",))
    before = found.hops[0].at if found.hops else None
    for hop in found.hops:
        gap = "" if before is None or hop is found.hops[0] else f"+{(hop.at - before).total_seconds() * 1000:.0f} ms"
        before = hop.at
        shown.add_row(
            f"{hop.at:%H:%M:%S.%f}"[:-3],
            gap,
            hop.function + (" (cold start)" if hop.cold_start and hop.what == "received" else ""),
            Text(hop.what, _STYLES.get(hop.what, "")),
            " ".join(filter(None, (hop.to, hop.reason and f"({hop.reason})"))),
        )
    return shown


def conclusion(found: Trace) -> Text:
    """One sentence on where the event ended."""
    if found.end is None:
        return Text("No log knows of this event (yet): logs can be some seconds late.", "yellow")
    took = (found.end.at - found.hops[0].at).total_seconds() * 1000
    return Text(f"{_sentence(found, found.end)} ({took:.0f} ms after its first hop)", _STYLES.get(found.end.what, ""))


def as_dict(found: Trace) -> dict[str, Any]:
    """The trace for a script."""
    return {
        "trace_id": found.trace_id,
        "over": found.over,
        "end": found.end.what if found.end else None,
        "in_failure_queue": _is_in_the_queue(found),
        "hops": [{**vars(hop), "at": hop.at.isoformat()} for hop in found.hops],
    }


def _is_in_the_queue(found: Trace) -> bool:
    return found.given_up or (found.end is not None and (found.end.what, found.end.to) == ("refused", "failure-queue"))


def _sentence(found: Trace, end: Hop) -> str:
    if found.given_up:
        return (
            f"Every attempt of {end.function} broke off, the last one with: {end.reason}. It is in the failure queue; "
            f"`gluecode replay {end.twin}` puts it back in."
        )
    if end.what == "received" and found.attempts > ASYNC_RETRIES:
        return (
            f"{end.function} has begun it {found.attempts} times and not said how that went: it ran out of time or "
            "was ended. If the last attempt is not under way any more, it is in the failure queue."
        )
    return {
        "stored": f"It is stored in {end.to}.",
        "forwarded": f"It was handed to {end.to} by {end.function}.",
        "dropped": f"The device's own code in {end.function} dropped it.",
        "refused": f"{end.function} refused it: {end.reason}. {_kept(end)}",
        "failed": f"An attempt of {end.function} broke off: {end.reason}. Lambda tries again, then reports it.",
        "received": f"{end.function} has it and has not said more.",
    }.get(end.what, f"The last that is known: {end.message}")


def _kept(end: Hop) -> str:
    if end.to == "failure-queue":
        return f"It is in the failure queue; `gluecode replay {end.twin}` puts it back in."
    return "Its sender was told so." if end.to == "sender" else "Lambda tries again, then reports it."
