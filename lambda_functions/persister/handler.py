"""The persister on AWS: invoked with one event, or with messages of the outbox in front of it."""

from __future__ import annotations

import functools
from typing import Any

import lambda_functions.aws.hot_table  # loaded while the worker starts
from lambda_functions.aws import cloud
from lambda_functions.aws.entry import from_queue, observed
from lambda_functions.persister.persist import persist, persist_all
from lambda_functions.shared import async_handler, settings
from lambda_functions.shared.envelope import L3
from lambda_functions.shared.port import Invocation

if settings.text("REMOTE_WRITER_URL"):  # load what sending needs while the worker starts
    import lambda_functions.shared.sending

    if settings.text("OUTGOING_ATTEMPTS"):
        import lambda_functions.aws.sqs_handler
        import lambda_functions.shared.batch_sender  # noqa: F401
    cloud.ready(*cloud.SECRETS)
else:
    cloud.ready("dynamodb")
if settings.on("USE_EVENT_CHECKING"):
    cloud.ready("lambda")


@observed("persister")
def lambda_handler(event: Any, context: Invocation) -> dict[str, Any]:
    """Event: an envelope, a plain telemetry event, or messages of the outbox.

    Raises ConfigurationError when it is unclear where to write, MissingSetting (a ValueError) without a token.
    """
    if from_queue(event):
        from lambda_functions.aws import sqs_handler

        return sqs_handler.run(event, context, layer=L3, send=functools.partial(persist_all, cloud))
    return async_handler.run(event, context, cloud, L3, lambda envelope: persist(cloud, envelope, context.remaining))
