"""A picture of everything in the account that is not the orchestrator's own, without what differs by chance.

Two deployments of the same configuration give equal pictures: identifiers, timestamps, version numbers and random
suffixes are left out or replaced by what they stand for.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

Picture = dict[str, dict[str, Any]]

_BY_CHANCE = {
    "LastModified", "RevisionId", "CodeSize", "Version", "State", "StateReason", "StateReasonCode", "LastUpdateStatus",
    "LastUpdateStatusReason", "LastUpdateStatusReasonCode", "RuntimeVersionConfig", "ConfigSha256",
}  # fmt: skip


class Photographer:
    """Takes pictures through the AWS API. `client` gives a boto3 client of a service."""

    def __init__(self, client: Callable[[str], Any], prefix: str) -> None:
        self._client = client
        self._own = {f"{prefix}-state", f"/{prefix}/steps", f"{prefix}-functions"}

    def take(self) -> Picture:
        """`kind name` → what is there, for every resource in the account."""
        pictures = (
            *self._layers(),
            *self._functions(),
            *self._event_sources(),
            *self._roles(),
            *self._tables(),
            *self._queues(),
            *self._rules(),
            *self._secrets(),
            *self._log_groups(),
            *self._alarms(),
            *self._dashboards(),
        )
        return {f"{kind} {name}": content for kind, name, content in pictures if name not in self._own}

    def _layers(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        functions = self._client("lambda")
        for layer in _pages(functions, "list_layers", "Layers"):
            name = layer["LayerName"]
            versions = _pages(functions, "list_layer_versions", "LayerVersions", LayerName=name)
            numbers = sorted(version["Version"] for version in versions)
            if numbers:
                yield "layer", name, {"content": self._layer_content(name, numbers[-1]), "versions": len(numbers)}

    def _layer_content(self, name: str, version: int) -> dict[str, Any]:
        found = self._client("lambda").get_layer_version(LayerName=name, VersionNumber=version)
        return {
            "sha256": found["Content"]["CodeSha256"],
            "description": found.get("Description"),
            "runtimes": found.get("CompatibleRuntimes"),
        }

    def _functions(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        functions = self._client("lambda")
        for listed in _pages(functions, "list_functions", "Functions"):
            name = listed["FunctionName"]
            found = functions.get_function(FunctionName=name)
            settings = {key: value for key, value in found["Configuration"].items() if key not in _BY_CHANCE}
            settings.get("Environment", {}).get("Variables", {}).pop("EXECUTION_ROLE_ID", None)  # IAM makes it up
            settings["Layers"] = [self._layer(layer["Arn"]) for layer in settings.get("Layers", [])]
            policy = _or_none(functions.get_policy, FunctionName=name)
            url = _or_none(functions.get_function_url_config, FunctionName=name)
            invoke = _or_none(functions.get_function_event_invoke_config, FunctionName=name)
            yield "function", name, {
                "settings": settings,
                "tags": found.get("Tags", {}),
                "policy": _by_id(json.loads(policy["Policy"])["Statement"]) if policy else [],
                "url": _only(url, "AuthType", "InvokeMode", "Cors"),
                "invoke": _only(invoke, "MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig"),
            }  # fmt: skip

    def _event_sources(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Looked for in the whole account: one whose function is gone is still there."""
        kept = ("State", "BatchSize", "MaximumBatchingWindowInSeconds", "FunctionResponseTypes")
        for source in _pages(self._client("lambda"), "list_event_source_mappings", "EventSourceMappings"):
            name = source["FunctionArn"].rpartition(":")[2]
            filters = source.get("FilterCriteria", {}).get("Filters", [])
            settings = {"queue": source["EventSourceArn"], "filters": filters, **(_only(source, *kept) or {})}
            yield "event source", name, {"settings": settings}

    def _layer(self, arn: str) -> str:
        name, version = arn.split(":")[-2:]
        try:
            return f"{name}@{self._layer_content(name, int(version))['sha256']}"
        except self._client("lambda").exceptions.ResourceNotFoundException:
            return f"{name}@missing"

    def _roles(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        iam = self._client("iam")
        for listed in _pages(iam, "list_roles", "Roles"):
            name = listed["RoleName"]
            role = iam.get_role(RoleName=name)["Role"]
            policies = iam.list_role_policies(RoleName=name)["PolicyNames"]
            attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
            documents = {
                policy: iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"] for policy in policies
            }
            yield "role", name, {
                "trust": role["AssumeRolePolicyDocument"],
                "tags": _tags(role.get("Tags", [])),
                "boundary": role.get("PermissionsBoundary"),
                "policies": documents,
                "attached": sorted(policy["PolicyArn"] for policy in attached),
            }  # fmt: skip

    def _tables(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        dynamodb = self._client("dynamodb")
        for name in _pages(dynamodb, "list_tables", "TableNames"):
            table = dynamodb.describe_table(TableName=name)["Table"]
            yield "table", name, {
                "keys": table["KeySchema"],
                "attributes": table["AttributeDefinitions"],
                "billing": table.get("BillingModeSummary", {}).get("BillingMode"),
                "tags": _tags(dynamodb.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"]),
                "items": dynamodb.scan(TableName=name, Select="COUNT")["Count"],
            }  # fmt: skip

    def _queues(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        sqs = self._client("sqs")
        kept = (
            "MessageRetentionPeriod",
            "SqsManagedSseEnabled",
            "Policy",
            "RedrivePolicy",
            "VisibilityTimeout",
            "ApproximateNumberOfMessages",
        )
        for url in sqs.list_queues().get("QueueUrls", []):
            attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
            tags = sqs.list_queue_tags(QueueUrl=url).get("Tags", {})
            yield "queue", url.rsplit("/", 1)[-1], {"settings": _only(attributes, *kept), "tags": tags}

    def _rules(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        iot = self._client("iot")
        for listed in _pages(iot, "list_topic_rules", "rules"):
            rule = iot.get_topic_rule(ruleName=listed["ruleName"])["rule"]
            tags = iot.list_tags_for_resource(resourceArn=listed["ruleArn"]).get("tags", [])
            kept = _only(rule, "sql", "actions", "errorAction", "ruleDisabled", "awsIotSqlVersion", "description")
            yield "rule", listed["ruleName"], {"settings": kept, "tags": _tags(tags)}

    def _secrets(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        secrets = self._client("secretsmanager")
        for secret in _pages(secrets, "list_secrets", "SecretList", IncludePlannedDeletion=True):
            value = secrets.get_secret_value(SecretId=secret["ARN"])["SecretString"]
            yield "secret", secret["Name"], {
                "has_value": bool(value),
                "description": secret.get("Description"),
                "tags": _tags(secret.get("Tags", [])),
            }  # fmt: skip

    def _log_groups(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        logs = self._client("logs")
        for group in _pages(logs, "describe_log_groups", "logGroups"):
            arn = re.sub(r":\*$", "", group["arn"])
            tags = logs.list_tags_for_resource(resourceArn=arn)["tags"]
            yield "log group", group["logGroupName"], {"retention": group.get("retentionInDays"), "tags": tags}

    def _alarms(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        cloudwatch = self._client("cloudwatch")
        watched = ("Namespace", "MetricName", "Dimensions", "Statistic", "Period", "Threshold", "ComparisonOperator")
        for alarm in _pages(cloudwatch, "describe_alarms", "MetricAlarms"):
            tags = cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
            kept = _only(alarm, *watched, "AlarmDescription", "AlarmActions", "ActionsEnabled", "TreatMissingData")
            yield "alarm", alarm["AlarmName"], {"settings": kept, "tags": _tags(tags)}

    def _dashboards(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        cloudwatch = self._client("cloudwatch")
        for listed in _pages(cloudwatch, "list_dashboards", "DashboardEntries"):
            name = listed["DashboardName"]
            yield "dashboard", name, {"body": json.loads(cloudwatch.get_dashboard(DashboardName=name)["DashboardBody"])}


def digest(picture: Picture) -> str:
    """Equal for equal pictures: to compare many of them."""
    return base64.b16encode(hashlib.sha256(json.dumps(picture, sort_keys=True).encode()).digest()[:8]).decode()


def differences(expected: Picture, found: Picture) -> list[str]:
    """What tells two pictures apart, one line each."""
    lines = [f"missing: {name}" for name in expected.keys() - found.keys()]
    lines += [f"left over: {name}" for name in found.keys() - expected.keys()]
    for name in expected.keys() & found.keys():
        for field in expected[name].keys() | found[name].keys():
            wanted, there = expected[name].get(field), found[name].get(field)
            if wanted != there:
                lines.append(f"{name}: {field} is {there!r}, not {wanted!r}")
    return sorted(lines)


def _pages(client: Any, operation: str, key: str, **params: Any) -> list[Any]:
    return [item for page in client.get_paginator(operation).paginate(**params) for item in page.get(key, [])]


def _or_none(read: Callable[..., dict[str, Any]], **params: Any) -> dict[str, Any] | None:
    from botocore.exceptions import ClientError

    try:
        return read(**params)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return None
        raise


def _only(found: dict[str, Any] | None, *keys: str) -> dict[str, Any] | None:
    return {key: found[key] for key in keys if key in found} if found is not None else None


def _tags(tags: list[dict[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags}


def _by_id(statements: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(statements, key=lambda statement: str(statement["Sid"]))
