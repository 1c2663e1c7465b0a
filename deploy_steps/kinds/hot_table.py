"""The table that holds the twin's hot data: one item per device and point in time."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from deploy_steps.aws import tag_list, tag_map
from deploy_steps.contract import UNKNOWN, Change, Result, differences, fields_among, tag_differences, tags_among
from deploy_steps.errors import NotReady, Rejected
from deploy_steps.ownership import ensure_ours
from deploy_steps.task import Actions, Kind
from orchestrator.core.specs import HotTableIdentity, HotTableSpec

KIND = "hot-table"
_KEYS = ["iotDeviceId HASH S", "id RANGE S"]
_DESIRED = {"keys": _KEYS, "billing_mode": "PAY_PER_REQUEST"}


def create(client: Any, spec: HotTableSpec, *, dry_run: bool = False, new: bool = False) -> Result:
    """Make the table, or bring its billing and tags to the spec. NotReady until it can be written to."""
    if new:
        with suppress(client.exceptions.ResourceInUseException):  # "Table already exists"
            return _create(client, spec)
    live = _read(client, spec.name)
    if live is None:
        if dry_run:
            return Result(KIND, spec.name, "created", outputs={"arn": UNKNOWN})
        return _create(client, spec)
    if live["status"] in ("CREATING", "DELETING"):  # its tags may not show yet
        raise NotReady(f"The table '{spec.name}' is {live['status']}.")
    ensure_ours(KIND, spec.name, spec.owner, live["tags"])
    changes = _changes(spec, live)
    _ensure_repairable(spec.name, changes)
    if not dry_run:
        if tags := tags_among(changes):  # before the update: a table that is UPDATING refuses tags
            client.tag_resource(ResourceArn=live["arn"], Tags=tag_list(tags))
        if "billing_mode" in fields_among(changes):
            client.update_table(TableName=spec.name, BillingMode="PAY_PER_REQUEST")
    return Result(KIND, spec.name, "updated" if changes else "unchanged", changes, {"arn": live["arn"]})


def destroy(client: Any, identity: HotTableIdentity, *, dry_run: bool = False) -> Result:
    """Remove the table with its data, or leave both: the data is worth more than a tidy account."""
    live = _read(client, identity.name)
    if live is None or live["status"] == "DELETING":
        return Result(KIND, identity.name, "absent")
    ensure_ours(KIND, identity.name, identity.owner, live["tags"])
    if identity.retain_data:
        return Result(KIND, identity.name, "retained", outputs={"arn": live["arn"]})
    if not dry_run:
        client.delete_table(TableName=identity.name)
    return Result(KIND, identity.name, "deleted")


def info(client: Any, spec: HotTableSpec) -> Result:
    """Compare the live table with the spec."""
    live = _read(client, spec.name)
    if live is None or live["status"] == "DELETING":
        return Result(KIND, spec.name, "absent")
    changes = _changes(spec, live)
    return Result(KIND, spec.name, "drifted" if changes else "present", changes, {"arn": live["arn"]})


def _changes(spec: HotTableSpec, live: dict[str, Any]) -> tuple[Change, ...]:
    return differences(_DESIRED, live) + tag_differences(spec.owner, live["tags"])


def _ensure_repairable(name: str, changes: tuple[Change, ...]) -> None:
    for change in changes:
        if change.field == "keys":
            raise Rejected(
                f"The table '{name}' has the keys {change.before} instead of {change.after}, which DynamoDB cannot "
                "change. Move its data, destroy the twin with its data, and deploy again."
            )


def _create(client: Any, spec: HotTableSpec) -> Result:
    made = client.create_table(
        TableName=spec.name,
        KeySchema=[
            {"AttributeName": "iotDeviceId", "KeyType": "HASH"},
            {"AttributeName": "id", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "iotDeviceId", "AttributeType": "S"},
            {"AttributeName": "id", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
        Tags=tag_list(spec.owner.tags),
    )["TableDescription"]
    result = Result(KIND, spec.name, "created", outputs={"arn": made["TableArn"]})
    if made["TableStatus"] != "ACTIVE":  # no function may write to a table that is not there
        raise NotReady(f"The table '{spec.name}' is {made['TableStatus']}.", result)
    return result


def _read(client: Any, name: str) -> dict[str, Any] | None:
    try:
        table = client.describe_table(TableName=name)["Table"]
        tags = client.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"]
    except client.exceptions.ResourceNotFoundException:
        return None
    types = {attribute["AttributeName"]: attribute["AttributeType"] for attribute in table["AttributeDefinitions"]}
    return {
        "arn": table["TableArn"],
        "status": table["TableStatus"],
        "keys": [
            f"{key['AttributeName']} {key['KeyType']} {types[key['AttributeName']]}" for key in table["KeySchema"]
        ],
        # DynamoDB leaves the summary out of a table that has always been provisioned.
        "billing_mode": table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED"),
        "tags": tag_map(tags),
    }


kind = Kind(
    name=KIND,
    service="dynamodb",
    spec=HotTableSpec,
    identity=HotTableIdentity,
    create=create,
    destroy=destroy,
    info=info,
    create_first=True,
    actions=Actions(
        create=(
            "dynamodb:DescribeTable",
            "dynamodb:ListTagsOfResource",
            "dynamodb:CreateTable",
            "dynamodb:TagResource",
            "dynamodb:UpdateTable",
        ),
        destroy=("dynamodb:DescribeTable", "dynamodb:ListTagsOfResource", "dynamodb:DeleteTable"),
        info=("dynamodb:DescribeTable", "dynamodb:ListTagsOfResource"),
    ),
)
create_task = kind.task("create")
destroy_task = kind.task("destroy")
info_task = kind.task("info")
