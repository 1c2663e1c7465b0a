"""Proves both answers to a failure that no retry gets over: each AWS call of a deployment is denied once, in turn.

- keep: the execution fails, says which call was denied, and gives the lock back; run again, it ends where an
  undisturbed one ends.
- rollback: the execution fails and leaves what was there before it. Past the point of no return, where all that the
  project wants is in place and what cannot be brought back is being removed, it leaves the rest to the next run.

What runs side by side is tried in plain order and in a shuffled one: tasks that had begun when a sibling failed then
go on, and their calls take effect late.

Only what comes after a deployment (writing down its outcome, giving the lock back) undoes nothing when it is denied.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from tests.harness.account import Account
from tests.harness.faults import Deny
from tests.harness.picture import differences
from tests.proofs.crash import COMMANDS, DEPLOY, ORDERS, Command, uninterrupted
from tests.proofs.projects import TWIN
from tests.proofs.report import Outcome, Report, options, spread

DEPLOYMENTS = tuple(command for command in COMMANDS if command.machine == "deploy")


@dataclass(frozen=True)
class Denial:
    """One point of failure: the deployment, what it shall do about a failure, the call that is denied."""

    command: Command
    on_failure: str
    number: int
    order: int | None = None


def check(account: Account, denial: Denial) -> Outcome:
    """Deny one call, and see what is left."""
    outcome, whole = Outcome(), uninterrupted(account, denial.command, denial.order)
    account.restore(whole.start)
    before = account.picture()
    done = account.run(
        "deploy", {**DEPLOY, "on_failure": denial.on_failure}, faults=Deny(denial.number), seed=denial.order
    )
    where = (
        f"{denial.command.title}, {denial.on_failure}, call {denial.number} denied, order {denial.order} "
        f"({done.calls[denial.number - 1]})"
    )
    outcome.counts[f"{denial.on_failure}: calls denied"] += 1
    lines = ["the lock is still held"] if account.item(TWIN, "lock") and "DeleteItem" not in where else []
    if done.succeeded or done.error == "NotRecorded":
        outcome.counts[f"{denial.on_failure}: was done already"] += 1
        lines += differences(whole.picture, account.picture())
    elif denial.on_failure == "rollback" and (done.error == "RolledBack" or account.picture() == before):
        outcome.counts["rollback: failed, as before"] += 1
        lines += differences(before, account.picture())
    else:
        past = denial.on_failure == "rollback"
        outcome.counts["rollback: failed past no return" if past else "keep: failed, naming the call"] += 1
        wanted = "All that the project wants is in place" if past else done.calls[denial.number - 1].operation
        lines += [] if wanted in done.cause else [f"does not say {wanted}: {done.error}: {done.cause[:300]}"]
        again = denial.command.run(account)
        lines += [] if again.succeeded else [f"run again, it ended with {again.error}: {again.cause[:300]}"]
        lines += differences(whole.picture, account.picture())
    if lines:
        outcome.failures.append(f"{where}: {'; '.join(lines)[:500]} ({done.error}: {done.cause[:500]})")
    return outcome


def denials(account: Account, commands: tuple[Command, ...]) -> list[Denial]:
    """Every call of every deployment, with either wish."""
    return [
        Denial(command, on_failure, number, order)
        for command in commands
        for on_failure in ("keep", "rollback")
        for order in ORDERS
        for number in range(1, uninterrupted(account, command, order).calls + 1)
    ]


def main() -> int:
    """Run all of it and print the counts."""
    jobs = options(__doc__).parse_args().jobs
    report = Report(f"Rollback proof: {len(DEPLOYMENTS)} deployments, every AWS call denied")
    with Account() as account:
        tried = denials(account, DEPLOYMENTS)
    spread(tried, check, jobs, report)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
