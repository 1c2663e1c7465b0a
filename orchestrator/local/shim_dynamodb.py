"""Makes ministack keep a table that is protected against deletion, also from CloudFormation, as AWS does."""

from __future__ import annotations

from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import dynamodb
from ministack.services.cloudformation import provisioners

PROTECTED = (
    "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first."
)


def install() -> None:
    """Patch both ways on which a table is deleted."""
    by_call, handler = dynamodb._delete_table, provisioners._RESOURCE_HANDLERS["AWS::DynamoDB::Table"]
    by_stack = handler["delete"]

    def delete_table(asked: dict[str, Any]) -> Any:
        if _protected(dynamodb._normalize_table_name(asked.get("TableName"))):
            return error_response_json("ValidationException", PROTECTED, 400)
        return by_call(asked)

    def delete_of_stack(table: str, properties: Any) -> None:
        if _protected(table):
            raise ValueError(f"{PROTECTED} (Service: DynamoDb, Status Code: 400)")
        by_stack(table, properties)

    dynamodb._delete_table = delete_table
    handler["delete"] = delete_of_stack


def _protected(table: str) -> bool:
    return bool((dynamodb._tables.get(table) or {}).get("DeletionProtectionEnabled"))
