"""What AWS itself says of a twin's resources: which they are, since when, and what is left of them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import boto3
from botocore.exceptions import ClientError

from tests.e2e.product import Product
from tests.harness.picture import Photographer, Picture

PREFIX = "gluecode"
_DENIAL = "denied-by-the-proof"
STATE_TABLE = f"{PREFIX}-state"

Identities = dict[str, tuple[Any, ...]]
"""Resource → what AWS gives it when it is created. A resource that is replaced gets others."""


class Account:
    """The account on the embedded cloud, as somebody sees it who has nothing but AWS's own interfaces."""

    def __init__(self, product: Product) -> None:
        exported = product.done("local", "env")
        self.endpoint: str = exported["AWS_ENDPOINT_URL"]
        self._session = boto3.Session(
            exported["AWS_ACCESS_KEY_ID"], exported["AWS_SECRET_ACCESS_KEY"], region_name=exported["AWS_REGION"]
        )
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """The boto3 client of a service, made once."""
        if service not in self._clients:
            self._clients[service] = self._session.client(service, endpoint_url=self.endpoint)  # type: ignore[call-overload]  # the service's name is data here
        return self._clients[service]

    def pages(self, service: str, operation: str, key: str, **params: Any) -> Iterator[Any]:
        """Everything that a listing gives."""
        for page in self.client(service).get_paginator(operation).paginate(**params):
            yield from page.get(key, [])

    def photograph(self) -> Picture:
        """The content of everything that belongs to any twin, but not how many events a table has."""
        taken = Photographer(self.client, PREFIX).take()
        return {
            name: {field: value for field, value in content.items() if field != "items"}
            for name, content in taken.items()
        }

    def picture(self, twin: str, photograph: Picture | None = None) -> Picture:
        """The content of everything that belongs to one twin: now, or in a photograph of all."""
        taken = self.photograph() if photograph is None else photograph
        return {name: content for name, content in taken.items() if of(twin)(_name_in(name))}

    def identities(self, twin: str) -> Identities:
        """Everything that belongs to a twin, and what AWS gave it when it was created."""
        mine = of(twin)
        found: Identities = {}
        for function in self.pages("lambda", "list_functions", "Functions"):
            if mine(name := function["FunctionName"]):
                found[f"function {name}"] = (function["FunctionArn"], function["Role"])
                if url := self._or_none("lambda", "get_function_url_config", FunctionName=name):
                    found[f"url {name}"] = (url["FunctionUrl"], url.get("CreationTime"))
        for source in self.pages("lambda", "list_event_source_mappings", "EventSourceMappings"):
            if mine(name := source["FunctionArn"].rpartition(":")[2]):
                found[f"event source {name}"] = (source["UUID"], source["EventSourceArn"])
        for layer in self.pages("lambda", "list_layers", "Layers"):
            if mine(name := layer["LayerName"]):
                versions = self.pages("lambda", "list_layer_versions", "LayerVersions", LayerName=name)
                found[f"layer {name}"] = tuple((each["Version"], each["CreatedDate"]) for each in versions)
        for role in self.pages("iam", "list_roles", "Roles"):
            if mine(role["RoleName"]):
                found[f"role {role['RoleName']}"] = (role["RoleId"], role["Arn"], role["CreateDate"])
        for name in filter(mine, self.pages("dynamodb", "list_tables", "TableNames")):
            table = self.client("dynamodb").describe_table(TableName=name)["Table"]
            found[f"table {name}"] = (table["TableId"], table["TableArn"], table["CreationDateTime"])
        for url in self.client("sqs").list_queues().get("QueueUrls", []):
            if mine(name := url.rpartition("/")[2]):
                live = self.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
                found[f"queue {name}"] = (url, live["QueueArn"], live["CreatedTimestamp"])
        for rule in self.pages("iot", "list_topic_rules", "rules"):
            if mine(rule["ruleName"]):
                found[f"rule {rule['ruleName']}"] = (rule["ruleArn"], rule["createdAt"])
        for secret in self.pages("secretsmanager", "list_secrets", "SecretList"):
            if mine(name := secret["Name"]):
                value = self.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"]
                kept = hashlib.sha256(value.encode()).hexdigest()
                found[f"secret {name}"] = (secret["ARN"], str(secret["SecretVersionsToStages"]), kept)
        for group in self.pages("logs", "describe_log_groups", "logGroups"):
            if mine(name := group["logGroupName"]):
                found[f"log group {name}"] = (group["arn"], group["creationTime"])
        for alarm in self.pages("cloudwatch", "describe_alarms", "MetricAlarms"):
            if mine(alarm["AlarmName"]):
                found[f"alarm {alarm['AlarmName']}"] = (alarm["AlarmArn"],)
        for board in self.pages("cloudwatch", "list_dashboards", "DashboardEntries"):
            if mine(board["DashboardName"]):
                found[f"dashboard {board['DashboardName']}"] = (board["DashboardArn"],)
        return found

    def deny(self, action: str, resource: str) -> Callable[[], None]:
        """Deny an action to each of the orchestrator's roles. Answers how to allow it again."""
        iam = self.client("iam")
        roles = [each["RoleName"] for each in self.pages("iam", "list_roles", "Roles")]
        ours = [name for name in roles if name.startswith(f"{PREFIX}-")]
        denial = {"Statement": [{"Effect": "Deny", "Action": action, "Resource": resource}]}
        for role in ours:
            iam.put_role_policy(RoleName=role, PolicyName=_DENIAL, PolicyDocument=json.dumps(denial))

        def allow() -> None:
            for role in ours:
                iam.delete_role_policy(RoleName=role, PolicyName=_DENIAL)

        return allow

    def state(self, twin: str) -> set[str]:
        """The items of a twin in the state table, without its history."""
        found = self.pages(
            "dynamodb", "query", "Items",
            TableName=STATE_TABLE, KeyConditionExpression="twin = :twin",
            ExpressionAttributeValues={":twin": {"S": twin}},
        )  # fmt: skip
        items = {item["item"]["S"] for item in found}
        return {name for name in items if not name.startswith("run#")}

    def stored(self, table: str) -> set[tuple[str, str]]:
        """The device and time of each event in a hot table."""
        items = self.pages("dynamodb", "scan", "Items", TableName=table, ConsistentRead=True)
        return {(item["iotDeviceId"]["S"], item["id"]["S"]) for item in items}

    def waiting(self, queue: str) -> int:
        """How many messages there are in a queue, whether they are being worked on or not."""
        url = self.client("sqs").get_queue_url(QueueName=queue)["QueueUrl"]
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        live = self.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(live[name]) for name in names)

    def orchestrator(self) -> set[str]:
        """The functions, roles, machines, tables and queues of the orchestrator itself."""
        functions = [each["FunctionName"] for each in self.pages("lambda", "list_functions", "Functions")]
        roles = [each["RoleName"] for each in self.pages("iam", "list_roles", "Roles")]
        machines = [each["name"] for each in self.pages("stepfunctions", "list_state_machines", "stateMachines")]
        tables = self.pages("dynamodb", "list_tables", "TableNames")
        queues = [url.rpartition("/")[2] for url in self.client("sqs").list_queues().get("QueueUrls", [])]
        sorts = {"function": functions, "role": roles, "machine": machines, "table": tables, "queue": queues}
        return {f"{sort} {name}" for sort, names in sorts.items() for name in names if name.startswith(f"{PREFIX}-")}

    def tasks(self) -> dict[str, str]:
        """The checksum of the code of each of the orchestrator's functions."""
        functions = self.pages("lambda", "list_functions", "Functions")
        return {
            each["FunctionName"]: each["CodeSha256"]
            for each in functions
            if each["FunctionName"].startswith(f"{PREFIX}-")
        }

    def _or_none(self, service: str, operation: str, **params: Any) -> dict[str, Any] | None:
        try:
            answer: dict[str, Any] = getattr(self.client(service), operation)(**params)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return None
            raise
        return answer


def of(twin: str) -> Callable[[str], bool]:
    """Tells by a resource's name whether it belongs to a twin."""
    rule = re.sub("[^A-Za-z0-9_]", "_", twin)
    return lambda name: name.startswith((f"{twin}-", f"{twin}/", f"{rule}_trigger_")) or name.endswith(f"/{twin}")


def _name_in(entry: str) -> str:
    return entry.rpartition(" ")[2]  # no name has a space, though some sorts of things have
