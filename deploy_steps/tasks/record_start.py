"""Widens a twin's record before the first change, and opens the run's history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deploy_steps import aws
from deploy_steps.contract import Result
from deploy_steps.shared import settings
from deploy_steps.state import record
from deploy_steps.task import task

ACTIONS = ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem")


@task
def handler(event: Mapping[str, Any]) -> tuple[Result, dict[str, Any]]:
    """Handler of `start`."""
    answer = record.start(aws.client("dynamodb"), settings.state_table(), event)
    return Result(record.KIND, event["state"]["twin"], "unchanged" if event["dry_run"] else "updated"), answer
