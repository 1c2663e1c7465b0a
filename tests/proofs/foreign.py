"""Proves that what the twin did not make is neither changed nor deleted, that the error says so, and how to adopt it.

For every stranger of the table in `strangers`: deploy fails as ForeignResource, naming it and `adopt`; deploy and
destroy leave it as it was; with `"adopt": true` a deployment takes it over and ends where a fresh one ends.
"""

from __future__ import annotations

import sys

from tests.harness.account import Account
from tests.harness.picture import differences
from tests.proofs.projects import TWIN, Project
from tests.proofs.reconcile import fresh_picture
from tests.proofs.report import Outcome, Report, options, spread
from tests.proofs.strangers import STRANGERS, Stranger


def check(account: Account, stranger: Stranger) -> Outcome:
    """Deploy onto a stranger, destroy around it, adopt it."""
    outcome, project = Outcome(), Project(stranger.mapping)
    fresh = fresh_picture(account, stranger.mapping)
    account.clear()
    account.upload(TWIN, project.files)
    stranger.make(account.client)
    before = account.picture()
    outcome.counts["strangers"] += 1

    refused = account.run("deploy", {"project": TWIN})
    says = refused.error == "ForeignResource" and stranger.name in refused.cause and '"adopt": true' in refused.cause
    outcome.counts["refused, named, told how to adopt"] += says
    outcome.expect(says, f"{stranger.picture}: deploy ended {refused.status} {refused.error}: {refused.cause}")
    untouched = account.picture()[stranger.picture] == before[stranger.picture]
    outcome.counts["untouched by deploy"] += untouched
    outcome.expect(untouched, f"{stranger.picture}: deploy changed it")
    outcome.expect(account.item(TWIN, "lock") is None, f"{stranger.picture}: the lock is still held")

    destroyed = account.run("destroy", {"twin": TWIN, "retain_data": False})
    there = account.picture()
    outcome.counts["untouched by destroy"] += there.get(stranger.picture) == before[stranger.picture]
    outcome.expect(
        there.get(stranger.picture) == before[stranger.picture],
        f"{stranger.picture}: destroy ({destroyed.status} {destroyed.error}) changed it",
    )

    adopted = account.run("deploy", {"project": TWIN, "adopt": True})
    lines = [line for line in differences(fresh, account.picture()) if ": versions is 2" not in line]
    outcome.counts["adopted"] += adopted.succeeded and not lines
    outcome.expect(adopted.succeeded, f"{stranger.picture}: adopting ended with {adopted.error}: {adopted.cause}")
    outcome.failures += [f"{stranger.picture}, adopted: {line}" for line in lines]
    return outcome


def main() -> int:
    """Run all of it and print the counts."""
    jobs = options(__doc__).parse_args().jobs
    report = Report(f"Foreign proof: {len(STRANGERS)} namesakes that are not ours")
    spread(STRANGERS, check, jobs, report)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
