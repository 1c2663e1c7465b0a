"""Starts the deployments that events ask for, each once, when its project has come to rest and its twin is free.

It works off the queue of requests. A request that is not due yet is put back, and looked at again a little later:
whatever is decided, is decided on what lies in the bucket and what runs by then, so that nothing has to be remembered.
A request is done with when an execution for this very state of the files has ended, other than by finding the twin
locked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from deploy_steps import aws
from deploy_steps.contract import Outcome, Result
from deploy_steps.errors import InvalidProject
from deploy_steps.shared import project_state, settings
from deploy_steps.shared.deployment_request import Requested, requested
from deploy_steps.shared.stored_project import read_files, read_stored
from deploy_steps.state import lock
from deploy_steps.task import journal
from orchestrator.core.config import Project
from orchestrator.core.names import project_files

Record = Mapping[str, Any]

KIND = "deployment"
ACTIONS = (
    "s3:ListBucket",
    "s3:ListBucketVersions",
    "s3:GetObject",
    "secretsmanager:DescribeSecret",
    "dynamodb:GetItem",
    "states:StartExecution",
    "states:DescribeExecution",
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:SendMessage",
)
NEEDS_PYDANTIC = True

FAULTS_PATIENCE = 15
"""How many times as long as another one a project with faults is left in peace: it may be half uploaded."""

_LOCKED = "Locked"


@dataclass(frozen=True)
class Decision:
    """What was found about a request. `again` says that it has to be looked at once more."""

    outcome: Outcome
    why: str
    again: bool = False


def look(client: Any, request: Requested, now: datetime) -> Decision:
    """Start what a request asks for if it is due. `client` gives the client of a service."""
    prefix, quiet = project_files(request.project), timedelta(seconds=settings.quiet_seconds())
    state = project_state.read(client("s3"), prefix, Bucket=settings.artifact_bucket())
    if not state.keys and not request.event:
        return Decision("absent", "The project's files are gone. What is deployed stays until it is destroyed.")
    rest = now - state.changed if state.changed else timedelta.max
    if rest < quiet:
        return Decision("unchanged", "The project is still changing.", again=True)
    name, there = _last_attempt(client("stepfunctions"), request.execution(state.digest))
    if there:
        return Decision("present", f"{name} is the deployment of these files.", again=there["status"] == "RUNNING")
    holder = _holder(
        client, request.project
    )  # before the files are read, of which there can be hundreds: a twin mostly has its project's name
    if holder:
        return _held(holder)
    project = _project(client, prefix)
    if project is None and not request.event and rest < quiet * FAULTS_PATIENCE:
        return Decision("unchanged", "The project has faults: it may be half uploaded.", again=True)
    if project and project.twin != request.project and (holder := _holder(client, project.twin)):
        return _held(holder)
    _start(client("stepfunctions"), name, request.input)
    return Decision("created", f"Started {name}.", again=True)


def _held(holder: str) -> Decision:
    return Decision("unchanged", f"The twin is being worked on by {holder}.", again=True)


def _last_attempt(states: Any, stem: str) -> tuple[str, Mapping[str, Any] | None]:
    """The execution of that name, or where it was refused because the twin was locked, the next; None if none is."""
    for attempt in count(1):
        name = stem if attempt == 1 else f"{stem}-{attempt}"
        there = _described(states, name)
        if there is None or there.get("error") != _LOCKED:
            break
    return name, there


def _project(client: Any, prefix: str) -> Project | None:
    """The project, or None if it has faults: then its deployment, which will fail, says which."""
    try:
        return read_stored(client("secretsmanager"), read_files(client("s3"), settings.artifact_bucket(), prefix))
    except InvalidProject:
        return None


def _holder(client: Any, twin: str) -> str:
    if not twin:
        return ""
    return lock.holder(client("dynamodb"), client("stepfunctions"), settings.state_table(), twin)


def _described(states: Any, name: str) -> Mapping[str, Any] | None:
    execution = f"{settings.deploy_machine().replace(':stateMachine:', ':execution:')}:{name}"
    try:
        told: Mapping[str, Any] = states.describe_execution(executionArn=execution)
    except states.exceptions.ExecutionDoesNotExist:
        return None
    return told


def _start(states: Any, name: str, given: str) -> None:
    """Start it, unless somebody else just did, under the same name and perhaps with another input."""
    try:
        states.start_execution(stateMachineArn=settings.deploy_machine(), name=name, input=given)
    except states.exceptions.ExecutionAlreadyExists:
        return


def _attend(request: Requested) -> bool:
    """Look at one request, and write down what came of it. Answers whether to look again."""
    with journal({"run": ""}, KIND, "start") as note, aws.translated():
        looked = look(aws.client, request, datetime.now(UTC))
        note(Result(KIND, request.project, looked.outcome), why=looked.why, event=request.event)
    return looked.again


def handler(event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
    """Handler of the queue. Event: Records, as SQS hands them over. Answers which of them to hand over again.

    Those are the ones where something went wrong: SQS gives them to us a few times more, then to the queue of events
    that could not be delivered.
    """
    found, failed = _by_request(event["Records"])
    for request, records in found.items():
        try:
            if _attend(request):
                aws.client("sqs").send_message(QueueUrl=settings.requests_queue(), MessageBody=records[0]["body"])
        except Exception:  # noqa: BLE001  # the journal has it; and it must not hold up the other requests
            failed += records
    return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in failed]}


def _by_request(records: Iterable[Record]) -> tuple[dict[Requested, list[Record]], list[Record]]:
    """The records that ask for the same, together (eight files that changed are one request), and the unreadable."""
    found: dict[Requested, list[Record]] = {}
    unreadable: list[Record] = []
    for record in records:
        try:
            request = requested(record["body"])
        except (ValueError, KeyError, TypeError):
            unreadable.append(record)
            continue
        if request:
            found.setdefault(request, []).append(record)
    return found, unreadable
