"""The connector on AWS: invoked with one event, or with messages of the outbox in front of it."""

from __future__ import annotations

import functools
from typing import Any

from lambda_functions.aws import cloud
from lambda_functions.aws.entry import from_queue, observed
from lambda_functions.connector.connect import connect, connect_all, ingestion
from lambda_functions.shared import async_handler, settings, tokens
from lambda_functions.shared.envelope import L2
from lambda_functions.shared.port import Invocation

cloud.ready(*cloud.SECRETS)
if settings.text("OUTGOING_ATTEMPTS"):  # there is an outbox: load what it needs while the worker starts
    import lambda_functions.aws.sqs_handler
    import lambda_functions.shared.batch_sender  # noqa: F401


@observed("connector")
def lambda_handler(event: Any, context: Invocation) -> dict[str, Any]:
    """Event: an envelope, a plain telemetry event, or messages of the outbox.

    Raises MissingSetting (a ValueError) without a URL or a token.
    """
    if from_queue(event):
        from lambda_functions.aws import sqs_handler

        return sqs_handler.run(event, context, layer=L2, send=functools.partial(connect_all, cloud))
    return async_handler.run(
        event,
        context,
        cloud,
        L2,
        lambda envelope: connect(cloud, envelope, ingestion(), tokens.for_sending(cloud), context.remaining),
    )
