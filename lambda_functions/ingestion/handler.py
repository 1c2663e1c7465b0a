"""Takes events in from the cloud that L1 is on: a public endpoint, in front of the processors."""

from __future__ import annotations

from typing import Any

from lambda_functions.shared import endpoint, settings, tokens, twin_info
from lambda_functions.shared.clients import client, ready
from lambda_functions.shared.envelope import L2, Envelope
from lambda_functions.shared.event import DEVICE, check_values
from lambda_functions.shared.invoking import hand_to
from lambda_functions.shared.observability import observed
from lambda_functions.shared.twin_info import TwinInfo

ready("lambda", *tokens.SERVICES)


@observed("ingestion")
def lambda_handler(event: Any, context: Any) -> dict[str, Any]:
    """Event: the HTTP request of a Function URL. Answers 200 once Lambda has the event and will run the processor."""
    return endpoint.serve(
        event,
        context,
        layer=L2,
        tokens=tokens.for_receiving,
        devices=lambda: twin_info.load().devices,
        accept=lambda envelope: ingest(envelope, twin_info.load(), client("lambda")),
    )


def ingest(envelope: Envelope, info: TwinInfo, lambda_client: Any) -> None:
    """Hand the event to the device's processor.

    Raises Refused for one that no store could keep, ClientError when Lambda does not take it.
    """
    check_values(envelope.payload)
    processor = info.processors.get(envelope.payload[DEVICE]) or settings.required("PROCESSOR_LAMBDA_NAME")
    hand_to(lambda_client, processor, envelope.as_dict())
