"""Announces how a deployment ended, as an event on the account's bus."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deploy_steps import aws
from deploy_steps.contract import Result
from deploy_steps.shared import announcements
from deploy_steps.task import task

ACTIONS = ("events:PutEvents",)


@task
def handler(event: Mapping[str, Any]) -> Result:
    """Handler. Event: as of `announcement`."""
    told = announcements.announcement(event)
    if told is None:
        return Result("result", "", "absent")
    announcements.put(aws.client("events"), *told)
    return Result("result", told[0], "created")
