"""Asks CloudFormation what it would do to reach a desired stack, and shows or forgets the answer."""

from __future__ import annotations

import secrets
import time
from typing import Any

from botocore.exceptions import ClientError

from orchestrator.install.stack_model import Change, Desired, Stack, StackFailed, validation_errors

_NOTHING_TO_DO = ("didn't contain changes", "No updates are to be performed")
_UNDER_WAY = {"CREATE_PENDING", "CREATE_IN_PROGRESS"}


def propose(client: Any, desired: Desired, stack: Stack, poll: float) -> Any:
    """A change set (as DescribeChangeSet tells it) that can be executed; None when there is nothing to change.

    Raises StackFailed when CloudFormation refuses the template or a parameter.
    """
    change_set_id = _create(client, desired, stack)
    change_set = client.describe_change_set(ChangeSetName=change_set_id)
    while change_set["Status"] in _UNDER_WAY:
        time.sleep(poll)
        change_set = client.describe_change_set(ChangeSetName=change_set_id)
    if change_set["Status"] != "FAILED":
        return change_set
    reason = change_set.get("StatusReason", "")
    details = validation_errors(client, ChangeSetName=change_set_id) if "DescribeEvents" in reason else ""
    forget(client, change_set, stack)
    if any(text in reason for text in _NOTHING_TO_DO):
        return None
    raise _refused(desired.name, details or reason)


def changes(client: Any, change_set: Any) -> tuple[Change, ...]:
    """What a change set would do, resource by resource."""
    pages = client.get_paginator("describe_change_set").paginate(ChangeSetName=change_set["ChangeSetId"])
    return tuple(
        Change(each["Action"], each["LogicalResourceId"], each["ResourceType"], each.get("Replacement") == "True")
        for each in pages.search("Changes[].ResourceChange")
    )


def forget(client: Any, change_set: Any, stack: Stack) -> None:
    """Throw a change set away, and the empty stack in REVIEW_IN_PROGRESS that it made if there was none."""
    client.delete_change_set(ChangeSetName=change_set["ChangeSetId"])
    if not stack.exists:
        client.delete_stack(StackName=change_set["StackId"])


def _create(client: Any, desired: Desired, stack: Stack) -> str:
    try:
        made = client.create_change_set(
            StackName=desired.name,
            ChangeSetName=f"gluecode-{secrets.token_hex(8)}",
            ChangeSetType="UPDATE" if stack.exists else "CREATE",
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in desired.parameters.items()],
            Tags=[{"Key": key, "Value": value} for key, value in desired.tags.items()],
            Capabilities=["CAPABILITY_IAM"],
            **({"DeploymentMode": "REVERT_DRIFT"} if desired.repair and stack.exists else {}),
            **desired.template,
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            raise _refused(desired.name, error.response["Error"]["Message"]) from error
        raise
    return str(made["Id"])


def _refused(name: str, reason: str) -> StackFailed:
    return StackFailed(
        f"CloudFormation refused the template or a parameter of stack '{name}': {reason}", "Nothing was changed."
    )
