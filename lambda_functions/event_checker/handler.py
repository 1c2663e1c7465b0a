"""The event checker on AWS: starts the actions of the conditions that an event fulfils."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambda_functions.aws import cloud
from lambda_functions.aws.entry import observed
from lambda_functions.event_checker.actions import check
from lambda_functions.shared import async_handler, twin_info
from lambda_functions.shared.envelope import L2
from lambda_functions.shared.port import Invocation

cloud.ready("lambda")


@observed("event_checker")
def lambda_handler(event: Any, context: Invocation) -> dict[str, str]:
    """Event: an envelope, or a plain telemetry event; an envelope's list `actions` limits the check to those."""
    left = event.get("actions") if isinstance(event, Mapping) and "payload" in event else None
    only = left if isinstance(left, list) else None
    return async_handler.run(
        event,
        context,
        cloud,
        L2,
        lambda envelope: check(cloud, envelope, twin_info.load(), function=context.function, only=only),
    )
