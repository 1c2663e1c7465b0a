"""Proves that deploying brings about exactly the mapping: all 27 from nothing, and all 702 changes between them.

From nothing: the resources are those of the table in `expected`, a second deployment writes nothing, and destroying
leaves nothing. A change: what is there afterwards equals a fresh deployment. Before each, a dry run must write nothing
and promise step by step what the deployment then does, and the order of its writing calls must be that of `order`.
"""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Sequence
from dataclasses import replace

from tests.harness.account import Account, Execution
from tests.harness.picture import Picture, differences
from tests.proofs.circuit import circuit, stretches
from tests.proofs.expected import faults, rows
from tests.proofs.order import disorder
from tests.proofs.projects import MAPPINGS, TWIN, Mapping, Project, name_of
from tests.proofs.report import Outcome, Report, options, spread

PROJECT = Project()
BATCHING = Project(batching=True)
DEPLOY = {"project": TWIN, "retain_data": False}
DESTROY = {"twin": TWIN, "retain_data": False}

# An old version of the layer is removed after the new one is published, which a dry run does not do.
_NOT_PROMISED = {
    "destroy config-layer factory-configuration",
    "info permissions factory-dispatcher",  # a permission that a dry run has not made cannot be looked at again
}
_NO_RESOURCES = {"project", "twin", "lock", "start", "outcome", "url", "permissions", "result"}  # steps about none
_fresh: dict[Project, Picture] = {}
SENDING = [mapping for mapping in MAPPINGS if any(pair[0] == "aws" != pair[1] for pair in itertools.pairwise(mapping))]
_FROM_L1, _FROM_L2, _NONE = (
    BATCHING.on(("aws", "azure", "gcp")),
    BATCHING.on(("aws", "aws", "gcp")),
    ("aws", "aws", "aws"),
)
MOVES = (
    (_FROM_L1, _FROM_L2),
    (_FROM_L2, _FROM_L1),
    (_FROM_L2, PROJECT.on(_NONE)),
    (PROJECT.on(_NONE), _FROM_L2),
    (_FROM_L1, PROJECT.on(_FROM_L2.mapping)),
    (_FROM_L1, PROJECT.on(("gcp", "gcp", "gcp"))),
    (_FROM_L2, PROJECT.on(("gcp", "gcp", "gcp"))),
)
"""Changes of mapping that move a queue, leave a persister without one, or make one for it."""


def from_nothing(account: Account, mapping: Mapping, project: Project = PROJECT) -> Outcome:
    """Deploy one mapping on an empty account, deploy it again, destroy it."""
    outcome, name = Outcome(), name_of(mapping) + (", batching" if project.batching else "")
    account.clear()
    account.upload(TWIN, project.on(mapping).files)
    first = _planned_and_deployed(account, outcome, name)
    outcome.counts["mappings deployed on an empty account"] += 1
    if not first.succeeded:
        return outcome
    there = account.picture()
    row = replace(rows()[mapping], batching=project.batching)
    outcome.failures += [f"{name}: {fault}" for fault in faults(row, there)]
    outcome.counts["resources, as the table says"] += len(there)
    outcome.expect(PROJECT.token not in json.dumps([there, first.output]), f"{name}: a token shows")

    again = account.run("deploy", DEPLOY)
    outcome.counts["redeployments"] += 1
    outcome.counts["writing calls of redeployments"] += len(again.writes)
    outcome.expect(
        again.succeeded and not again.writes, f"{name}: redeploying wrote {', '.join(map(str, again.writes))}"
    )
    outcome.failures += [f"{name}, redeployed: {line}" for line in differences(there, account.picture())]

    gone = account.run("destroy", DESTROY)
    left = sorted(account.picture())
    outcome.counts["destroyed"] += 1
    outcome.counts["resources left by destroy"] += len(left)
    outcome.expect(gone.succeeded, f"{name}: destroy ended with {gone.error}: {gone.cause}")
    outcome.expect(not left, f"{name}: destroy left {', '.join(left)}")
    outcome.expect(account.item(TWIN, "lock") is None, f"{name}: the lock is still held")
    return outcome


def walk(account: Account, stretch: Sequence[Mapping]) -> Outcome:
    """Deploy one mapping over the other, along a walk; after each, compare with a fresh deployment."""
    outcome = Outcome()
    fresh = {mapping: fresh_picture(account, mapping) for mapping in stretch}
    account.clear()
    account.upload(TWIN, PROJECT.on(stretch[0]).files)
    account.run("deploy", DEPLOY)
    for before, mapping in itertools.pairwise(stretch):
        change = f"{name_of(before)} -> {name_of(mapping)}"
        account.upload(TWIN, PROJECT.on(mapping).files)
        _planned_and_deployed(account, outcome, change)
        lines = differences(fresh[mapping], account.picture())
        outcome.counts["changes of mapping"] += 1
        outcome.counts["equal to a fresh deployment"] += not lines
        outcome.failures += [f"{change}: {line}" for line in lines]
    return outcome


def batched(account: Account, mapping: Mapping) -> Outcome:
    """A mapping on which AWS sends, with batching: from nothing, and switched on, off and on again over the other."""
    outcome = from_nothing(account, mapping, BATCHING)
    fresh = {project: _fresh_picture(account, project.on(mapping)) for project in (PROJECT, BATCHING)}
    account.clear()
    for number, project in enumerate((PROJECT, BATCHING, PROJECT, BATCHING)):
        change = f"{name_of(mapping)}, batching {'on' if project.batching else 'off'} ({number})"
        account.upload(TWIN, project.on(mapping).files)
        _planned_and_deployed(account, outcome, change)
        lines = differences(fresh[project], account.picture())
        outcome.counts["switches of batching"] += 1
        outcome.counts["switched as a fresh deployment is"] += not lines
        outcome.failures += [f"{change}: {line}" for line in lines]
        again = account.run("deploy", DEPLOY)
        outcome.expect(not again.writes, f"{change}: redeploying wrote {', '.join(map(str, again.writes))}")
    return outcome


def waiting(account: Account, mapping: Mapping) -> Outcome:
    """Batching is switched off while an event waits: queue, event source and right stay until it is gone."""
    outcome, name = Outcome(), f"{name_of(mapping)}, an event waits"
    batcher = replace(rows()[mapping], batching=True).batcher
    fresh = _fresh_picture(account, PROJECT.on(mapping))
    account.clear()
    account.upload(TWIN, BATCHING.on(mapping).files)
    account.run("deploy", DEPLOY)
    sqs = account.client("sqs")
    url = sqs.get_queue_url(QueueName=batcher)["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"function": batcher, "event": {}}))
    account.upload(TWIN, PROJECT.on(mapping).files)
    for run in ("first", "second"):
        kept = account.run("deploy", {"project": TWIN, "drain_seconds": 0})
        there = account.picture()
        role = there[f"role {batcher}-us-east-1-gluecode"]["policies"]["gluecode"]["Statement"]
        outcome.expect(kept.succeeded, f"{name}, {run}: {kept.error} {kept.cause}")
        outcome.expect(kept.output["retained"] == [f"outbox {batcher}"], f"{name}, {run}: {kept.output}")
        outcome.expect(f"event source {batcher}" in there, f"{name}, {run}: nothing works the queue off")
        outcome.expect("WorkOffQueue" in {each["Sid"] for each in role}, f"{name}, {run}: the right is gone")
        outcome.expect(not _feeds(there, batcher), f"{name}, {run}: something still puts events in")
    sqs.purge_queue(QueueUrl=url)
    last = account.run("deploy", {"project": TWIN, "drain_seconds": 0})
    outcome.expect(last.succeeded and not last.output["retained"], f"{name}: ended with {last.error}: {last.output}")
    outcome.failures += [f"{name}: {line}" for line in differences(fresh, account.picture())]
    again = account.run("deploy", DEPLOY)
    outcome.expect(not again.writes, f"{name}: redeploying wrote {again.writes}")
    outcome.counts["queues that waited for their last event"] += 1
    return outcome


def _feeds(picture: Picture, queue: str) -> bool:
    """Whether any function is told to put events into the queue."""
    environments = [
        content["settings"]["Environment"]["Variables"]
        for name, content in picture.items()
        if name.startswith("function ")
    ]
    return any(str(value).endswith(f"/{queue}") for variables in environments for value in variables.values())


def moved(account: Account, change: tuple[Project, Project]) -> Outcome:
    """From one project to the other, of which at least one has batching."""
    outcome, (before, after) = Outcome(), change
    fresh = _fresh_picture(account, after)
    account.clear()
    account.upload(TWIN, before.files)
    account.run("deploy", DEPLOY)
    account.upload(TWIN, after.files)
    told = " -> ".join(name_of(each.mapping) + (", batching" if each.batching else "") for each in change)
    _planned_and_deployed(account, outcome, told)
    lines = differences(fresh, account.picture())
    outcome.counts["moves of a queue"] += 1
    outcome.counts["moved as a fresh deployment is"] += not lines
    outcome.failures += [f"{told}: {line}" for line in lines]
    return outcome


def fresh_picture(account: Account, mapping: Mapping) -> Picture:
    """What a deployment on an empty account brings about. Remembered; leaves the account as it comes."""
    return _fresh_picture(account, PROJECT.on(mapping))


def _fresh_picture(account: Account, project: Project) -> Picture:
    if project not in _fresh:
        account.clear()
        account.upload(TWIN, project.files)
        account.run("deploy", DEPLOY)
        _fresh[project] = account.picture()
    return _fresh[project]


def _planned_and_deployed(account: Account, outcome: Outcome, name: str) -> Execution:
    under_way = account.slowness.save()
    account.slowness.settle()  # within a minute, a plan would see the queue that is about to be gone
    plan = account.run("deploy", {**DEPLOY, "dry_run": True})
    account.slowness.restore(under_way)
    done = account.run("deploy", DEPLOY)
    promised, kept = _by_step(plan), _by_step(done)
    broken = {step: (promised.get(step), kept.get(step)) for step in (promised.keys() | kept.keys()) - _NOT_PROMISED}
    broken = {step: both for step, both in broken.items() if both[0] != both[1]}
    writes = [call for call in plan.calls if call.writes]
    outcome.counts["plans"] += 1
    outcome.counts["plans kept step by step"] += not broken
    outcome.expect(plan.succeeded and not writes, f"{name}: plan ended {plan.error} {plan.cause}, wrote {writes}")
    outcome.expect(done.succeeded, f"{name}: deploy ended with {done.error}: {done.cause}")
    outcome.counts["deployments"] += 1
    wrong = disorder(done.writes)
    outcome.counts["in the right order"] += not wrong
    outcome.failures += [f"{name}: {pair}" for pair in wrong]
    outcome.expect(not broken, f"{name}: planned and done differ: {broken}")
    return done


def _by_step(run: Execution) -> dict[str, str]:
    """`verb kind name` → outcome, of the steps that are about a resource of the twin.

    What is waited for is reported when it was done, and its repetition finds it done.
    """
    found: dict[str, str] = {}
    for line in run.journal:
        step = f"{line['verb']} {line['step']} {line.get('name', '')}"
        if line["step"] in _NO_RESOURCES or line["verb"] == "drain" or line["outcome"] == "failed":
            continue  # a plan waits for nothing
        found.setdefault(step, line["outcome"])
    return found


def main() -> int:
    """Run all of it and print the counts."""
    jobs = options(__doc__).parse_args().jobs
    report = Report("Reconcile proof: 27 mappings, 702 changes")
    spread(MAPPINGS, from_nothing, jobs, report)
    spread(SENDING, batched, jobs, report)
    spread(SENDING, waiting, jobs, report)
    spread(MOVES, moved, jobs, report)
    spread(stretches(circuit(MAPPINGS), 12 * jobs), walk, jobs, report)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
