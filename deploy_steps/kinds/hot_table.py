"""The table that holds the twin's hot data: one item per device and point in time."""

from __future__ import annotations

from typing import Any

from deploy_steps.aws import tag_list, tag_map
from deploy_steps.contract import Changes, Live, Outputs, Result, Wanted
from deploy_steps.engine import Calls, Facts, plain_kind
from deploy_steps.errors import NotReady
from orchestrator.core.specs import HotTableIdentity, HotTableSpec

KIND = "hot-table"
_OTHER_KEYS = (
    "The table '{name}' has the keys {before} instead of {after}, which DynamoDB cannot change. Move its data, destroy "
    "the twin with its data, and deploy again."
)


def _read(client: Any, wanted: Wanted) -> Live | None:
    try:
        table = client.describe_table(TableName=wanted.name)["Table"]
        tags = client.list_tags_of_resource(ResourceArn=table["TableArn"]).get("Tags", [])
    except client.exceptions.ResourceNotFoundException:
        return None
    types = {attribute["AttributeName"]: attribute["AttributeType"] for attribute in table["AttributeDefinitions"]}
    keys = [f"{key['AttributeName']} {key['KeyType']} {types[key['AttributeName']]}" for key in table["KeySchema"]]
    # DynamoDB leaves the summary out of a table that has always been provisioned.
    billing_mode = table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED")
    status = table["TableStatus"]
    return Live(
        {"keys": keys, "billing_mode": billing_mode},
        tag_map(tags),
        outputs={"arn": table["TableArn"]},
        in_transition=status if status in ("CREATING", "DELETING") else "",
        deleting=status == "DELETING",
        has_data=True,
    )


def _desired(_spec: HotTableSpec) -> dict[str, Any]:
    return {"keys": ["iotDeviceId HASH S", "id RANGE S"], "billing_mode": "PAY_PER_REQUEST"}


def create(client: Any, spec: HotTableSpec) -> Outputs:
    """Make the table, or bring its billing and tags to the spec. NotReady until it can be written to."""
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
    outputs = {"arn": made["TableArn"]}
    if made["TableStatus"] != "ACTIVE":  # no function may write to a table that is not there
        result = Result(KIND, spec.name, "created", outputs=outputs)
        raise NotReady(f"The table '{spec.name}' is {made['TableStatus']}.", result)
    return outputs


def _update(client: Any, spec: HotTableSpec, live: Live, changes: Changes) -> None:
    if changes.tags:  # before the update: a table that is UPDATING refuses tags
        client.tag_resource(ResourceArn=live.outputs["arn"], Tags=tag_list(changes.tags))
    if changes.fields:
        client.update_table(TableName=spec.name, BillingMode="PAY_PER_REQUEST")


def delete(client: Any, identity: HotTableIdentity, _live: Live) -> None:
    """Remove the table with its data, or retain both."""
    client.delete_table(TableName=identity.name)


kind = plain_kind(
    Facts(
        KIND,
        "dynamodb",
        HotTableSpec,
        HotTableIdentity,
        outputs=("arn",),
        name_taken="ResourceInUseException",  # "Table already exists"
        irreparable={"keys": _OTHER_KEYS},
    ),
    Calls(_read, _desired, create, _update, delete),
    read=("dynamodb:DescribeTable", "dynamodb:ListTagsOfResource"),
    create=("dynamodb:CreateTable", "dynamodb:TagResource", "dynamodb:UpdateTable"),
    destroy=("dynamodb:DeleteTable",),
)
create_task, destroy_task, info_task = kind.handlers()
