"""Requests that a twin is deployed again, as an event on the account's bus."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deploy_steps import aws
from deploy_steps.contract import Result
from deploy_steps.shared import announcements, settings
from deploy_steps.task import task
from orchestrator.core.event_types import REDEPLOY

ACTIONS = ("events:PutEvents",)


@task
def handler(event: Mapping[str, Any]) -> Result:
    """Handler. Event: twin, project. What it asks for, waits like every request until the twin is free."""
    detail = {"project": event["project"], "installation": settings.prefix()}
    announcements.put(aws.client("events"), REDEPLOY, detail)
    return Result("redeployment", event["twin"], "created")
