"""Proves what happens when executions run at once, in many shuffled orders of their AWS calls.

- two deployments of one twin: one at a time works on it, the other says who does, and the end is one deployment.
- a deployment and a destruction of one twin: the end is the deployed twin or nothing, never a part of it.
- deployments of two twins: both complete, and neither has touched the other.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace

from tests.harness.account import Account, Execution
from tests.harness.picture import Picture, differences
from tests.proofs.projects import SCENARIOS, TWIN, Project
from tests.proofs.report import Outcome, Report, options, spread

ORDERS = 20
DEPLOY = {"project": TWIN, "retain_data": False}
DESTROY = {"twin": TWIN, "retain_data": False}
_PROJECT = Project(SCENARIOS["c: L2 on Azure"])
_OTHER = replace(_PROJECT, twin="foundry")


@dataclass(frozen=True)
class Meeting:
    """What meets, in which order of the AWS calls."""

    kind: str
    seed: int


def check(account: Account, meeting: Meeting) -> Outcome:
    """Let them meet in an account where nothing, or with a destruction the twin itself, is deployed."""
    outcome = KINDS[meeting.kind](account, meeting.seed)
    outcome.counts[f"{meeting.kind}: tried"] += 1
    outcome.expect(account.item(TWIN, "lock") is None, "the lock is still held")
    outcome.failures = [f"{meeting.kind}, order {meeting.seed}: {failure}" for failure in outcome.failures]
    return outcome


def _twice(account: Account, seed: int) -> Outcome:
    outcome = Outcome()
    account.clear()
    account.upload(TWIN, _PROJECT.files)
    account.run("deploy", DEPLOY)
    fresh = account.picture()
    account.clear()
    account.upload(TWIN, _PROJECT.files)
    both = account.race([("deploy", DEPLOY), ("deploy", DEPLOY)], seed=seed)
    outcome.expect(any(each.succeeded for each in both), "none succeeded")
    _expect_locked_out(outcome, both)
    outcome.failures += differences(fresh, account.picture())
    return outcome


def _up_and_down(account: Account, seed: int) -> Outcome:
    outcome = Outcome()
    account.clear()
    account.upload(TWIN, _PROJECT.files)
    account.run("deploy", DEPLOY)
    fresh = account.picture()
    both = account.race([("deploy", DEPLOY), ("destroy", DESTROY)], seed=seed)
    outcome.expect(any(each.succeeded for each in both), "none succeeded")
    _expect_locked_out(outcome, both)
    left = account.picture()
    outcome.expect(not left or left == fresh, f"left is {differences(fresh, left)}")
    return outcome


def _two_twins(account: Account, seed: int) -> Outcome:
    outcome = Outcome()
    alone: Picture = {}
    for project in (_PROJECT, _OTHER):
        account.clear()
        account.upload(project.twin, project.files)
        account.run("deploy", {**DEPLOY, "project": project.twin})
        alone |= account.picture()
    account.clear()
    for project in (_PROJECT, _OTHER):
        account.upload(project.twin, project.files)
    both = account.race([("deploy", {**DEPLOY, "project": twin}) for twin in (TWIN, _OTHER.twin)], seed=seed)
    outcome.failures += [f"{each.name}: {each.error}: {each.cause}" for each in both if not each.succeeded]
    outcome.failures += differences(alone, account.picture())
    return outcome


def _expect_locked_out(outcome: Outcome, both: list[Execution]) -> None:
    for each, other in zip(both, reversed(both), strict=True):
        if not each.succeeded:
            outcome.counts["locked out, told by whom"] += 1
            told = each.error == "Locked" and other.name in each.cause
            outcome.expect(told, f"{each.name} ended with {each.error}: {each.cause}")


KINDS = {"deploy, deploy": _twice, "deploy, destroy": _up_and_down, "two twins": _two_twins}


def main() -> int:
    """Run all of it and print the counts."""
    jobs = options(__doc__).parse_args().jobs
    report = Report(f"Concurrency proof: {ORDERS} orders of everything that meets")
    spread([Meeting(kind, seed) for kind in KINDS for seed in range(1, ORDERS + 1)], check, jobs, report)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
