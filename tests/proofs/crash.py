"""Proves that a deployment can be killed anywhere: it is cut off after each of its AWS calls in turn, then run again.

Three ways to lose the answer of a call that took effect, each tried at every call:

- cut: the whole process is gone, and with it the execution. The same command, run again, must end where an
  uninterrupted one ends. What runs side by side is tried in plain and in shuffled order.
- worker: the Lambda worker is gone. The state machine retries its step, so the execution itself must succeed.
- answer: the connection is gone. botocore sends the call once more, so the step itself must succeed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from tests.harness.account import CUT, Account, Execution, Saved
from tests.harness.faults import CutAfter, Faults, LoseAnswer, LoseWorker
from tests.harness.picture import Picture, differences
from tests.proofs.projects import L2_ALONE, SCENARIOS, TWIN, Project
from tests.proofs.report import Outcome, Report, options, spread

DEPLOY = {"project": TWIN, "retain_data": False}
DESTROY = {"twin": TWIN, "retain_data": False}
ORDERS: tuple[int | None, ...] = (None, 1)
FAULTS: dict[str, Callable[[int], Faults]] = {"cut": CutAfter, "worker": LoseWorker, "answer": LoseAnswer}


@dataclass(frozen=True)
class Command:
    """What is interrupted: a machine and its input, over what was deployed before."""

    title: str
    machine: str
    request: tuple[tuple[str, Any], ...]
    project: Project
    before: Project | None = None

    def run(self, account: Account, **options: Any) -> Execution:
        """Run it once."""
        return account.run(self.machine, dict(self.request), **options)


_A, _, _C = (Project(mapping) for mapping in SCENARIOS.values())
_ALONE = Project(L2_ALONE)
_BATCHING = replace(_ALONE, batching=True)
_CHANGED = Project(
    L2_ALONE,
    devices=("oven", "lathe"),
    own=(("lathe", 3),),
    event_checking=False,
    threshold=90,
)
COMMANDS = (
    *(
        Command(f"deploy {name}", "deploy", tuple(DEPLOY.items()), Project(mapping))
        for name, mapping in SCENARIOS.items()
    ),
    Command("change c into L2 alone, other devices", "deploy", tuple(DEPLOY.items()), _CHANGED, before=_C),
    Command("change L2 alone into a", "deploy", tuple(DEPLOY.items()), _A, before=_ALONE),
    Command("switch batching on", "deploy", tuple(DEPLOY.items()), _BATCHING, before=_ALONE),
    Command("switch batching off", "deploy", tuple(DEPLOY.items()), _ALONE, before=_BATCHING),
    Command("destroy a", "destroy", tuple(DESTROY.items()), _A, before=_A),
    Command("destroy c", "destroy", tuple(DESTROY.items()), _C, before=_C),
)


@dataclass(frozen=True)
class Uninterrupted:
    """Where a command starts from, what it makes of it, and in how many calls."""

    start: Saved
    picture: Picture
    calls: int


_KNOWN: dict[tuple[Command, int | None], Uninterrupted] = {}


@dataclass(frozen=True)
class Point:
    """One crash point: the command, the order of what runs side by side, the way of losing the answer, the call."""

    command: Command
    order: int | None
    fault: str
    number: int


def uninterrupted(account: Account, command: Command, order: int | None) -> Uninterrupted:
    """Run a command to its end; remembered, since every crash point needs it."""
    known = _KNOWN.get((command, order))
    if known is None:
        known = _KNOWN[command, order] = _run_to_end(account, command, order)
    return known


def _run_to_end(account: Account, command: Command, order: int | None) -> Uninterrupted:
    account.clear()
    if command.before:
        account.upload(TWIN, command.before.files)
        _must(account.run("deploy", DEPLOY))
    account.upload(TWIN, command.project.files)
    start = account.save()
    done = _must(command.run(account, seed=order))
    return Uninterrupted(start, account.picture(), len(done.calls))


def _must(done: Execution) -> Execution:
    if not done.succeeded:
        raise RuntimeError(f"An uninterrupted run ended with {done.error}: {done.cause}")
    return done


def check(account: Account, point: Point) -> Outcome:
    """Interrupt a command at one point, run it again if it did not end well, and compare."""
    outcome, whole = Outcome(), uninterrupted(account, point.command, point.order)
    account.restore(whole.start)
    where = f"{point.command.title}, {point.fault} after call {point.number} (order {point.order})"
    outcome.counts[f"{point.fault}: points tried"] += 1
    first = point.command.run(account, faults=FAULTS[point.fault](point.number), seed=point.order)
    where += f" {first.calls[point.number - 1]}" if len(first.calls) >= point.number else ""
    if point.fault == "cut":
        outcome.expect(first.status == CUT, f"{where}: was not cut")
        last = point.command.run(account)
    else:
        last = first
    lines = [] if last.succeeded else [f"ended with {last.error}: {last.cause[:600]}"]
    lines += differences(whole.picture, account.picture())
    lines += ["the lock is still held"] if account.item(TWIN, "lock") else []
    outcome.counts[f"{point.fault}: converged"] += not lines
    outcome.failures += [f"{where}: {line}" for line in lines]
    return outcome


def points(account: Account, commands: tuple[Command, ...], orders: tuple[int | None, ...]) -> list[Point]:
    """Every call of every command, lost in every way."""
    return [
        Point(command, order, fault, number)
        for command in commands
        for fault in FAULTS
        for order in (orders if fault == "cut" else orders[:1])
        for number in range(1, uninterrupted(account, command, order).calls + 1)
    ]


def main() -> int:
    """Run all of it and print the counts."""
    parser = options(__doc__)
    parser.add_argument("--only", default="", help="only the commands whose title contains this")
    given = parser.parse_args()
    commands = tuple(command for command in COMMANDS if given.only in command.title)
    report = Report(f"Crash proof: every AWS call of {', '.join(command.title for command in commands)}")
    with Account() as account:
        tried = points(account, commands, ORDERS)
    spread(tried, check, given.jobs, report)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
