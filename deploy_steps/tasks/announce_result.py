"""Announces how a deployment ended, as an event on the account's bus."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deploy_steps import aws
from deploy_steps.contract import Result
from deploy_steps.shared import announcements
from deploy_steps.task import journal

ACTIONS = ("events:PutEvents",)


def handler(event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
    """Handler. Event: as of `announcement`."""
    with journal(event, announcements.KIND, "announce") as note, aws.translated():
        told = announcements.announcement(event)
        if told:
            announcements.put(aws.client("events"), *told)
        result = Result(announcements.KIND, told[0] if told else "", "created" if told else "absent")
        note(result)
    return result.as_dict()
