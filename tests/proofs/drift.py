"""Proves that whatever is changed by hand is named by inspect, field by field, and repaired by deploy and nothing else.

For every drift of the table in `drifts`: inspect of the untouched twin names nothing; inspect of the changed one names
exactly the changed resource and field, and writes nothing; deploy makes exactly the writing calls that repair it, and
leaves what a fresh deployment leaves, also when it is cut off after any of them and started again.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from tests.harness.account import CUT, Account, Execution, Saved
from tests.harness.faults import CutAfter
from tests.harness.picture import Picture, differences
from tests.proofs.drifts import DRIFTS, Drift, titled
from tests.proofs.projects import TWIN, Project
from tests.proofs.report import Outcome, Report, options, spread


@dataclass(frozen=True)
class Untouched:
    """A project deployed on an empty account and inspected: the account, what is in it, what inspect found."""

    account: Saved
    picture: Picture
    found: dict[str, list[str]]


_UNTOUCHED: dict[tuple[Account, Project], Untouched] = {}


def untouched(account: Account, project: Project) -> Untouched:
    """Deploy and inspect a project; remembered, since many drifts start from it."""
    known = _UNTOUCHED.get((account, project))
    if known is None:
        account.clear()
        account.upload(TWIN, project.files)
        account.run("deploy", {"project": TWIN})
        picture = account.picture()
        found = found_by(account.run("inspect", {"twin": TWIN}))
        known = _UNTOUCHED[account, project] = Untouched(account.save(), picture, found)
    return known


def check(account: Account, drift: Drift) -> Outcome:
    """From a deployed twin: change by hand, inspect, deploy again."""
    outcome, start = Outcome(), untouched(account, drift.project)
    account.restore(start.account)
    outcome.expect(not start.found, f"{drift.title}: inspect found drift before it")
    drift.do(account.client)
    outcome.counts["drifts made by hand"] += 1

    seen = account.run("inspect", {"twin": TWIN})
    found = found_by(seen)
    named = sorted(drift.found) == sorted(found) and any(
        field.startswith(drift.field) for field in found[drift.found[0]]
    )
    outcome.counts["named by inspect, and nothing else"] += named
    outcome.expect(
        seen.succeeded and not seen.writes, f"{drift.title}: inspect ended {seen.error}, wrote {seen.writes}"
    )
    outcome.expect(named, f"{drift.title}: inspect found {found}, not {drift.found}: {drift.field}")

    repaired = account.run("deploy", {"project": TWIN})
    calls = [str(call).split(":", 1)[1] for call in repaired.writes]
    outcome.counts["writing calls of the repairs"] += len(calls)
    outcome.counts["repaired by exactly those"] += calls == list(drift.repair)
    outcome.expect(repaired.succeeded, f"{drift.title}: deploy ended with {repaired.error}: {repaired.cause}")
    outcome.expect(calls == list(drift.repair), f"{drift.title}: deploy called {calls}, not {list(drift.repair)}")
    outcome.failures += [f"{drift.title}: {line}" for line in differences(start.picture, account.picture())]
    return outcome


def interrupted(account: Account, drift: Drift) -> Outcome:
    """The same, but the repair is cut off after each of its writing calls in turn, and started again."""
    outcome, start = Outcome(), untouched(account, drift.project)
    account.restore(start.account)
    drift.do(account.client)
    drifted = account.save()
    repaired = account.run("deploy", {"project": TWIN})
    ours = [number for number, call in enumerate(repaired.calls, 1) if call in repaired.writes]
    for number in ours:
        account.restore(drifted)
        cut = account.run("deploy", {"project": TWIN}, faults=CutAfter(number))
        again = account.run("deploy", {"project": TWIN})
        case = f"{drift.title}, cut off after {repaired.calls[number - 1]}"
        outcome.counts["repairs cut off and started again"] += 1
        outcome.expect(cut.status == CUT and again.succeeded, f"{case}: {cut.status}, then {again.cause}")
        outcome.failures += [f"{case}: {line}" for line in differences(start.picture, account.picture())]
    return outcome


def check_titled(account: Account, title: str) -> Outcome:
    """Check the drift of that title: what makes it is a function, which cannot be handed to another process."""
    whole, cut_off = check(account, titled(title)), interrupted(account, titled(title))
    return Outcome(whole.counts + cut_off.counts, whole.failures + cut_off.failures)


def found_by(inspected: Execution) -> dict[str, list[str]]:
    """`kind name` of each finding of inspect → the fields that it names."""
    return {
        f"{finding['kind']} {finding['name']}": [change["field"] for change in finding["changes"]] or [""]
        for finding in inspected.output["findings"]
    }


def main() -> int:
    """Run all of it and print the counts."""
    jobs = options(__doc__).parse_args().jobs
    report = Report(f"Drift proof: {len(DRIFTS)} changes by hand")
    spread([drift.title for drift in DRIFTS], check_titled, jobs, report)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
