"""Proves an upgrade from the state before the restructuring: twins that it deployed go on under this checkout.

On one embedded cloud, which enforces IAM, the earlier commit is installed and deploys twins of three mappings; then
this checkout is installed over it.

- A twin that was not deployed again since: `inspect` finds nothing; a deployment that fails rolls back to the plan of
  the earlier release, under the new roles; `destroy` leaves nothing, also where nothing but the earlier release has
  written about the twin.
- A twin that is deployed again, while events flow: roles and the dashboard are replaced by those with names of this
  release, no other resource is, and no event is lost. Every AWS call of the step functions is counted on its way, not
  taken from the product's journal.
- Events that wait in an outbox since before the upgrade arrive; an execution that was broken off is resumed; one that
  was running meanwhile does no harm; an upload to the bucket still starts a deployment; reports and the history of
  earlier runs can be read.

It needs the history of the repository, and skips itself without.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.proofs.report import Report
from tests.upgrade import twins
from tests.upgrade.proof import Lines, Proof, Twin
from tests.upgrade.releases import EARLIER, ROOT, has_history, install, releases
from tests.upgrade.twins import BATCHED, MAPPINGS, PUBLIC, WHOLE, Mapping

_BEFORE = "before its first redeployment: "


@dataclass(frozen=True)
class Twins:
    """The twins of the earlier release, by what becomes of them: deployed `again`; rolled `back`, then destroyed;
    `gone` as soon as the upgrade is done; `waiting` for a switched-off event source; with a first deployment that was
    `broken_off`, or that is `running` during the upgrade. With `--only` some are not there.
    """

    again: Sequence[Twin]
    back: Sequence[Twin]
    gone: Sequence[Twin]
    waiting: Sequence[Twin]
    broken_off: Sequence[Twin]
    running: Sequence[Twin]

    @property
    def whole(self) -> list[Twin]:
        """Those whose deployment had ended before the upgrade."""
        return [*self.again, *self.back, *self.gone, *self.waiting]


def prove(proof: Proof, chosen: Sequence[Mapping]) -> None:
    """All of it, in order."""
    release, tasks = install(proof.old)["release"], proof.account.tasks()
    made = deploy(proof, chosen)
    running = [proof.started(twin, lines=1) for twin in made.running]
    upgrade(proof, release, tasks, running)
    now = proof.account.photograph()
    for twin in made.whole:
        proof.of(twin, ("the upgrade itself changes nothing of a twin", partial(proof.untouched, photograph=now)))
    before_redeployment(proof, made)
    redeployment(proof, made)
    under_way(proof, made)
    for twin in made.again:
        if twin.mapping is WHOLE:
            proof.of(twin, ("an upload starts a deployment", proof.uploaded))
        proof.of(twin, ("destroy leaves nothing", proof.destroyed))
    proof.check("uninstall leaves nothing of either release", "orchestrator", proof.uninstalled)
    proof.check("no worker ran code from outside its zip", "workers", proof.ran_zips)


def deploy(proof: Proof, chosen: Sequence[Mapping]) -> Twins:
    """What the earlier release does: deploys twins, has events wait in two of them, and is broken off at one."""
    batched = [mapping for mapping in chosen if mapping is BATCHED]
    made = Twins(
        again=[proof.deployed(mapping, "again") for mapping in chosen],
        back=[proof.deployed(mapping, "back") for mapping in chosen],
        gone=[proof.deployed(mapping, "gone") for mapping in chosen],
        waiting=[proof.deployed(mapping, "waiting") for mapping in batched],
        broken_off=[proof.broken_off(mapping) for mapping in chosen if mapping is WHOLE],
        running=[proof.twin(mapping, "running") for mapping in chosen if mapping is PUBLIC],
    )
    for twin in (*made.waiting, *(twin for twin in made.gone if twin.mapping is BATCHED)):
        proof.hold_back(twin)
    proof.remember(made.whole)
    return made


def upgrade(proof: Proof, release: str, tasks: dict[str, str], running: Sequence[subprocess.Popen[str]]) -> None:
    """Install this checkout over the earlier release, while deployments of that one may be running."""

    def upgraded() -> Lines:
        done = install(proof.new)
        lines = [] if done["outcome"] == "updated" else [f"it is {done['outcome']}"]
        lines += [] if done["before"] == release != done["release"] else [f"from {done['before']} to {done['release']}"]
        now = proof.account.tasks()
        return [*lines, *(f"still of the earlier code: {name}" for name in sorted(now) if tasks.get(name) == now[name])]

    def unchanged() -> Lines:
        done = install(proof.new)
        return [] if done["outcome"] == "unchanged" else [f"it is {done['outcome']}"]

    proof.check("upgraded in place", "orchestrator", upgraded)
    for process in running:
        process.communicate(timeout=240)  # whichever way it ends
    proof.check("installed once more: unchanged", "orchestrator", unchanged)


def before_redeployment(proof: Proof, made: Twins) -> None:
    """Twins about which this release has not written anything yet."""
    for twin in made.back:
        proof.of(
            twin,
            (f"{_BEFORE}an event crosses", proof.crosses),
            (f"{_BEFORE}inspect finds nothing", proof.inspected),
            (f"{_BEFORE}the report of its earlier run", proof.reported),
            (f"{_BEFORE}a failed deployment rolls back", proof.rolls_back),
            ("after the rollback: an event crosses", proof.crosses),
            ("after the rollback: inspect finds nothing", proof.inspected),
            ("after the rollback: its history", lambda twin: proof.history(twin, "rolled back", "deployed")),
            ("after the rollback: destroy leaves nothing", proof.destroyed),
        )
    for twin in made.gone:
        if twin.mapping is BATCHED:
            proof.of(twin, (f"{_BEFORE}destroy keeps waiting events", proof.kept_with_data))
        proof.of(twin, (f"{_BEFORE}destroy leaves nothing", proof.destroyed))


def redeployment(proof: Proof, made: Twins) -> None:
    """Twins that are deployed again, the same files."""
    for twin in made.again:
        proof.of(
            twin,
            ("plan: replaces roles and dashboard alone", proof.planned),
            ("redeployed under events: roles replaced, no event lost", proof.deployed_again),
            ("redeployed: an event crosses", proof.crosses),
            ("redeployed: inspect finds nothing", proof.inspected),
            ("redeployed: once more, nothing is written", proof.deployed_once_more),
            ("redeployed: its history", lambda twin: proof.history(twin, "deployed", "deployed", "deployed")),
        )
    for twin in made.waiting:
        proof.of(
            twin,
            (f"{_BEFORE}inspect finds a drift", lambda twin: proof.inspected(twin, ("event-source", "enabled"))),
            ("redeployed: waiting events arrive", proof.released),
            ("redeployed: inspect finds nothing", proof.inspected),
            ("destroy leaves nothing", proof.destroyed),
        )


def under_way(proof: Proof, made: Twins) -> None:
    """Twins whose first deployment did not end in the ordinary way."""
    for twins_of, heading, end in (
        (made.broken_off, "broken off before the upgrade", proof.resumed),
        (made.running, "running during the upgrade", proof.completed),
    ):
        for twin in twins_of:
            proof.of(
                twin,
                (f"{heading}: completed", end),
                (f"{heading}: an event crosses", proof.crosses),
                (f"{heading}: inspect finds nothing", proof.inspected),
                ("destroy leaves nothing", proof.destroyed),
            )


def main() -> int:
    """Run all of it and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    names = tuple(mapping.name for mapping in MAPPINGS)
    parser.add_argument("--only", choices=names, nargs="+", default=names, help="twins of these mappings alone")
    parser.add_argument("--server", choices=("old", "new"), default="new", help="whose embedded cloud it runs on")
    given = parser.parse_args()
    if not has_history():
        print(f"skipped: the history of {ROOT} does not have the commit {EARLIER[:7]} (`git fetch --unshallow`)")
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the embedded cloud must not outlive the proof
    report = Report(f"Upgrade proof: from {EARLIER[:7]} to this checkout")
    with (
        tempfile.TemporaryDirectory(prefix="upgrade-") as folder,
        twins.others() as clouds,
        releases(Path(folder)) as both,
    ):
        (both.old if given.server == "old" else both.new).done("local", "up", "--enforce-iam")
        proof = Proof(both, clouds, report)
        prove(proof, [mapping for mapping in MAPPINGS if mapping.name in given.only])
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
