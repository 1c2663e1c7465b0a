"""The hot table: one item per device and moment, so that writing an event twice leaves one item."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from botocore.exceptions import ClientError

from lambda_functions.shared import event
from lambda_functions.shared.errors import Refused


def put(client: Any, table: str, telemetry: Mapping[str, Any]) -> None:
    """Store an event. Raises Refused for one that cannot be stored, ClientError for a table that cannot store now."""
    stored = item(telemetry)
    try:
        client.put_item(TableName=table, Item=stored)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationException":
            raise
        # "Item size has exceeded the maximum allowed size": 400 KB, names and values together.
        too_large = "size" in error.response["Error"].get("Message", "")
        raise Refused("item_too_large" if too_large else "item_invalid") from None  # AWS's message may quote a value


def item(telemetry: Mapping[str, Any]) -> dict[str, Any]:
    """The item in DynamoDB's JSON: `iotDeviceId`, `id` (from `time`) and the properties. Raises Refused."""
    event.check_storable(telemetry)
    stored = {name: value for name, value in telemetry.items() if name != event.TIME}
    stored[event.ID] = event.range_key(telemetry)
    return {name: _attribute(value) for name, value in stored.items()}


def _attribute(value: Any) -> dict[str, Any]:
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, int | float | Decimal):
        return {"N": str(event.exact(value))}
    if isinstance(value, Mapping):
        return {"M": {name: _attribute(child) for name, child in value.items()}}
    return {"L": [_attribute(child) for child in value]}
