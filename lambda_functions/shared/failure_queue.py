"""The twin's failure queue: where an event that will never be accepted as it is lies until someone looks at it."""

from __future__ import annotations

import logging
from typing import Any

from lambda_functions.shared import failed_event, observability, settings
from lambda_functions.shared.clients import client
from lambda_functions.shared.envelope import now
from lambda_functions.shared.errors import Refused
from lambda_functions.shared.json_text import message_text


def keep(refusal: Refused, event: Any, *, function: str, trace_id: str, detail: str = "") -> None:
    """Put a refused event into the queue, as if it were done with. One that was tried often enough has a `detail`.

    Raising would make Lambda try twice more what is known to be useless. Without a queue (FAILURE_QUEUE_URL is not
    set), or when the queue does not take it, an error is raised all the same, and Lambda's on-failure destination gets
    the event.
    """
    url = settings.text("FAILURE_QUEUE_URL")
    if url:
        put(client("sqs"), url, event, reason=refusal.reason, function=function, trace_id=trace_id, detail=detail)
    observability.hop(
        "refused",
        "The event was tried often enough." if detail else "The event will not be accepted as it is.",
        level=logging.WARNING,
        reason=refusal.reason,
        to="failure-queue" if url else "lambda",
    )
    if not url:
        raise refusal


def put(sqs: Any, url: str, event: Any, *, reason: str, function: str, trace_id: str, detail: str = "") -> None:
    """Put one failed event into the queue. Raises ClientError."""
    document = failed_event.document(
        reason=reason, function=function, trace_id=trace_id, event=event, failed_at=now(), detail=detail
    )
    sqs.send_message(QueueUrl=url, MessageBody=message_text(document))
