"""Stores events that come from the cloud that L2 is on: a public endpoint, in front of the hot table."""

from __future__ import annotations

from typing import Any

from lambda_functions.shared import endpoint, hot_table, observability, settings, tokens, twin_info
from lambda_functions.shared.clients import client, ready
from lambda_functions.shared.envelope import L3, Envelope
from lambda_functions.shared.observability import observed

ready("dynamodb", *tokens.SERVICES)


@observed("writer")
def lambda_handler(event: Any, context: Any) -> dict[str, Any]:
    """Event: the HTTP request of a Function URL. Answers 200 once the event is in the hot table."""
    return endpoint.serve(
        event,
        context,
        layer=L3,
        tokens=tokens.for_receiving,
        devices=_devices,
        accept=lambda envelope: write(envelope, client("dynamodb"), settings.required("DYNAMODB_TABLE_NAME")),
    )


def write(envelope: Envelope, dynamodb: Any, table: str) -> None:
    """Store the event. Raises what `hot_table.put` raises."""
    hot_table.put(dynamodb, table, envelope.payload)
    observability.hop("stored", "The event is in the hot table.", to=table)


def _devices() -> frozenset[str] | None:
    info = twin_info.find()
    return info.devices if info else None
