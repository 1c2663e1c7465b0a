"""Gives a twin's lock back, if this execution holds it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deploy_steps import aws
from deploy_steps.contract import Result
from deploy_steps.shared import settings
from deploy_steps.state import lock
from deploy_steps.task import task

ACTIONS = ("dynamodb:DeleteItem",)


@task
def handler(event: Mapping[str, Any]) -> Result:
    """Handler. Event: run, dry_run, twin, execution (ARN)."""
    if event["dry_run"]:
        return Result(lock.KIND, event["twin"], "absent")
    return lock.release(aws.client("dynamodb"), settings.state_table(), event["twin"], event["execution"])
