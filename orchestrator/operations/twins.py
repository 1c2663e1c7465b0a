"""Which twins are deployed by an installation, and what its state table records of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deploy_steps.state import state_table
from orchestrator.core.errors import GluecodeError, not_installed
from orchestrator.core.names import Installation


def deployed(aws: Any, installation: Installation) -> tuple[str, ...]:
    """The names of all twins of this installation, in order."""
    client = aws.client("dynamodb")
    pages = client.get_paginator("scan").paginate(
        TableName=installation.state_table,
        ProjectionExpression="#twin",
        FilterExpression="#item = :record",
        ExpressionAttributeNames={"#twin": "twin", "#item": "item"},
        ExpressionAttributeValues={":record": {"S": state_table.RECORD}},
    )
    try:
        return tuple(sorted(item["twin"]["S"] for page in pages for item in page.get("Items", [])))
    except client.exceptions.ResourceNotFoundException as error:
        raise not_installed(installation) from error


def record_if_any(aws: Any, installation: Installation, twin: str) -> Mapping[str, Any] | None:
    """A twin's record; None if there is none, or nothing is installed."""
    try:
        return _record(aws, installation, twin)
    except GluecodeError:
        return None


def record(aws: Any, installation: Installation, twin: str) -> Mapping[str, Any]:
    """What the last deployment wrote down about a twin. Raises GluecodeError when there is no such twin."""
    found = _record(aws, installation, twin)
    if found is None:
        others = ", ".join(deployed(aws, installation)) or "none"
        raise GluecodeError(
            f"There is no twin '{twin}' here.", f"Deploy it with `gluecode deploy`. Twins that are here: {others}."
        )
    return found


def _record(aws: Any, installation: Installation, twin: str) -> Mapping[str, Any] | None:
    client = aws.client("dynamodb")
    try:
        return state_table.read(client, installation.state_table, twin, state_table.RECORD)
    except client.exceptions.ResourceNotFoundException as error:
        raise not_installed(installation) from error
