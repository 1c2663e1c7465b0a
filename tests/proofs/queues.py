"""Proves that a twin which is deployed within a minute of its removal ends as on an empty account, queues included.

SQS shows a deleted queue for up to 60 s. Each way to come there is tried: a removal, one that was cut off after it had
deleted a queue, a change of mapping, and one that was cut off.
"""

from __future__ import annotations

from tests.harness.account import Account
from tests.harness.faults import CutAfter
from tests.harness.picture import differences
from tests.proofs.crash import DEPLOY, DESTROY
from tests.proofs.projects import L2_ALONE, TWIN, Project
from tests.proofs.report import Outcome

ALL = Project(("aws", "aws", "aws"))
BATCHING = Project(L2_ALONE, batching=True)
NO_QUEUE = Project(("gcp", "gcp", "aws"))
WAYS = ("removed", "removal cut off", "moved away", "moving away cut off")


def check(account: Account, project: Project, way: str) -> Outcome:
    """Deploy, take the queues away, deploy again at once."""
    outcome = Outcome()
    account.clear()
    account.upload(TWIN, project.files)
    first = account.run("deploy", DEPLOY)
    fresh = account.picture()
    _take_away(account, way)
    account.upload(TWIN, project.files)
    again = account.run("deploy", DEPLOY)
    outcome.expect(first.succeeded and again.succeeded, f"{way}: ended with {again.error}: {again.cause}")
    account.slowness.settle()
    outcome.failures += [f"{way}: {line}" for line in differences(fresh, account.picture())]
    return outcome


def _take_away(account: Account, way: str) -> None:
    machine, request = ("destroy", DESTROY) if way.startswith("remov") else ("deploy", DEPLOY)
    if machine == "deploy":
        account.upload(TWIN, NO_QUEUE.files)
    before = account.save()
    whole = account.run(machine, request)
    if not way.endswith("cut off"):
        return
    account.restore(before)
    last = max(number for number, call in enumerate(whole.calls, 1) if call.operation == "DeleteQueue")
    account.run(machine, request, faults=CutAfter(last))
