"""A processor on AWS: one serves all devices of a twin, except those with their own code."""

from __future__ import annotations

from typing import Any

from lambda_functions.aws import cloud
from lambda_functions.aws.entry import observed
from lambda_functions.processor import own_code
from lambda_functions.processor.process import process
from lambda_functions.shared import async_handler, settings
from lambda_functions.shared.envelope import L2
from lambda_functions.shared.port import Invocation

_process = own_code.load()
cloud.ready("sqs" if settings.text("PERSISTER_QUEUE_URL") else "lambda")


@observed("processor")
def lambda_handler(event: Any, context: Invocation) -> dict[str, str]:
    """Event: an envelope, or a plain telemetry event."""
    return async_handler.run(event, context, cloud, L2, lambda envelope: process(cloud, envelope, _process))
