"""The lease on a twin: one execution at a time works on it, and one that no longer runs does not hold it up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from deploy_steps.contract import Result
from deploy_steps.errors import Conflict, Locked, NotReady
from deploy_steps.shared import settings
from deploy_steps.state import state_table

KIND = "lock"

_ALIVE = {"RUNNING", "PENDING_REDRIVE"}


def take(dynamodb: Any, states: Any, table: str, twin: str, execution: str) -> Result:
    """Take the lock for an execution (its ARN). Taking it again is `unchanged`, taking it over is `updated`.

    Raises Locked while the execution that holds it runs, NotReady while a step of one that has ended may still be at
    work, and Conflict when somebody else was quicker to take it over.
    """
    held = _put(dynamodb, table, twin, execution, instead_of=None)
    if held is None:
        return Result(KIND, twin, "created")
    if held["execution"] == execution:
        return Result(KIND, twin, "unchanged")
    _ensure_over(states, twin, held)
    held = _put(dynamodb, table, twin, execution, instead_of=held["execution"])
    if held is not None and held["execution"] != execution:
        raise Conflict(f"Somebody else took over the lock of twin '{twin}' at the same moment.")
    return Result(KIND, twin, "updated")


def holder(dynamodb: Any, states: Any, table: str, twin: str) -> str:
    """The execution (its ARN) that holds a twin's lock and still runs; empty if there is none."""
    lock = state_table.read(dynamodb, table, twin, state_table.LOCK)
    execution = _described(states, lock["execution"]) if lock else None
    return str(lock["execution"]) if lock and execution and _alive(execution) else ""


def release(dynamodb: Any, table: str, twin: str, execution: str) -> Result:
    """Give the lock back. One that is not ours is left alone."""
    try:
        dynamodb.delete_item(
            TableName=table,
            Key=state_table.key(twin, state_table.LOCK),
            ConditionExpression="#execution = :ours",
            ExpressionAttributeNames={"#execution": "execution"},
            ExpressionAttributeValues={":ours": {"S": execution}},
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return Result(KIND, twin, "absent")
    return Result(KIND, twin, "deleted")


def _put(dynamodb: Any, table: str, twin: str, execution: str, *, instead_of: str | None) -> dict[str, Any] | None:
    """Write the lock if nobody has it, or only `instead_of` has. Answers None, or who has it."""
    condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(twin)"}
    if instead_of is not None:
        condition = {
            "ConditionExpression": "attribute_not_exists(twin) OR #execution = :before",
            "ExpressionAttributeNames": {"#execution": "execution"},
            "ExpressionAttributeValues": {":before": {"S": instead_of}},
        }
    values = {"execution": execution, "since": datetime.now(UTC).isoformat(timespec="seconds")}
    try:
        dynamodb.put_item(
            TableName=table,
            Item=state_table.packed(values) | state_table.key(twin, state_table.LOCK),
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **condition,
        )
    except dynamodb.exceptions.ConditionalCheckFailedException as refused:
        return state_table.unpacked(refused.response["Item"])
    return None


def _ensure_over(states: Any, twin: str, held: Mapping[str, Any]) -> None:
    """Raise an error unless nothing of the execution that holds the lock is at work: a stopped one stops no Lambda."""
    holder = _described(states, held["execution"])
    if holder is None:
        return
    if _alive(holder):
        raise Locked(
            f"The twin '{twin}' is being worked on by the execution {_name(held['execution'])} since "
            f"{held['since']} ({held['execution']}). Wait until it has ended, or stop it; then start again."
        )
    over = holder["stopDate"] + settings.longest_step()
    if datetime.now(UTC) < over:
        raise NotReady(
            f"The execution {_name(held['execution'])} has ended without releasing the lock of twin '{twin}'. A step "
            f"that it had begun may be at work until {over.astimezone(UTC):%H:%M:%S} UTC."
        )


def _described(states: Any, execution: str) -> dict[str, Any] | None:
    try:
        return dict(states.describe_execution(executionArn=execution))
    except states.exceptions.ExecutionDoesNotExist:  # older than the ninety days that AWS remembers, or never was one
        return None


def _alive(execution: Mapping[str, Any]) -> bool:
    return str(execution["status"]) in _ALIVE


def _name(execution: str) -> str:
    return execution.rpartition(":")[2]
