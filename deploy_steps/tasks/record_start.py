"""Widens a twin's record before the first change, and opens the run's history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deploy_steps import aws
from deploy_steps.contract import Result
from deploy_steps.shared import settings
from deploy_steps.state import record
from deploy_steps.task import journal

ACTIONS = ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem")


def handler(event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
    """Handler of `start`."""
    with journal(event, "start", "record") as note, aws.translated():
        answer = record.start(aws.client("dynamodb"), settings.state_table(), event)
        note(Result(record.KIND, event["state"]["twin"], "unchanged" if event["dry_run"] else "updated"))
    return answer
