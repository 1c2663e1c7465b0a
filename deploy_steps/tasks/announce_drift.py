"""Announces that a twin has drifted, as an event on the account's bus."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deploy_steps import aws
from deploy_steps.contract import Result
from deploy_steps.shared import announcements
from deploy_steps.task import task
from orchestrator.core.event_types import DRIFT

ACTIONS = ("events:PutEvents",)


@task
def handler(event: Mapping[str, Any]) -> Result:
    """Handler. Event: as of `drift`."""
    announcements.put(aws.client("events"), DRIFT, announcements.drift(event))
    return Result("drift", event["twin"], "created")
