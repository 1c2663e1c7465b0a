"""Starts the deployments that events ask for, each once, when its project has come to rest and its twin is free.

It works off the queue of requests. A request that is not due yet stays there and is checked again a little later:
whatever is decided, is decided on what is in the bucket and what runs by then, so that nothing has to be remembered.
A request is done with when an execution for this very state of the files has ended, other than by finding the twin
locked. One that waits too long, fails too long or cannot be read goes to the undelivered events, with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from typing import Any

from deploy_steps import aws
from deploy_steps.contract import Outcome, Result
from deploy_steps.errors import InvalidProject
from deploy_steps.shared import patience, project_state, request_queue, settings
from deploy_steps.shared.deployment_request import Requested
from deploy_steps.shared.request_queue import Message, by_request
from deploy_steps.shared.stored_project import read_files, read_stored
from deploy_steps.state import lock
from deploy_steps.task import journal
from orchestrator.core.config import Project
from orchestrator.core.names import project_files

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
    "sqs:ChangeMessageVisibility",
    "sqs:SendMessage",
)
NEEDS_PYDANTIC = True

FAULTS_PATIENCE = 15
"""How many times as long as another one a project with faults is left in peace: it may be half uploaded."""

_LOCKED = "Locked"
_LOOK_MILLISECONDS = 50_000  # what a look may take; with less time left, none begins
_NEW = timedelta()
_failing: dict[Requested, datetime] = {}
"""Since when every check of a request has failed. A new worker does not know it: its request is tried for longer, at
growing intervals, until it has waited long enough."""


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


def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Handler of the queue. Event: Records, as SQS hands them over. Answers which of them are not done with.

    Lambda deletes the others. Those stay in the queue, and are handed over again when they become visible.
    """
    requests, unreadable = by_request(map(Message.of, event["Records"]))
    quiet, pauses = timedelta(seconds=settings.quiet_seconds()), {}
    for message in unreadable:
        pauses[message] = _give_up(message, message.id, "It is not a message that one of the rules sends.")
    for request, message in requests.items():
        in_time = context.get_remaining_time_in_millis() >= _LOOK_MILLISECONDS
        pauses[message] = _attend(request, message, quiet) if in_time else patience.until_next_check(_NEW, quiet)
    waiting = {message: pause for message, pause in pauses.items() if pause is not None}
    _defer(waiting)  # only now, so that none is visible again before this invocation has answered
    return {"batchItemFailures": [{"itemIdentifier": message.id} for message in waiting]}


def _attend(request: Requested, message: Message, quiet: timedelta) -> timedelta | None:
    """Look at one request, and write down what came of it. Answers when to look again; None if it is done with."""
    now, end = _now(), partial(_give_up, message, request.project)
    if now - message.received > patience.UNFINISHED:
        return end(f"Its checks since {_at(message.received)} have come to no end.")
    try:
        with journal({"run": ""}, KIND, "start") as note, aws.translated():
            looked = look(aws.client, request, now)
            note(Result(KIND, request.project, looked.outcome), why=looked.why, event=request.event)
    except Exception as error:  # noqa: BLE001  # the journal has it; and it must not hold up the other requests
        since = max(_failing.setdefault(request, now), message.sent)
        if now - since < patience.FAILING:
            return patience.until_next_try(now - message.sent)
        del _failing[request]
        return end(f"Every check since {_at(since)} has failed: {error}")
    _failing.pop(request, None)
    if not looked.again:
        return None
    if looked.outcome == "unchanged" and now - message.sent > patience.WAITING:
        return end(f"It has waited since {_at(message.sent)}. {looked.why}")
    return patience.until_next_check(now - message.sent, quiet)


def _give_up(message: Message, name: str, why: str) -> timedelta | None:
    """Move a request to the undelivered events. Answers None, or when to try again because that failed."""
    try:
        with journal({"run": ""}, KIND, "give-up") as note, aws.translated():
            request_queue.give_up(aws.client("sqs"), settings.undelivered_queue(), message, why)
            note(Result(KIND, name, "unchanged"), why=why)
    except Exception:  # noqa: BLE001  # the journal has it; the message stays in its queue
        return patience.until_next_try(_now() - message.sent)
    return None


def _defer(pauses: Mapping[Message, timedelta]) -> None:
    try:
        with aws.translated():
            request_queue.defer(aws.client("sqs"), settings.requests_queue(), pauses)
    except Exception as error:  # noqa: BLE001  # they come again all the same, if later
        with journal({"run": ""}, KIND, "defer") as note:
            note(Result(KIND, "", "unchanged"), why=str(error))


def _now() -> datetime:
    return datetime.now(UTC)


def _at(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
