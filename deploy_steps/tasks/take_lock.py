"""Takes a twin's lock for the execution, so that one execution at a time works on the twin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deploy_steps import aws
from deploy_steps.contract import Result
from deploy_steps.shared import settings
from deploy_steps.state import lock
from deploy_steps.task import task

ACTIONS = ("dynamodb:PutItem", "states:DescribeExecution")


@task
def handler(event: Mapping[str, Any]) -> Result:
    """Handler. Event: run, dry_run, twin, execution (ARN). A dry run takes no lock."""
    if event["dry_run"]:
        return Result(lock.KIND, event["twin"], "unchanged")
    clients = aws.client("dynamodb"), aws.client("stepfunctions")
    return lock.take(*clients, settings.state_table(), event["twin"], event["execution"])
