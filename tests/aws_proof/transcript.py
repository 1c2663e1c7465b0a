"""Writes a run as Markdown for a ticket: without tokens, and if wanted without the account's number (pure)."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator

from tests.aws_proof.record import Act, Fault, Leftovers, Run, Tally, Wait

MASK = "000000000000"
REMOVED = "[a secret was here]"

_LONGEST = 600


def render(run: Run, *, mask: bool, secrets: Iterable[str] = ()) -> tuple[str, int]:
    """The transcript, and how many secrets had to be taken out of it: none, if all is well."""
    text = "\n".join(_lines(run)) + "\n"
    if mask and run.account:
        text = text.replace(run.account, MASK)
    return without(text, secrets)


def without(text: str, secrets: Iterable[str]) -> tuple[str, int]:
    """The text without these secrets, as they are or in base64, and how often one was in it."""
    removed = 0
    for secret in filter(None, secrets):
        for form in (secret, base64.b64encode(secret.encode()).decode().rstrip("=")):
            removed += text.count(form)
            text = text.replace(form, REMOVED)
    return text, removed


def _lines(run: Run) -> Iterator[str]:
    yield f"# AWS proof: {'all as expected' if run.good else 'NOT as expected'}"
    yield ""
    yield f"Begun {run.begun:%Y-%m-%d %H:%M:%S} UTC."
    yield ""
    yield from _table(("", ""), ((name, f"`{value}`") for name, value in run.about.items()))
    yield from ("", "## Acts", "")
    heads = ("act", "begun (UTC)", "seconds", "outcome", "calls of commands (writes)", "calls of steps (writes)")
    yield from _table(heads, (_row(act) for act in run.acts))
    if run.stopped:
        yield from ("", "## Why it stopped", "", f"    {_cell(run.stopped, whole=True)}")
    yield from ("", "## Differences from what is expected", "", *_list(run.differences, "None."))
    yield from ("", "## What took a while", "", *_list(_waits(run), "Nothing was waited for."))
    yield from ("", "## Errors that AWS answered", "")
    yield "Some belong to the normal course, for example when something is asked for that is not there yet."
    yield from ("", *_faults(run))
    yield from ("", "## Notes", "", *_list((f"{act.title}: {note}" for act in run.acts for note in act.notes), "None."))
    yield from ("", "## What is left", "", *_left(run))


def _row(act: Act) -> tuple[str, ...]:
    outcome = f"{len(act.differences)} differences" if act.outcome == "ok" and act.differences else act.outcome
    return act.title, f"{act.started:%H:%M:%S}", f"{act.seconds:.0f}", outcome, _tally(act.commands), _tally(act.steps)


def _tally(tally: Tally) -> str:
    return f"{tally.calls} ({tally.writes})" if tally.calls else "-"


def _waits(run: Run) -> Iterator[str]:
    for act in run.acts:
        yield from (f"{act.title}: {_waited(wait)}" for wait in act.waits)


def _waited(wait: Wait) -> str:
    looks = "1 look" if wait.tries == 1 else f"{wait.tries} looks"
    end = f"{wait.seconds:.1f} s, {looks}"
    return f"{wait.what}: {end}" if wait.came else f"{wait.what}: did NOT come within {end}"


def _faults(run: Run) -> Iterator[str]:
    rows = [(act.title, fault, number) for act in run.acts for fault, number in act.faults.items()]
    if not rows:
        yield "None."
        return
    heads = ("act", "by", "call", "code", "times", "message", "request id")
    yield from _table(heads, (_fault(*row) for row in rows))


def _fault(act: str, fault: Fault, number: int) -> tuple[str, ...]:
    return act, fault.by, fault.call, fault.code, str(number), fault.message, fault.request_id or "-"


def _left(run: Run) -> Iterator[str]:
    if run.kept:
        yield "Everything was kept, as asked for. To remove it:"
        yield from ("", *(f"    {command}" for command in run.kept))
        return
    left = run.leftovers
    if left is None:
        yield "Nobody has looked."
        return
    yield from left_over(left)


def left_over(left: Leftovers) -> Iterator[str]:
    """What is left, and how to remove it."""
    yield f"Looked at, by name, path and tag: {', '.join(left.looked_at)}."
    yield ""
    if left.found:
        yield from (f"- {kind}: `{name}`" for kind, names in left.found.items() for name in names)
        yield from ("", "To remove it:", "", *(f"    {command}" for command in left.commands))
    else:
        yield "Nothing is left."
    notes = [*(f"NOT looked at: {what}" for what in left.unlisted), *left.notes]
    if notes:
        yield from ("", *(f"- {note}" for note in notes))


def _list(lines: Iterable[str], otherwise: str) -> list[str]:
    return [f"- {_cell(line, whole=True)}" for line in lines] or [otherwise]


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(map(_cell, row))} |"


def _cell(text: str, *, whole: bool = False) -> str:
    """On one line, and with nothing in it that ends a cell."""
    line = " ".join(text.split())
    if not whole:
        line = line.replace("|", "\\|")
    return line if len(line) <= _LONGEST or whole else f"{line[:_LONGEST]}…"
