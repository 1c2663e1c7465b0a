"""Proves that a deployment completes while AWS throttles 30 % of all calls and fails 5 % of them, at random.

Fixed seeds. Every second failure comes after the call took effect. The state machines' own retries must carry each
execution to its end, and the end must be that of an undisturbed one.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from tests.harness.account import Account
from tests.harness.faults import RandomFaults
from tests.harness.picture import differences
from tests.proofs.crash import COMMANDS, Command, uninterrupted
from tests.proofs.projects import TWIN
from tests.proofs.report import Outcome, Report, options, spread

RUNS_EACH = 20


@dataclass(frozen=True)
class Run:
    """One run: the command, and the seed of its faults and of the order of what runs side by side."""

    command: Command
    seed: int


def check(account: Account, run: Run) -> Outcome:
    """Run it once under faults, and compare."""
    outcome, whole = Outcome(), uninterrupted(account, run.command, None)
    account.restore(whole.start)
    faults = RandomFaults(run.seed)
    done = run.command.run(account, faults=faults, seed=run.seed)
    outcome.counts["runs"] += 1
    outcome.counts["completed"] += done.succeeded
    outcome.counts["calls"] += len(done.calls)
    outcome.counts["of these throttled"] += faults.throttled
    outcome.counts["of these failed with 500"] += faults.failed
    where = f"{run.command.title}, seed {run.seed}"
    outcome.expect(done.succeeded, f"{where}: {done.error}: {done.cause[:600]}")
    outcome.failures += [f"{where}: {line}" for line in differences(whole.picture, account.picture())]
    outcome.expect(account.item(TWIN, "lock") is None, f"{where}: the lock is still held")
    return outcome


def main() -> int:
    """Run all of it and print the counts."""
    jobs = options(__doc__).parse_args().jobs
    runs = [Run(command, seed) for command in COMMANDS for seed in range(1, RUNS_EACH + 1)]
    report = Report(f"Fault proof: {len(runs)} runs, 30 % throttled, 5 % failing")
    spread(runs, check, jobs, report)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
