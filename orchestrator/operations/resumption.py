"""Takes a run that did not come to its end up again: where it stopped if Step Functions can, else from its start."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from botocore.exceptions import ClientError

from deploy_steps.state import state_table
from orchestrator.core.errors import GluecodeError
from orchestrator.core.names import Installation
from orchestrator.operations import executions
from orchestrator.operations.executions import Run
from orchestrator.operations.history import Entry, history

How = Literal["nothing to do", "joined", "redriven", "started again"]

_NOT_REDRIVEN = {
    "ExecutionNotRedrivable",
    "InvalidAction",  # a Step Functions that knows nothing of redriving
    "UnknownOperationException",
}
_ENDING = re.compile(r"-[0-9a-f]{8}$")  # what `executions.start` puts behind a name to make it new


@dataclass(frozen=True)
class Resumption:
    """The last run of a twin, and what was done about it. `run` is the one to follow, `why` says why not more."""

    last: Entry
    how: How
    run: Run
    why: str = ""


def resume(aws: Any, installation: Installation, twin: str) -> Resumption:
    """Take the last run of `deploy` or `destroy` up again, with the same input.

    A run that still goes on is joined; one that succeeded leaves nothing to do. Raises GluecodeError without a run.
    """
    entries = history(aws, installation, twin, limit=1)
    if not entries:
        raise GluecodeError(
            f"No run of a twin '{twin}' is recorded here.",
            "`gluecode history` lists the twins; `gluecode deploy` deploys one.",
        )
    last = entries[0]
    told = _described(aws, last)
    run = Run(last.execution, told["name"], told["startDate"], joined=True)
    if told["status"] in ("RUNNING", "PENDING_REDRIVE"):
        return Resumption(last, "joined", run)
    if told["status"] == "SUCCEEDED":
        return Resumption(last, "nothing to do", run)
    why = _why_not_redriven(aws, installation, last, told)
    if not why:
        redriven = _redriven(aws, last)
        if redriven:
            return Resumption(last, "redriven", redriven)
        why = "Step Functions does not redrive it"
    stem = _ENDING.sub("", told["name"])
    again = executions.start(aws, installation, last.verb, stem, json.loads(told["input"]))
    return Resumption(last, "started again", again, why)


def _described(aws: Any, last: Entry) -> Mapping[str, Any]:
    states = aws.client("stepfunctions")
    try:
        told: Mapping[str, Any] = states.describe_execution(executionArn=last.execution)
    except states.exceptions.ExecutionDoesNotExist as error:
        raise GluecodeError(
            f"The last run of '{last.twin}', {last.run}, is too long ago: Step Functions has forgotten its input.",
            f"Start anew with `gluecode {last.verb}`.",
        ) from error
    return told


def _why_not_redriven(aws: Any, installation: Installation, last: Entry, told: Mapping[str, Any]) -> str:
    """Why a run has to start from its beginning; empty if it can go on where it stopped."""
    if told.get("redriveStatus") != "REDRIVABLE":
        return "Step Functions does not redrive it"
    if _holder(aws, installation, last.twin) != last.execution:
        # Without the lock it would go on with an old plan beside whoever works on the twin now, or after them.
        return "it does not hold the twin's lock any more"
    if told["status"] == "FAILED" and _ended_in_fail_state(aws, last.execution):
        return "it had come to a Fail state, and redriven it would enter that again"
    return ""


def _ended_in_fail_state(aws: Any, execution: str) -> bool:
    events = aws.client("stepfunctions").get_execution_history(
        executionArn=execution, reverseOrder=True, maxResults=2, includeExecutionData=False
    )["events"]
    return any(event["type"] == "FailStateEntered" for event in events)


def _redriven(aws: Any, last: Entry) -> Run | None:
    states = aws.client("stepfunctions")
    try:
        answer = states.redrive_execution(executionArn=last.execution)
    except ClientError as error:
        if error.response["Error"]["Code"] in _NOT_REDRIVEN:
            return None
        raise
    return Run(last.execution, last.run, answer["redriveDate"])  # what its steps said before that is old


def _holder(aws: Any, installation: Installation, twin: str) -> str:
    """The ARN of the execution that holds the twin's lock; empty if nobody does."""
    lock = state_table.read(aws.client("dynamodb"), installation.state_table, twin, state_table.LOCK)
    return str(lock["execution"]) if lock else ""
