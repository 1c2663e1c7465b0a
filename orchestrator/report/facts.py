"""What is known of one execution: its description, the lines that its steps wrote, and the states it went through."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from orchestrator.core.errors import GluecodeError, UsageError, not_installed
from orchestrator.core.names import Installation
from state_machines import PUBLIC

_OVERLAP_MS = 60_000  # a step's clock and Step Functions' need not agree to the second
_ENTERED = "StateEntered"


class NoSuchExecutionError(GluecodeError):
    """Nothing of that name or ARN is known."""


@dataclass(frozen=True)
class Attempt:
    """One line of the journal: one try of one step. `started` is in seconds since 1970, `seconds` how long it took.

    `new`: it was about something that was not known to be there.
    """

    kind: str
    verb: str
    name: str
    outcome: str
    started: float
    seconds: float
    calls: int = 0
    writes: int = 0
    changes: tuple[Mapping[str, Any], ...] = ()
    error: str = ""
    message: str = ""
    new: bool = False

    @property
    def step(self) -> tuple[str, str, str]:
        """What all tries of one step have in common."""
        return self.verb, self.kind, self.name


@dataclass(frozen=True)
class Facts:
    """One execution. `entered` are the names of the states that its history shows: on some engines not all of them."""

    name: str
    arn: str
    machine: str
    status: str
    started: datetime
    stopped: datetime | None
    input: Mapping[str, Any]
    output: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""
    cause: str = ""
    attempts: tuple[Attempt, ...] = ()
    entered: frozenset[str] = frozenset()

    @property
    def twin(self) -> str:
        """The twin, as far as the execution got to know it."""
        known = [attempt.name for attempt in self.attempts if attempt.kind in ("lock", "record", "twin", "findings")]
        return str(self.output.get("twin") or next(iter(known), "") or self.input.get("twin", ""))

    @property
    def steps(self) -> dict[tuple[str, str, str], list[Attempt]]:
        """The tries of each step, in the order in which the steps began."""
        steps: dict[tuple[str, str, str], list[Attempt]] = {}
        for attempt in self.attempts:
            steps.setdefault(attempt.step, []).append(attempt)
        return steps

    @property
    def seconds(self) -> float:
        """From the start to the end, or to the last thing that is known."""
        ends = [attempt.started + attempt.seconds for attempt in self.attempts]
        last = self.stopped.timestamp() if self.stopped else max(ends, default=self.started.timestamp())
        return max(0.0, last - self.started.timestamp())


def read(aws: Any, installation: Installation, execution: str) -> Facts:
    """Read an execution, given by its ARN or by its name. Raises NoSuchExecutionError when there is none."""
    states = aws.client("stepfunctions")
    told = _described(states, installation, execution)
    started, stopped = told["startDate"], told.get("stopDate")
    return Facts(
        name=told["name"],
        arn=told["executionArn"],
        machine=told["stateMachineArn"].rpartition(":")[2].removeprefix(f"{installation.prefix}-"),
        status=told["status"],
        started=started,
        stopped=stopped,
        input=_object(told.get("input")),
        output=_object(told.get("output")),
        error=told.get("error", ""),
        cause=told.get("cause", ""),
        attempts=_attempts(aws.client("logs"), installation.steps_log_group, told["name"], started, stopped),
        entered=_entered(states, told["executionArn"]),
    )


def _described(states: Any, installation: Installation, execution: str) -> Mapping[str, Any]:
    arns = [execution] if execution.startswith("arn:") else [_arn(installation, one, execution) for one in PUBLIC]
    for arn in arns:
        try:
            found: Mapping[str, Any] = states.describe_execution(executionArn=arn)
            return found
        except states.exceptions.ExecutionDoesNotExist:
            continue
        except states.exceptions.InvalidArn:
            raise UsageError(f"'{execution}' is no execution's ARN.", "`gluecode history` lists executions.") from None
        except states.exceptions.StateMachineDoesNotExist as error:
            raise not_installed(installation) from error
    raise NoSuchExecutionError(
        f"There is no execution '{execution}' here, and no twin of that name.",
        "`gluecode history` lists executions. Step Functions forgets one ninety days after its end.",
    )


def _arn(installation: Installation, machine: str, name: str) -> str:
    return f"{installation.machine_arn(machine).replace(':stateMachine:', ':execution:')}:{name}"


def _attempts(logs: Any, group: str, run: str, started: datetime, stopped: datetime | None) -> tuple[Attempt, ...]:
    """The journal's lines of one run, each once, by their start."""
    since = int(started.timestamp() * 1000) - _OVERLAP_MS
    until = int((stopped or datetime.now(UTC)).timestamp() * 1000) + _OVERLAP_MS
    try:
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, startTime=since, endTime=until, filterPattern=f'"{run}"'
        )
        messages = dict.fromkeys(event["message"].strip() for page in pages for event in page.get("events", []))
    except logs.exceptions.ResourceNotFoundException:
        return ()
    return tuple(sorted(_read(messages, run), key=lambda attempt: attempt.started))


def _read(messages: Mapping[str, None], run: str) -> Iterator[Attempt]:
    for message in messages:
        line = _object(message)
        if line.get("run") == run and "step" in line:
            yield Attempt(
                kind=str(line["step"]),
                verb=str(line.get("verb", "")),
                name=str(line.get("subject") or line.get("name") or _quoted(line.get("message", ""))),
                outcome=str(line.get("outcome", "")),
                started=float(line.get("started", 0)),
                seconds=float(line.get("seconds", 0)),
                calls=int(line.get("calls", 0)),
                writes=int(line.get("writes", 0)),
                changes=tuple(line.get("changes", ())),
                error=str(line.get("error", "")),
                message=str(line.get("message", "")),
                new=bool(line.get("new", False)),
            )


def _quoted(message: str) -> str:
    """The first name that a message quotes: a task that fails before it knows its resource writes a line without."""
    found = re.search(r"'([\w/-]+)'", message)
    return found[1] if found else ""


def _entered(states: Any, arn: str) -> frozenset[str]:
    pages = states.get_paginator("get_execution_history").paginate(executionArn=arn, includeExecutionData=False)
    events = (event for page in pages for event in page.get("events", []) if event["type"].endswith(_ENTERED))
    return frozenset(event["stateEnteredEventDetails"]["name"] for event in events)


def _object(text: Any) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
