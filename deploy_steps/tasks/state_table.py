"""The one way to the state table: an item of it as a plain mapping, read strongly consistent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

LOCK = "lock"
RECORD = "record"

_write = TypeSerializer().serialize
_read = TypeDeserializer().deserialize


def key(twin: str, item: str) -> dict[str, Any]:
    """The key of one item, as DynamoDB takes it."""
    return {"twin": _write(twin), "item": _write(item)}


def packed(values: Mapping[str, Any]) -> dict[str, Any]:
    """A mapping as DynamoDB takes it."""
    return {name: _write(value) for name, value in values.items()}


def unpacked(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item as DynamoDB gives it, as a mapping."""
    return {name: _read(value) for name, value in item.items()}


def read(client: Any, table: str, twin: str, item: str) -> dict[str, Any] | None:
    """One item, or None. Consistent: what was written before is seen."""
    found = client.get_item(TableName=table, Key=key(twin, item), ConsistentRead=True)
    return unpacked(found["Item"]) if "Item" in found else None


def write(client: Any, table: str, twin: str, item: str, values: Mapping[str, Any]) -> None:
    """Put one item in the place of whatever is there."""
    client.put_item(TableName=table, Item={**packed(values), **key(twin, item)})


def remove(client: Any, table: str, twin: str, item: str) -> None:
    """Remove one item, if it is there."""
    client.delete_item(TableName=table, Key=key(twin, item))
