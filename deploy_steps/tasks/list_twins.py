"""Lists the twins that are deployed, for the machine that inspects all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deploy_steps import aws
from deploy_steps.contract import Result
from deploy_steps.shared import settings
from deploy_steps.shared.execution_input import read_check_drift
from deploy_steps.state import state_table
from deploy_steps.task import task

ACTIONS = ("dynamodb:Scan",)


def deployed(dynamodb: Any, table: str) -> list[dict[str, str]]:
    """Twin and project of every deployment that has succeeded: of the others there is nothing to compare with."""
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=table,
        FilterExpression="#item = :record AND attribute_exists(deployed_at)",
        ExpressionAttributeNames={"#item": "item"},
        ExpressionAttributeValues={":record": {"S": state_table.RECORD}},
        ConsistentRead=True,
    )
    records = [state_table.unpacked(item) for page in pages for item in page.get("Items", [])]
    return sorted(
        ({name: each[name] for name in ("twin", "project")} for each in records), key=lambda each: each["twin"]
    )


@task
def handler(event: Mapping[str, Any]) -> tuple[Result, dict[str, Any]]:
    """Handler. Event: run, request (whatever was typed). Raises InvalidInput."""
    asked = read_check_drift(event["request"])
    twins = deployed(aws.client("dynamodb"), settings.state_table())
    answer = {"run": event["run"], "dry_run": False, "repair": asked["repair"], "twins": twins}
    return Result("twins", f"{len(twins)} deployed", "present"), answer
