"""Proves that every IAM action a task's policy grants is needed, and that nothing else is.

First all stories are played with the policies as they are: no call may be denied, and every action of every task has to
be used. Then each action in turn is taken out of its task's policy, and the first story that uses it is played again:
it has to go wrong, naming the action.

Every operation in the models that are shipped with the tasks has to be called, too; one that is missing there fails.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deploy_steps.registry import all_tasks
from orchestrator.install import iam
from orchestrator.reference import sdk_models
from tests.harness.account import PREFIX, Account, Execution
from tests.harness.grants import Grants
from tests.proofs.projects import TWIN
from tests.proofs.report import Outcome, Report, options, spread
from tests.proofs.stories import STORIES, Story

Policies = Mapping[str, frozenset[str]]

# What Lambda itself does in the name of every task: its journal, its trace.
_BY_LAMBDA = {"logs:CreateLogStream", "logs:PutLogEvents", "xray:PutTraceSegments", "xray:PutTelemetryRecords"}
# What Lambda does to work off the queue in front of one.
_BY_THE_QUEUE = {"start-deployment": {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}}
# What goes wrong in them does not fail an execution, by design. The journal shows it, a lock that is still held, or a
# message that is given back.
_FORGIVEN = {"check-permissions", "compare-twin", "release-lock", "write-report", "announce-result", "start-deployment"}


@dataclass(frozen=True)
class Removal:
    """One action that a task loses, and the title of the story that tells of it (a story stays in its process)."""

    task: str
    action: str
    title: str

    @property
    def story(self) -> Story:
        """The story."""
        return next(story for story in STORIES if story.title == self.title)


@dataclass(frozen=True)
class Told:
    """What can be seen of one execution; `returned` is how many messages a task gave back to its queue."""

    status: str
    error: str
    steps: tuple[str, ...]
    locked: bool
    returned: int


def policies() -> Policies:
    """The actions that the template grants to each task, by the task's function."""
    return {
        f"{PREFIX}-{task.name}": frozenset(
            action
            for statement in iam.task_statements(task.name, task.actions)
            if "Fn::If" not in statement
            for action in statement["Action"]
        )
        - _BY_LAMBDA
        - _BY_THE_QUEUE.get(task.name, set())
        for task in all_tasks()
    }


def play(account: Account, story: Story, grants: Grants, expected: list[Told] | None = None) -> list[tuple[Told, str]]:
    """Play a story from an empty account, to its end or to the first execution that is not as expected."""
    account.clear()
    told: list[tuple[Told, str]] = []

    def run(what: str, request: Mapping[str, Any]) -> Execution:
        start = account.invoke if "Records" in request else account.run
        return start(what, request, faults=grants)

    for done in story.play(account, run):
        told.append((_told(account, done), done.cause))
        if expected is not None and told[-1][0] != expected[len(told) - 1]:
            break
    return told


def _told(account: Account, done: Execution) -> Told:
    steps = (f"{line['verb']} {line['step']} {line.get('name', '')}: {line['outcome']}" for line in done.journal)
    returned = done.output.get("batchItemFailures", ()) if isinstance(done.output, dict) else ()
    return Told(done.status, done.error, tuple(steps), account.item(TWIN, "lock") is not None, len(returned))


_known: dict[str, list[Told]] = {}


Operations = set[tuple[str, str]]
"""Service and operation."""


def as_granted(account: Account, story: Story, called: Operations | None = None) -> tuple[Outcome, dict[str, set[str]]]:
    """Play a story with the policies as they are. Answers which actions were used as well, and adds to the `called`."""
    outcome, grants = Outcome(), Grants(policies())
    _known[story.title] = [told for told, _ in play(account, story, grants)]
    if called is not None:
        called |= grants.called
    outcome.counts["stories"] += 1
    outcome.counts["executions"] += len(_known[story.title])
    outcome.counts["calls denied"] += len(grants.denied)
    outcome.expect(not grants.denied, f"{story.title}: denied {sorted(set(grants.denied))}")
    return outcome, dict(grants.used)


def check(account: Account, removal: Removal) -> Outcome:
    """Take one action away, and see the story go wrong."""
    if removal.story.title not in _known:
        as_granted(account, removal.story)
    outcome, expected, whole = Outcome(), _known[removal.story.title], policies()
    function = f"{PREFIX}-{removal.task}"
    grants = Grants({**whole, function: whole[function] - {removal.action}})
    told = play(account, removal.story, grants, expected)
    last, cause = told[-1]
    outcome.counts["actions removed"] += 1
    where = f"{removal.task} without {removal.action} in '{removal.story.title}'"
    if removal.task in _FORGIVEN:
        noticed = last != expected[len(told) - 1]
        outcome.counts["forgiven, and shown otherwise"] += noticed
        outcome.expect(noticed, f"{where}: nothing shows it")
        return outcome
    named = last.status == "FAILED" and f"not authorized to perform: {removal.action}" in cause
    outcome.counts["failed, naming the action"] += named
    outcome.expect(named, f"{where}: ended {last.status} {last.error}: {cause[:300]}")
    return outcome


def unused(stories: Mapping[str, Mapping[str, set[str]]]) -> list[str]:
    """The granted actions that no story used."""
    used: dict[str, set[str]] = {}
    for of_story in stories.values():
        for function, actions in of_story.items():
            used.setdefault(function, set()).update(actions)
    return [
        f"{function}: {action} is granted, and no story uses it"
        for function, granted in policies().items()
        for action in sorted(granted - used.get(function, set()))
    ]


def uncalled(called: Operations) -> list[str]:
    """The operations in the models of the tasks that no story calls."""
    shipped = {
        (service, each) for service, operations in sdk_models.table()["deploy_steps"].items() for each in operations
    }
    return [
        f"{service}: the model has {operation}, and no story calls it"
        for service, operation in sorted(shipped - called)
    ]


def removals(stories: Mapping[str, Mapping[str, set[str]]]) -> list[Removal]:
    """Every granted action with the first story that uses it; those of one story together."""
    first: dict[tuple[str, str], str] = {}
    for title, of_story in stories.items():
        for function, actions in of_story.items():
            for action in sorted(actions):
                first.setdefault((function.removeprefix(f"{PREFIX}-"), action), title)
    return [Removal(task, action, title) for (task, action), title in first.items()]


def main() -> int:
    """Run all of it and print the counts."""
    jobs = options(__doc__).parse_args().jobs
    report = Report("Grants proof: every action of every task's policy")
    with Account() as account:
        stories: dict[str, Mapping[str, set[str]]] = {}
        called: Operations = set()
        for story in STORIES:
            outcome, stories[story.title] = as_granted(account, story, called)
            report.add(outcome)
    report.failures += unused(stories) + uncalled(called)
    spread(removals(stories), check, jobs, report)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
