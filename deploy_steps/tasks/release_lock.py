"""Gives a twin's lock back, if this execution holds it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deploy_steps import aws
from deploy_steps.contract import Result
from deploy_steps.shared import settings
from deploy_steps.state import lock
from deploy_steps.task import journal

ACTIONS = ("dynamodb:DeleteItem",)


def handler(event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
    """Handler. Event: run, dry_run, twin, execution (ARN)."""
    with journal(event, lock.KIND, "release") as note, aws.translated():
        result = Result(lock.KIND, event["twin"], "absent")
        if not event["dry_run"]:
            result = lock.release(aws.client("dynamodb"), settings.state_table(), event["twin"], event["execution"])
        note(result)
    return result.as_dict()
