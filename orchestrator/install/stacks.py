"""Brings one CloudFormation stack to a desired state by change set, and follows what CloudFormation does meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import takewhile
from typing import Any

from botocore.exceptions import ClientError

from orchestrator.install import change_sets
from orchestrator.install.stack_model import (
    STACK,
    Change,
    Desired,
    Event,
    Outcome,
    Progress,
    Stack,
    StackFailed,
    validation_errors,
)

_POLL_SECONDS = 2.0
_NEVER_WORKED = {"CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"}
_NOT_MADE = {"CREATE_IN_PROGRESS", "CREATE_FAILED", "DELETE_COMPLETE"}
_DONE = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE", ""}


class Stacks:
    """The stacks of one account and region. `poll` is the time in seconds between two looks at CloudFormation.

    Before a stack is deleted, `release` is called with its name: for what CloudFormation could not delete.
    """

    def __init__(
        self, client: Any, poll: float = _POLL_SECONDS, release: Callable[[str], None] = lambda _: None
    ) -> None:
        self._client = client
        self._poll = poll
        self._release = release

    def read(self, name: str) -> Stack:
        """The stack of that name (or id), if there is one."""
        try:
            found = self._client.describe_stacks(StackName=name)["Stacks"][0]
        except ClientError as error:
            # ValidationError: "Stack with id gluecode does not exist"
            if "does not exist" in str(error):
                return Stack(name, "", "", {}, {})
            raise
        return Stack(
            name=found["StackName"],
            id=found["StackId"],
            status=found["StackStatus"],
            outputs={each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])},
            parameters={each["ParameterKey"]: each["ParameterValue"] for each in found.get("Parameters", [])},
        )

    def holds(self, name: str, resource: str) -> bool:
        """Whether the stack has made this resource (by its logical id), and still has it."""
        if not self.read(name).exists:
            return False
        pages = self._client.get_paginator("list_stack_resources").paginate(StackName=name)
        found = pages.search("StackResourceSummaries[]")
        return any(each["LogicalResourceId"] == resource and each["ResourceStatus"] not in _NOT_MADE for each in found)

    def changes(self, desired: Desired) -> tuple[Change, ...]:
        """What `bring_to` would do, found by a change set that is thrown away."""
        stack = self.read(desired.name)
        change_set = change_sets.propose(self._client, desired, stack, self._poll)
        if change_set is None:
            return ()
        found = change_sets.changes(self._client, change_set)
        change_sets.forget(self._client, change_set, stack)
        return found

    def bring_to(self, desired: Desired, progress: Progress) -> Outcome:
        """Create or update the stack, and wait until it is done. Raises StackFailed after CloudFormation's rollback.

        What an update will do to each resource is told before it begins.
        """
        stack = self._ready(desired.name, progress)
        change_set = change_sets.propose(self._client, desired, stack, self._poll)
        if change_set is None:
            return "unchanged"
        if stack.exists:
            for change in change_sets.changes(self._client, change_set):
                progress(_foretold(stack, change))
        seen = self._latest_event(change_set["StackId"])
        self._client.execute_change_set(ChangeSetName=change_set["ChangeSetId"])
        self._follow(change_set["StackId"], seen, progress)
        return "updated" if stack.exists else "created"

    def delete(self, name: str, progress: Progress) -> Outcome:
        """Delete the stack with its resources, and wait until it is gone. Raises StackFailed when something stays."""
        stack = self._settled(name, progress)
        if stack.status in {"", "DELETE_COMPLETE"}:
            return "absent"
        self._release(stack.name)
        seen = self._latest_event(stack.id)
        self._client.delete_stack(StackName=stack.id)
        self._follow(stack.id, seen, progress)
        return "deleted"

    def _ready(self, name: str, progress: Progress) -> Stack:
        """The stack in a state from which CloudFormation can go on, whatever an earlier attempt left behind."""
        stack = self._settled(name, progress)
        if stack.status in _NEVER_WORKED:
            # "Stack … is in ROLLBACK_COMPLETE state and can not be updated": it holds nothing that ever worked.
            self.delete(name, progress)
            return self.read(name)
        if stack.status == "UPDATE_ROLLBACK_FAILED":
            seen = self._latest_event(stack.id)
            self._client.continue_update_rollback(StackName=stack.id)
            self._wait(stack.id, seen, progress)
            return self.read(name)
        return stack

    def _settled(self, name: str, progress: Progress) -> Stack:
        """The stack once nobody is changing it any more."""
        stack = self.read(name)
        if not stack.busy:
            return stack
        self._wait(stack.id, self._latest_event(stack.id), progress)
        return self.read(name)

    def _follow(self, stack_id: str, seen: str, progress: Progress) -> None:
        events = self._wait(stack_id, seen, progress)
        stack = self.read(stack_id)
        if stack.status not in _DONE:
            raise StackFailed(f"Stack '{stack.name}' is {stack.status}: {self._why(stack, events)}", _remedy(stack))

    def _wait(self, stack_id: str, seen: str, progress: Progress) -> list[Event]:
        """Tell each event as it appears, until the stack is settled. Returns them in order."""
        events: list[Event] = []
        while True:
            busy = self.read(stack_id).busy
            for each in self._events_after(stack_id, seen):
                seen = each["EventId"]
                events.append(_event(each))
                progress(events[-1])
            if not busy:
                return events
            time.sleep(self._poll)

    def _events_after(self, stack_id: str, seen: str) -> list[Any]:
        """The stack's events since this one, the oldest first."""
        return [*takewhile(lambda event: event["EventId"] != seen, self._events(stack_id))][::-1]

    def _latest_event(self, stack_id: str) -> str:
        return str(next((event["EventId"] for event in self._events(stack_id)), ""))

    def _events(self, stack_id: str) -> Iterator[Any]:
        """The stack's events, the newest first."""
        pages = self._client.get_paginator("describe_stack_events").paginate(StackName=stack_id)
        return iter(pages.search("StackEvents[]"))

    def _why(self, stack: Stack, events: list[Event]) -> str:
        """What failed first. Whatever failed after it says 'Resource creation cancelled'."""
        for event in events:
            if event.status.endswith("_FAILED") and event.type != STACK and "cancelled" not in event.reason:
                return f"{event.resource} ({event.type}) failed: {event.reason}"
        reasons = [event.reason for event in events if event.type == STACK and event.reason]
        if any("DescribeEvents" in reason for reason in reasons):
            return validation_errors(self._client, StackName=stack.id)
        return "; ".join(reasons) or "CloudFormation gives no reason."


def _event(event: Any) -> Event:
    return Event(
        stack=event["StackName"],
        resource=event["LogicalResourceId"],
        type=event["ResourceType"],
        status=event["ResourceStatus"],
        reason=event.get("ResourceStatusReason", ""),
        at=event["Timestamp"],
    )


def _foretold(stack: Stack, change: Change) -> Event:
    note = "(replaced)" if change.replaced else ""
    return Event(stack.name, change.resource, change.type, f"WILL_{change.action.upper()}", note, datetime.now(UTC))


def _remedy(stack: Stack) -> str:
    if stack.status == "DELETE_FAILED":
        return "Remove what the message names, then run it again."
    return "CloudFormation has rolled back. Remedy what the message names, then run it again."
