"""Proves that twins of one name do not meet: in two regions of an account, or under two installations of a region.

In two regions, whatever is done to B (deploy, deploy again, drift and repair, a change of mapping, destroy) changes
nothing of A, and B is complete. In one region they would share names, so that B is refused, and A stays as it was.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

from tests.harness.account import Account, Execution
from tests.harness.picture import Picture, differences
from tests.proofs.projects import MAPPINGS, TWIN, Mapping, Project, name_of
from tests.proofs.report import Outcome, Report, options, spread

_A = "us-east-1"
_B = "eu-west-1"
_DESTROY = {"twin": TWIN, "retain_data": False}


@dataclass(frozen=True)
class Story:
    """Where the other twin of the same name is, and the mapping of both."""

    where: str
    mapping: Mapping


STORIES = tuple(Story(where, mapping) for mapping in MAPPINGS if "aws" in mapping for where in ("region", "prefix"))


def check(account: Account, story: Story) -> Outcome:
    """Deploy A, then let B come and go."""
    outcome, project = Outcome(), Project(story.mapping)
    account.clear()
    account.upload(TWIN, project.files)
    outcome.expect(account.run("deploy", {"project": TWIN}).succeeded, f"{name_of(story.mapping)}: A does not deploy")
    return _in_another_region(account, project) if story.where == "region" else _under_another_prefix(account, project)


def _in_another_region(account: Account, project: Project) -> Outcome:
    outcome, before = Outcome(), account.picture()
    outcome.counts["twins in two regions"] += 1

    def expect(title: str, ended: Execution, found: bool = True) -> None:
        outcome.counts[f"two regions: {title}"] += 1
        outcome.expect(ended.succeeded and found, f"B, {title}: {ended.error} {ended.cause[:300]}")

    with account.elsewhere(region=_B, install=True):
        account.upload(TWIN, project.files)
        expect("deployed", account.run("deploy", {"project": TWIN}))
        fresh = _of(account.picture(), _B)
        again = account.run("deploy", {"project": TWIN})
        expect("deployed again, nothing written", again, not again.writes)
        _drift(account)
        seen = account.run("inspect", {"twin": TWIN})
        expect("drift found", seen, seen.succeeded and len(seen.output["findings"]) == 1)
        expect("drift repaired", account.run("deploy", {"project": TWIN}))
        outcome.failures += [f"B, repaired: {line}" for line in differences(fresh, _of(account.picture(), _B))]
    outcome.failures += [f"A, after drift in B: {line}" for line in differences(before, _of(account.picture(), _A))]
    with account.elsewhere(region=_B):
        account.upload(TWIN, Project(("gcp", "gcp", "gcp")).files)
        expect("moved away", account.run("deploy", {"project": TWIN, "retain_data": False}))
        account.upload(TWIN, project.files)
        expect("deployed anew", account.run("deploy", {"project": TWIN}))
        expect("destroyed", account.run("destroy", _DESTROY))
        outcome.expect(not _of(account.picture(), _B), f"left of B: {sorted(_of(account.picture(), _B))}")
    outcome.failures += [f"A, without B: {line}" for line in differences(before, account.picture())]
    same = account.run("deploy", {"project": TWIN})
    outcome.expect(same.succeeded and not same.writes, f"A had to be repaired: {list(map(str, same.writes))}")
    outcome.expect(account.run("destroy", _DESTROY).succeeded, "A is not destroyed")
    outcome.expect(not account.picture(), f"left of A: {sorted(account.picture())}")
    return outcome


def _under_another_prefix(account: Account, project: Project) -> Outcome:
    outcome, before = Outcome(), account.picture()
    outcome.counts["twins of two installations of a region"] += 1
    with account.elsewhere(prefix="second", install=True):
        account.upload(TWIN, project.files)
        for title, machine, request in (
            ("deploy", "deploy", {"project": TWIN}),
            ("deploy again", "deploy", {"project": TWIN}),
            ("destroy", "destroy", _DESTROY),
        ):
            ended = account.run(machine, request)
            refused = ended.error == "ForeignResource"
            outcome.counts[f"two installations: {title} refused"] += refused
            outcome.expect(refused, f"B, {title}: {ended.status} {ended.error} {ended.cause[:300]}")
    now = account.picture()
    outcome.failures += [
        f"A, {line}" for line in differences(before, {name: now[name] for name in before if name in now})
    ]
    again = account.run("deploy", {"project": TWIN})
    outcome.expect(again.succeeded and not again.writes, f"A had to be repaired: {list(map(str, again.writes))}")
    return outcome


def _of(picture: Picture, region: str) -> Picture:
    """What belongs to a region: roles and dashboards, which the account's regions share, by their names."""
    shared: Callable[[str], bool] = lambda name: name.startswith(("role ", "dashboard "))  # noqa: E731
    return {name: each for name, each in picture.items() if not shared(name) or f"-{region}-" in name}


def _drift(account: Account) -> None:
    """Somebody takes the policy of a role of B away."""
    iam = account.client("iam")
    role = next(each["RoleName"] for each in iam.list_roles()["Roles"] if f"-{_B}-" in each["RoleName"])
    iam.delete_role_policy(RoleName=role, PolicyName="gluecode")


def main() -> int:
    """Run all of it and print the counts."""
    jobs = options(__doc__).parse_args().jobs
    report = Report(f"Namesakes proof: {len(STORIES)} pairs of twins of one name")
    spread(STORIES, check, jobs, report)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
