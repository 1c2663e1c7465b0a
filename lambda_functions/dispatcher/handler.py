"""The dispatcher on AWS: takes a device's message from the IoT rule and gives it its trace id."""

from __future__ import annotations

from typing import Any

from lambda_functions.aws import cloud
from lambda_functions.aws.entry import observed
from lambda_functions.dispatcher.dispatch import dispatch
from lambda_functions.shared import async_handler, settings
from lambda_functions.shared.envelope import L2
from lambda_functions.shared.port import Invocation

cloud.ready("sqs" if settings.text("CONNECTOR_QUEUE_URL") else "lambda")


@observed("dispatcher")
def lambda_handler(event: Any, context: Invocation) -> dict[str, str]:
    """Event: a telemetry event, or an envelope with one."""
    return async_handler.run(event, context, cloud, L2, lambda envelope: dispatch(cloud, envelope))
