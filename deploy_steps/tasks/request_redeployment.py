"""Requests that a twin is deployed again, as an event on the account's bus."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deploy_steps import aws
from deploy_steps.contract import Result
from deploy_steps.shared import announcements, settings
from deploy_steps.task import journal

ACTIONS = ("events:PutEvents",)


def handler(event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
    """Handler. Event: twin, project. What it asks for, waits like every request until the twin is free."""
    with journal(event, "redeployment", "request") as note, aws.translated():
        announcements.put(
            aws.client("events"),
            announcements.REDEPLOY,
            {"project": event["project"], "installation": settings.prefix()},
        )
        result = Result("redeployment", event["twin"], "created")
        note(result)
    return result.as_dict()
