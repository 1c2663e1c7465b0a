"""Proves by 200 random sequences of deploy, change, destroy, drift and crash that the invariant holds.

After every completed deploy the account is what a fresh deployment of the same project makes of an empty one; after
every completed destroy it is empty. A sequence that breaks this is shrunk to the shortest one that does, and printed.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from typing import Any, ClassVar

from botocore.exceptions import ClientError
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from tests.harness.account import Account, Execution
from tests.harness.faults import CutAfter, Faults
from tests.harness.picture import Picture, differences
from tests.proofs.drifts import DRIFTS, Drift
from tests.proofs.projects import MAPPINGS, TWIN, Project

SEQUENCES = 200
STEPS = 8
DEPLOY = {"project": TWIN, "retain_data": False}
DESTROY = {"twin": TWIN, "retain_data": False}

_OWN = st.sampled_from([(), (("press", 2),), (("press", 3),), (("oven", 5), ("press", 2))])
PROJECTS = st.builds(
    Project,
    mapping=st.sampled_from(MAPPINGS),
    own=_OWN,
    devices=st.sampled_from([("oven", "press"), ("oven", "press", "lathe")]),
    event_checking=st.booleans(),
    threshold=st.sampled_from([80, 90]),
    token=st.sampled_from(["T0ken-of-the-other-cloud", "An0ther-token"]),
    host=st.sampled_from(["ingest.example.com", "elsewhere.example.com"]),
    batching=st.booleans(),
)


class Sequence(RuleBasedStateMachine):
    """One account that goes through whatever comes. The class holds what all sequences share."""

    account: ClassVar[Account]
    counts: ClassVar[Counter[str]] = Counter()
    fresh: ClassVar[dict[Project, Picture]] = {}

    def __init__(self) -> None:
        super().__init__()
        self.account.clear()
        self.project: Project | None = None
        self.recorded = False  # what is there is what a completed deployment left, and has a record of
        self.counts["sequences"] += 1

    @initialize(project=PROJECTS)
    def begin(self, project: Project) -> None:
        """Every sequence begins with a deployment."""
        self._deploy(project)

    @rule(project=PROJECTS)
    def deploy(self, project: Project) -> None:
        """Deploy a project over whatever is there."""
        self._deploy(project)

    @rule(project=PROJECTS, call=st.integers(5, 120), seed=st.integers(0, 3))
    def crash_in_deploy(self, project: Project, call: int, seed: int) -> None:
        """Cut a deployment off somewhere; nothing is promised until the next one completes."""
        self._deploy(project, CutAfter(call), seed or None)

    @precondition(lambda self: self.project is not None)
    @rule(call=st.integers(2, 90), seed=st.integers(0, 3))
    def crash_in_destroy(self, call: int, seed: int) -> None:
        """Cut a destruction off somewhere."""
        self._destroy(CutAfter(call), seed or None)

    @precondition(lambda self: self.project is not None)
    @rule()
    def destroy(self) -> None:
        """Remove the twin."""
        self._destroy()

    @precondition(lambda self: self.project is not None)
    @rule(first=st.integers(0, len(DRIFTS) - 1), repair=st.booleans())
    def drift(self, first: int, repair: bool) -> None:
        """Change something by hand: the first drift of the table, from somewhere on, whose resource is there."""
        self._change_by_hand(first)
        if repair and self.project:
            self._deploy(self.project)

    def _change_by_hand(self, first: int) -> None:
        """Make the first drift from there on that can be made.

        Tags are stripped only of what a completed deployment has a record of: nothing tells a thing that was cut off
        before there was a record, and then lost its tags, from a stranger's of that name, which is to be left alone.
        """
        for drift in (*DRIFTS[first:], *DRIFTS[:first]):
            if (self.recorded or "tags stripped" not in drift.title) and self._made(drift):
                self.counts["drifts"] += 1
                return

    def _made(self, drift: Drift) -> bool:
        try:
            drift.do(self.account.client)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if any(
                text in code for text in ("NotFound", "NoSuchEntity", "NonExistent", "DoesNotExist", "Unauthorized")
            ):
                return False
            raise
        return True

    def _deploy(self, project: Project, faults: Faults | None = None, seed: int | None = None) -> None:
        wanted = self._fresh(project)
        self.account.upload(TWIN, project.files)
        self.project = project
        done = self.account.run("deploy", DEPLOY, faults=faults, seed=seed)
        self.recorded = self._completed("deploys", done)
        if self.recorded:
            assert differences(wanted, self.account.picture()) == []

    def _destroy(self, faults: Faults | None = None, seed: int | None = None) -> None:
        done = self.account.run("destroy", DESTROY, faults=faults, seed=seed)
        if self._completed("destroys", done):
            self.project = None
            assert sorted(self.account.picture()) == []

    def _completed(self, what: str, done: Execution) -> bool:
        if done.status == "CUT":
            self.counts[f"{what} cut off"] += 1
            return False
        assert done.succeeded, f"{done.error}: {done.cause}"
        assert self.account.item(TWIN, "lock") is None
        self.counts[f"{what} completed"] += 1
        return True

    def _fresh(self, project: Project) -> Picture:
        if project not in self.fresh:
            before = self.account.save()
            self.account.clear()
            self.account.upload(TWIN, project.files)
            done = self.account.run("deploy", DEPLOY)
            assert done.succeeded, f"{done.error}: {done.cause}"
            self.fresh[project] = self.account.picture()
            self.account.restore(before)
        return self.fresh[project]


def run(sequences: int, steps: int, *, shrink: bool = True) -> Counter[str]:
    """Try so many sequences of at most so many steps. Raises AssertionError with one that fails."""
    phases = (Phase.generate, Phase.shrink) if shrink else (Phase.generate,)
    options: dict[str, Any] = {
        "phases": phases,
        "suppress_health_check": list(HealthCheck),
        "deadline": None,
        "database": None,
    }
    with Account() as Sequence.account:
        Sequence.counts.clear()
        run_state_machine_as_test(
            Sequence, settings=settings(max_examples=sequences, stateful_step_count=steps, derandomize=True, **options)
        )
    return Sequence.counts


def main() -> int:
    """Run all of it and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sequences", type=int, default=SEQUENCES)
    options = parser.parse_args()
    started = time.monotonic()
    counts = run(options.sequences, STEPS)
    print(f"\nSequence proof: random sequences, fixed seed  ({time.monotonic() - started:.0f} s)")
    for heading, count in counts.items():
        print(f"  {heading:<22}  {count:>7,}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
