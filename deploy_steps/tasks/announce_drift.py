"""Announces that a twin has drifted, as an event on the account's bus."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deploy_steps import aws
from deploy_steps.contract import Result
from deploy_steps.shared import announcements
from deploy_steps.task import journal

ACTIONS = ("events:PutEvents",)


def handler(event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
    """Handler. Event: as of `drift`."""
    with journal(event, "drift", "announce") as note, aws.translated():
        announcements.put(aws.client("events"), announcements.DRIFT, announcements.drift(event))
        result = Result("drift", event["twin"], "created")
        note(result)
    return result.as_dict()
