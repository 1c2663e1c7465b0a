"""The state table's protection against deletion: taken off only when its stack is about to be deleted.

The template switches it on. CloudFormation cannot delete a protected table, also when it rolls a first installation
back ("Resource cannot be deleted as it is currently protected against deletion"), so whoever deletes the stack asks
for it first.
"""

from __future__ import annotations

from typing import Any

_SECONDS, _TRIES = 2, 60


def take_off(dynamodb: Any, table: str) -> None:
    """Let the table be deleted, and wait until it can be. Nothing is done where there is no protected table."""
    try:
        protected = dynamodb.describe_table(TableName=table)["Table"].get("DeletionProtectionEnabled", False)
    except dynamodb.exceptions.ResourceNotFoundException:
        return
    if protected:
        dynamodb.update_table(TableName=table, DeletionProtectionEnabled=False)
        waiter = dynamodb.get_waiter("table_exists")  # DeleteTable is refused while the table is UPDATING
        waiter.wait(TableName=table, WaiterConfig={"Delay": _SECONDS, "MaxAttempts": _TRIES})
