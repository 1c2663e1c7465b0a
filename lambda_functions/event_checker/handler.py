"""Starts the actions of the conditions that an event fulfils."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambda_functions.event_checker.actions import check
from lambda_functions.shared import invoked, twin_info
from lambda_functions.shared.clients import client, ready
from lambda_functions.shared.envelope import L2
from lambda_functions.shared.observability import observed

ready("lambda")


@observed("event_checker")
def lambda_handler(event: Any, context: Any) -> dict[str, str]:
    """Event: an envelope, or a plain telemetry event; an envelope's list `actions` limits the check to those."""
    left = event.get("actions") if isinstance(event, Mapping) and "payload" in event else None
    return invoked.run(
        event,
        context,
        layer=L2,
        act=lambda envelope: check(
            envelope,
            twin_info.load(),
            client,
            function=invoked.function_name(context),
            only=left if isinstance(left, list) else None,
        ),
    )
