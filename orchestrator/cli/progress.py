"""The live view of an execution: one line per step, and a bar under them in a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from deploy_steps.errors import RETRYABLE
from orchestrator.cli.options import Target
from orchestrator.operations import executions

STYLES = {
    "created": "green",
    "updated": "yellow",
    "deleted": "magenta",
    "retained": "cyan",
    "drifted": "yellow",
    "failed": "bold red",
    "waiting": "dim yellow",
    "create": "green",
    "update": "yellow",
    "remove": "magenta",
}
_QUIET = "dim"
_BOOKKEEPING = {
    ("findings", "list"): "listed",
    ("lock", "release"): "unlocked",
    ("lock", "take"): "locked",
    ("permissions", "check"): "checked",
    ("project", "load"): "loaded",
    ("outcome", "confirm"): "recorded",
    ("outcome", "record"): "recorded",
    ("start", "record"): "recorded",
    ("report", "write"): "written",
    ("result", "announce"): "announced",
    ("rollback", "load"): "loaded",
    ("twin", "compare"): "compared",
    ("twin", "load"): "loaded",
    ("url", "prove"): "proved",
}
WOULD = {"created": "create", "updated": "update", "deleted": "remove", "unchanged": "keep", "retained": "keep data"}
"""What a plan calls the outcomes: none of it has happened."""

_WAITED_FOR = {error.__name__ for error in RETRYABLE}
_POLL_SECONDS = {True: 0.1, False: executions.POLL_SECONDS}  # the embedded cloud has no rate limit


def show(
    console: Console, target: Target, run: executions.Run, shown: Callable[[executions.Step], bool] = lambda _: True
) -> executions.Ending:
    """Show the steps of a run until it ends; `shown` says which of them get a line."""
    steps = executions.follow(target.aws, target.installation, run, every=_POLL_SECONDS[target.local])
    if console.is_terminal:
        _live(console, run, steps, shown)
    else:
        for step in filter(shown, steps):
            console.print(line(step), soft_wrap=True)
    return executions.ending(target.aws, run)


def line(step: executions.Step) -> Text:
    """One finished step: outcome, kind, resource, duration, and why it failed if it did."""
    outcome = shown_outcome(step)
    text = resource(outcome, step.kind, step.name).append(f"  {step.seconds:.2f} s", "dim")
    if step.failed:
        text.append(f"  {step.error}: {step.message}", STYLES[outcome])
    return text


def resource(outcome: str, kind: str, name: str) -> Text:
    """What became of a resource, in the columns that all such lines share."""
    return Text.assemble((f"  {outcome:<10}", STYLES.get(outcome, _QUIET)), f"{kind:<18}", name)


def shown_outcome(step: executions.Step) -> str:
    """What a person reads. An error that the state machine waits on is no failure yet."""
    if step.failed:
        return "waiting" if step.error in _WAITED_FOR else "failed"
    outcome = _BOOKKEEPING.get((step.kind, step.verb), step.outcome)
    return WOULD.get(outcome, outcome) if step.dry_run else outcome


def _live(
    console: Console,
    run: executions.Run,
    steps: Iterator[executions.Step],
    shown: Callable[[executions.Step], bool],
) -> None:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=40),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(run.name, total=None)
        done: set[tuple[str, str, str]] = set()
        expected = 0
        for step in steps:
            if shown(step):
                bar.console.print(line(step), soft_wrap=True)
            if not step.failed:
                done.add((step.verb, step.kind, step.name))
            expected = step.expected_steps or expected
            # A run that takes down what a mapping no longer needs does more than the plan counted on.
            bar.update(task, completed=len(done), total=max(expected, len(done)) if expected else None)
