"""Takes a twin's lock for the execution, so that one execution at a time works on the twin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deploy_steps import aws
from deploy_steps.contract import Result
from deploy_steps.shared import settings
from deploy_steps.state import lock
from deploy_steps.task import journal

ACTIONS = ("dynamodb:PutItem", "states:DescribeExecution")


def handler(event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
    """Handler. Event: run, dry_run, twin, execution (ARN). A dry run takes no lock."""
    with journal(event, lock.KIND, "take") as note, aws.translated():
        result = Result(lock.KIND, event["twin"], "unchanged")
        if not event["dry_run"]:
            clients = aws.client("dynamodb"), aws.client("stepfunctions")
            result = lock.take(*clients, settings.state_table(), event["twin"], event["execution"])
        note(result)
    return result.as_dict()
