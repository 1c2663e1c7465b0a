"""Starts a state machine, joins one that already runs, follows its steps, and reads how it ended."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from orchestrator.core.errors import not_installed
from orchestrator.core.names import Installation
from orchestrator.operations import log_group
from state_machines import last_tasks, placeholder

POLL_SECONDS = 0.5
LATE_SECONDS = 10.0  # CloudWatch Logs shows a line some seconds after it was written
_OVERLAP_MS = 15_000
_MAX_NAME = 80  # Step Functions' limit on the name of an execution


@dataclass(frozen=True)
class Run:
    """One execution. `joined` says that it was already running when it was asked for."""

    arn: str
    name: str
    started: datetime
    joined: bool = False


@dataclass(frozen=True)
class Step:
    """One line of the journal: what a step did to one resource."""

    kind: str
    verb: str = ""
    name: str = ""
    outcome: str = ""
    changes: tuple[Mapping[str, Any], ...] = ()
    seconds: float = 0.0
    calls: int = 0
    writes: int = 0
    error: str = ""
    message: str = ""
    expected_steps: int | None = None
    dry_run: bool = False

    @property
    def failed(self) -> bool:
        """Whether the step raised; the state machine may retry it all the same."""
        return self.outcome == "failed"


@dataclass(frozen=True)
class Ending:
    """How an execution ended: its output, or the error and its cause."""

    status: str
    output: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""
    cause: str = ""

    @property
    def succeeded(self) -> bool:
        """Whether the execution did what it was started for."""
        return self.status == "SUCCEEDED"


def start(
    aws: Any,
    installation: Installation,
    machine: str,
    stem: str,
    request: Mapping[str, Any],
    *,
    join: bool = True,
    once: bool = False,
) -> Run:
    """Start the machine, or join the running execution that was started for the same thing with the same input.

    An execution's name is the stem and something random. With `once` it is the stem itself, if no execution had that
    name yet: then whoever else starts the same thing by that name starts it once.
    """
    client = aws.client("stepfunctions")
    arn = installation.machine_arn(machine)
    text = json.dumps(request, sort_keys=True)
    try:
        running = _running(client, arn, stem, text) if join else None
        if running:
            return running
        if once:
            with suppress(client.exceptions.ExecutionAlreadyExists):
                return _started(client, arn, stem, text)
        return _started(client, arn, f"{stem}-{secrets.token_hex(4)}"[-_MAX_NAME:], text)
    except client.exceptions.StateMachineDoesNotExist as error:
        raise not_installed(installation) from error


def _started(client: Any, machine_arn: str, name: str, request: str) -> Run:
    made = client.start_execution(stateMachineArn=machine_arn, name=name, input=request)
    return Run(made["executionArn"], name, made["startDate"])


def _running(client: Any, machine_arn: str, stem: str, request: str) -> Run | None:
    pages = client.get_paginator("list_executions").paginate(stateMachineArn=machine_arn, statusFilter="RUNNING")
    for page in pages:
        for found in page["executions"]:
            if found["name"] != stem and not found["name"].startswith(f"{stem}-"):
                continue
            if _asks_for(client.describe_execution(executionArn=found["executionArn"])["input"]) == _asks_for(request):
                return Run(found["executionArn"], found["name"], found["startDate"], joined=True)
    return None


def _asks_for(given: str) -> dict[str, Any]:
    """What an execution's input asks to be done: whether a report of it is wanted makes no difference."""
    return {name: value for name, value in json.loads(given).items() if name != "report"}


def follow(
    aws: Any,
    installation: Installation,
    run: Run,
    *,
    every: float = POLL_SECONDS,
    pause: Callable[[float], None] = time.sleep,
) -> Iterator[Step]:
    """Yield each step as its journal line appears, until the execution has ended and its last line was seen.

    Lines can come late, twice and out of order. The execution's own output, not this view, says how it ended.
    """
    states, journal = aws.client("stepfunctions"), _Journal(aws.client("logs"), installation.steps_log_group, run)
    late = 0.0
    while late <= LATE_SECONDS:
        running = states.describe_execution(executionArn=run.arn)["status"] == "RUNNING"
        yield from journal.news()
        if journal.complete and not running:
            return
        late += 0.0 if running else every
        pause(every)


def ending(aws: Any, run: Run) -> Ending:
    """Read how an execution ended. The output is what its last state answered."""
    told = aws.client("stepfunctions").describe_execution(executionArn=run.arn)
    output = json.loads(told.get("output") or "{}")
    return Ending(
        told["status"], output if isinstance(output, dict) else {}, told.get("error", ""), told.get("cause", "")
    )


class _Journal:
    """The lines that one run's steps wrote into the log group all steps share, each told once."""

    def __init__(self, logs: Any, group: str, run: Run) -> None:
        self._logs, self._group, self._run = logs, group, run.name
        self._since = int(run.started.timestamp() * 1000) - _OVERLAP_MS
        self._seen: set[str] = set()
        self.complete = False

    def news(self) -> Iterator[Step]:
        newest = self._since
        for event in self._events():
            newest = max(newest, event["timestamp"])
            message = event["message"].strip()
            step = None if message in self._seen else _step(message, self._run)
            self._seen.add(message)
            if step:
                self.complete = step.failed or _is_last(step)
                yield step
        self._since = max(self._since, newest - _OVERLAP_MS)

    def _events(self) -> list[dict[str, Any]]:
        try:
            return list(log_group.events(self._logs, self._group, since_ms=self._since, containing=self._run))
        except self._logs.exceptions.ResourceNotFoundException:  # no step has run yet
            return []


def _is_last(step: Step) -> bool:
    """Whether no other step comes after it. A plan that finds nothing to change ends by confirming the outcome."""
    return placeholder(f"{step.verb}-{step.kind}") in last_tasks() or (step.verb, step.kind) == ("confirm", "outcome")


def _step(message: str, run: str) -> Step | None:
    """One journal line as a step; None for a line of something else."""
    line = log_group.document(message)
    if line is None or line.get("run") != run or "step" not in line:
        return None
    known = {each.name: line[each.name] for each in fields(Step) if each.name in line}
    return Step(**{**known, "kind": line["step"], "changes": tuple(line.get("changes", ()))})
