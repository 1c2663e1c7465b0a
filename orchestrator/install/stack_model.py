"""What is said about a CloudFormation stack: how it is, how it shall be, what changes, what happens, what failed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from orchestrator.core.errors import GluecodeError

Outcome = Literal["created", "updated", "unchanged", "deleted", "absent"]

STACK = "AWS::CloudFormation::Stack"
_HOLDS_NOTHING = {"", "DELETE_COMPLETE", "REVIEW_IN_PROGRESS"}


@dataclass(frozen=True)
class Event:
    """Something that happened to one resource: CloudFormation's word for it, and its reason if it gives one."""

    stack: str
    resource: str
    type: str
    status: str
    reason: str
    at: datetime


Progress = Callable[[Event], None]


@dataclass(frozen=True)
class Change:
    """What a change set would do to one resource: `action` is Add, Modify or Remove."""

    action: str
    resource: str
    type: str
    replaced: bool = False


@dataclass(frozen=True)
class Stack:
    """A stack as it is: its outputs and parameters by name. `status` is empty when there is none."""

    name: str
    id: str
    status: str
    outputs: Mapping[str, str]
    parameters: Mapping[str, str]

    @property
    def exists(self) -> bool:
        """Whether it holds resources."""
        return self.status not in _HOLDS_NOTHING

    @property
    def busy(self) -> bool:
        """Whether CloudFormation is at work on it."""
        return self.status.endswith("_IN_PROGRESS") and self.status not in _HOLDS_NOTHING


@dataclass(frozen=True)
class Desired:
    """What a stack shall become. A template too large for a request (51,200 bytes) is given by its address in S3.

    `repair`: also undo what was changed by hand, which CloudFormation does not look for otherwise.
    """

    name: str
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    template_url: str = ""
    template_body: str = ""
    repair: bool = False

    @property
    def template(self) -> dict[str, str]:
        """The template as an argument of CloudFormation's calls."""
        return {"TemplateURL": self.template_url} if self.template_url else {"TemplateBody": self.template_body}


class StackFailed(GluecodeError):
    """CloudFormation refused a template, or rolled back. The text names what failed, and the reason."""


def validation_errors(client: Any, **of: str) -> str:
    """What CloudFormation's validation before an operation found. Events only say "Call DescribeEvents"."""
    pages = client.get_paginator("describe_events").paginate(**of, Filters={"FailedEvents": True})
    failed = list(pages.search("OperationEvents[]"))
    if not failed:
        return ""
    newest = max(failed, key=lambda event: event["Timestamp"])["OperationId"]
    return "; ".join(
        f"{event['LogicalResourceId']} ({event['ResourceType']}): {event['ValidationStatusReason']}"
        for event in failed
        if event["OperationId"] == newest and event.get("ValidationStatusReason")
    )
