"""`gluecode replay`: put back in what lies in a twin's failure queue."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from orchestrator.cli import output
from orchestrator.cli.options import Target, json_option, target_options, twin_argument
from orchestrator.core.errors import GluecodeError
from orchestrator.operations import failure_queue
from orchestrator.operations import replay as replaying
from orchestrator.operations.failure_queue import FailureQueue
from orchestrator.operations.replay import Handled

_STYLES = {"replayed": "green", "kept": "yellow", "unreadable": "red"}


@click.command()
@twin_argument
@click.option("--dry-run", is_flag=True, help="Only show what lies there and where it would be put back in.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Put back at most N events. [default: all]")
@target_options
@json_option
def replay(twin: str, dry_run: bool, limit: int | None, target: Target, json_wanted: bool) -> None:
    """Put failed events back in, each where it failed.

    Goes through the failure queue of TWIN once. An event leaves the queue only after Lambda has accepted it again, and
    keeps its trace id. What cannot be put back, or cannot be read, stays there, with the reason: exit code 1.

    \b
    Example:
      gluecode replay my-twin --dry-run
      gluecode replay my-twin --limit 100
    """
    queue = failure_queue.find(target.aws, twin)
    with _progress(queue, limit) as tell:
        handled = replaying.replay(target.aws, twin, queue, dry_run=dry_run, limit=limit, tell=tell)
    counts = {outcome: sum(each.outcome == outcome for each in handled) for outcome in _STYLES}
    if json_wanted:
        events = [{**vars(each), "since": each.since.isoformat()} for each in handled]
        output.as_json({"twin": twin, "queue": queue.name, "dry_run": dry_run, **counts, "events": events})
    else:
        _show(handled, counts, queue.name, dry_run=dry_run)
    _conclude(twin, target, counts, dry_run=dry_run)


@contextmanager
def _progress(queue: FailureQueue, limit: int | None) -> Iterator[Callable[[Handled], None]]:
    """What to call for each message: it counts them, in a terminal visibly."""
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=40), MofNCompleteColumn(), TimeElapsedColumn())
    console = output.progress()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(queue.name, total=None)

        def count(_handled: Handled) -> None:
            bar.advance(task)
            expected = min(queue.estimate, limit or queue.estimate)
            bar.update(task, total=max(expected, bar.tasks[0].completed))

        yield count


def _show(handled: Sequence[Handled], counts: dict[str, int], queue: str, *, dry_run: bool) -> None:
    if not handled:
        output.tell(f"Nothing lies in {queue}.", "green")
        return
    output.results().print(_table(handled, dry_run=dry_run))
    parts = [f"{counts['replayed']} {'would be put back' if dry_run else 'put back'}"]
    parts += [f"{counts[outcome]} {outcome}" for outcome in ("kept", "unreadable") if counts[outcome]]
    output.tell(f"{', '.join(parts)}.", "bold")


def _table(handled: Sequence[Handled], *, dry_run: bool) -> Table:
    """One row for all messages that have all of this in common."""
    groups: dict[tuple[str, str, str, str], list[Handled]] = defaultdict(list)
    for each in handled:
        groups[each.outcome, each.function, each.reason, each.why].append(each)
    headings = ("events", "", "to", "failed with", "oldest (UTC)", "for example", "")
    shown = output.table(*headings, numbers=("events",))
    for (outcome, function, reason, why), group in sorted(groups.items(), key=lambda item: -len(item[1])):
        first = min(group, key=lambda each: each.since)
        shown.add_row(
            str(len(group)),
            Text("to put back" if dry_run and outcome == "replayed" else outcome, _STYLES[outcome]),
            function,
            reason,
            f"{first.since:%Y-%m-%d %H:%M:%S}",
            first.trace_id or f"message {first.message_id}",
            why,
        )
    return shown


def _conclude(twin: str, target: Target, counts: dict[str, int], *, dry_run: bool) -> None:
    if dry_run:
        if counts["replayed"]:
            output.say(f"Next: gluecode replay {twin}{target.flags}", "dim")
        return
    if counts["replayed"]:
        output.say(
            f"What fails again comes back: `gluecode replay {twin} --dry-run{target.flags}` shows it; "
            "`gluecode trace ID` shows one event's way.",
            "dim",
        )
    stayed = counts["kept"] + counts["unreadable"]
    if stayed:
        raise GluecodeError(
            f"{stayed} {'message stays' if stayed == 1 else 'messages stay'} in the failure queue; the table says why.",
            "Remove the cause and replay again; what cannot be read has to be looked at, and deleted, in SQS itself.",
        )
