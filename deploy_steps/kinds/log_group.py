"""The one log group that all functions of a twin write to, with its retention."""

from __future__ import annotations

from typing import Any

from deploy_steps.contract import Changes, Live, Wanted
from deploy_steps.engine import Calls, Facts, plain_kind
from orchestrator.core.specs import Identity, LogGroupSpec


def _read(client: Any, wanted: Wanted) -> Live | None:
    # Groups come sorted by name, so it is the first of those whose names start with it.
    groups = client.describe_log_groups(logGroupNamePrefix=wanted.name, limit=1).get("logGroups", [])
    if not groups or groups[0]["logGroupName"] != wanted.name:
        return None
    arn = groups[0]["arn"].removesuffix(":*")  # tagging wants the ARN without the streams' wildcard
    tags = client.list_tags_for_resource(resourceArn=arn).get("tags", {})
    return Live({"retention_days": groups[0].get("retentionInDays")}, tags, id=arn)


def _desired(spec: LogGroupSpec) -> dict[str, Any]:
    return {"retention_days": spec.retention_days}


def create(client: Any, spec: LogGroupSpec) -> None:
    """Make the log group before the first function does (without retention), or bring it to the spec."""
    client.create_log_group(logGroupName=spec.name, tags=spec.owner.tags)
    client.put_retention_policy(logGroupName=spec.name, retentionInDays=spec.retention_days)


def _update(client: Any, spec: LogGroupSpec, live: Live, changes: Changes) -> None:
    if changes.fields:
        client.put_retention_policy(logGroupName=spec.name, retentionInDays=spec.retention_days)
    if changes.tags:
        client.tag_resource(resourceArn=live.id, tags=changes.tags)


def delete(client: Any, identity: Identity, _live: Live) -> None:
    """Remove the log group with its logs."""
    client.delete_log_group(logGroupName=identity.name)


kind = plain_kind(
    Facts("log-group", "logs", LogGroupSpec, Identity, name_taken="ResourceAlreadyExistsException"),
    Calls(_read, _desired, create, _update, delete),
    read=("logs:DescribeLogGroups", "logs:ListTagsForResource"),
    create=("logs:CreateLogGroup", "logs:PutRetentionPolicy", "logs:TagResource"),
    destroy=("logs:DeleteLogGroup",),
)
create_task, destroy_task, info_task = kind.handlers()
