"""The one way to the state table: an item of it as a plain mapping, read strongly consistent."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from boto3.dynamodb.types import Binary, TypeDeserializer, TypeSerializer

from deploy_steps.errors import Throttled

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
    return {name: _plain(_read(value)) for name, value in item.items()}


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, Binary) else value  # type: ignore[call-overload]  # it has __bytes__


def read(client: Any, table: str, twin: str, item: str) -> dict[str, Any] | None:
    """One item, or None. Consistent: what was written before is seen."""
    found = client.get_item(TableName=table, Key=key(twin, item), ConsistentRead=True)
    return unpacked(found["Item"]) if "Item" in found else None


def read_together(client: Any, table: str, twin: str, *items: str) -> dict[str, dict[str, Any]]:
    """Those of the items that there are, by one call. Consistent. Raises Throttled when the table gives only some."""
    keys = [key(twin, item) for item in items]
    answer = client.batch_get_item(RequestItems={table: {"Keys": keys, "ConsistentRead": True}})
    if answer.get("UnprocessedKeys"):
        raise Throttled(f"BatchGetItem: the table {table} gave only some of its items.")
    found = [unpacked(item) for item in answer.get("Responses", {}).get(table, ())]
    return {str(item["item"]): item for item in found}


def write(client: Any, table: str, twin: str, item: str, values: Mapping[str, Any]) -> None:
    """Put one item in the place of whatever is there."""
    client.put_item(TableName=table, Item={**packed(values), **key(twin, item)})


def widen(
    client: Any,
    table: str,
    twin: str,
    item: str,
    values: Mapping[str, Any],
    sets: Mapping[str, Collection[str]],
    *,
    only_of: Iterable[str] = (),
) -> dict[str, Any] | None:
    """Add to the sets of an item, and set those of the values that it does not have yet; make it if there is none.

    Answers the item as it was before, or None: one call, so nobody can have changed it in between. With `only_of`, an
    item that is there must have been left by one of these executions; else ConditionalCheckFailedException.
    """
    parts = {f"#{name}": name for name in (*values, *sets)}
    given = {f":{name}": _write(value) for name, value in values.items()}
    given |= {f":{name}": _write({*value}) for name, value in sets.items()}
    keep = ", ".join(f"#{name} = if_not_exists(#{name}, :{name})" for name in values)
    add = ", ".join(f"#{name} :{name}" for name in sets)
    condition: dict[str, str] = {}
    if left_by := {f":by{number}": _write(execution) for number, execution in enumerate(only_of)}:
        given |= left_by
        among = f"#execution IN ({', '.join(left_by)})"
        condition = {"ConditionExpression": f"attribute_not_exists(#execution) OR {among}"}
    answer = client.update_item(
        TableName=table,
        Key=key(twin, item),
        UpdateExpression=f"SET {keep}" + (f" ADD {add}" if add else ""),
        ExpressionAttributeNames=parts,
        ExpressionAttributeValues=given,
        ReturnValues="ALL_OLD",
        **condition,
    )
    return unpacked(answer["Attributes"]) if answer.get("Attributes") else None


def mark(client: Any, table: str, twin: str, item: str, sets: Mapping[str, Collection[str]]) -> dict[str, Any] | None:
    """Add to the sets of an item if there is one. Answers the item as it was before, or None."""
    try:
        answer = client.update_item(
            TableName=table,
            Key=key(twin, item),
            UpdateExpression=f"ADD {', '.join(f'#{name} :{name}' for name in sets)}",
            ConditionExpression="attribute_exists(twin)",
            ExpressionAttributeNames={f"#{name}": name for name in sets},
            ExpressionAttributeValues={f":{name}": _write({*value}) for name, value in sets.items()},
            ReturnValues="ALL_OLD",
        )
    except client.exceptions.ConditionalCheckFailedException:
        return None
    return unpacked(answer["Attributes"])


def write_together(client: Any, table: str, twin: str, items: Mapping[str, Mapping[str, Any] | None]) -> None:
    """Put items in the place of whatever is there, and remove those that are None, by one call.

    They do not change as one: who needs that runs again. Raises Throttled when the table took only some.
    """
    requests = [
        {"DeleteRequest": {"Key": key(twin, item)}}
        if values is None
        else {"PutRequest": {"Item": {**packed(values), **key(twin, item)}}}
        for item, values in items.items()
    ]
    if client.batch_write_item(RequestItems={table: requests}).get("UnprocessedItems"):
        raise Throttled(f"BatchWriteItem: the table {table} took only some of the items.")
