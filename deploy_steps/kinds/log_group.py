"""The one log group that all functions of a twin write to, with its retention."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from deploy_steps.contract import Change, Result, differences, fields_among, tag_differences, tags_among
from deploy_steps.ownership import ensure_ours
from deploy_steps.task import Actions, Kind
from orchestrator.core.specs import Identity, LogGroupSpec

KIND = "log-group"


def create(client: Any, spec: LogGroupSpec, *, dry_run: bool = False, new: bool = False) -> Result:
    """Make the log group before the first function does (without retention), or bring it to the spec."""
    if new:
        with suppress(client.exceptions.ResourceAlreadyExistsException):
            return _create(client, spec)
    live = _read(client, spec.name)
    if live is None:
        return Result(KIND, spec.name, "created") if dry_run else _create(client, spec)
    ensure_ours(KIND, spec.name, spec.owner, live["tags"])
    changes = _changes(spec, live)
    if not dry_run:
        if fields_among(changes):
            client.put_retention_policy(logGroupName=spec.name, retentionInDays=spec.retention_days)
        if tags := tags_among(changes):
            client.tag_resource(resourceArn=live["arn"], tags=tags)
    return Result(KIND, spec.name, "updated" if changes else "unchanged", changes)


def destroy(client: Any, identity: Identity, *, dry_run: bool = False) -> Result:
    """Remove the log group with its logs."""
    live = _read(client, identity.name)
    if live is None:
        return Result(KIND, identity.name, "absent")
    ensure_ours(KIND, identity.name, identity.owner, live["tags"])
    if not dry_run:
        client.delete_log_group(logGroupName=identity.name)
    return Result(KIND, identity.name, "deleted")


def info(client: Any, spec: LogGroupSpec) -> Result:
    """Compare the live log group with the spec."""
    live = _read(client, spec.name)
    if live is None:
        return Result(KIND, spec.name, "absent")
    changes = _changes(spec, live)
    return Result(KIND, spec.name, "drifted" if changes else "present", changes)


def _changes(spec: LogGroupSpec, live: dict[str, Any]) -> tuple[Change, ...]:
    return differences({"retention_days": spec.retention_days}, live) + tag_differences(spec.owner, live["tags"])


def _create(client: Any, spec: LogGroupSpec) -> Result:
    client.create_log_group(logGroupName=spec.name, tags=spec.owner.tags)
    client.put_retention_policy(logGroupName=spec.name, retentionInDays=spec.retention_days)
    return Result(KIND, spec.name, "created")


def _read(client: Any, name: str) -> dict[str, Any] | None:
    # Groups come sorted by name, so the one that is named exactly so is the first of those that start so.
    groups = client.describe_log_groups(logGroupNamePrefix=name, limit=1)["logGroups"]
    if not groups or groups[0]["logGroupName"] != name:
        return None
    arn = groups[0]["arn"].removesuffix(":*")  # tagging wants the ARN without the streams' wildcard
    return {
        "arn": arn,
        "retention_days": groups[0].get("retentionInDays"),
        "tags": client.list_tags_for_resource(resourceArn=arn)["tags"],
    }


kind = Kind(
    name=KIND,
    service="logs",
    spec=LogGroupSpec,
    identity=Identity,
    create=create,
    destroy=destroy,
    info=info,
    create_first=True,
    actions=Actions(
        create=(
            "logs:DescribeLogGroups",
            "logs:ListTagsForResource",
            "logs:CreateLogGroup",
            "logs:PutRetentionPolicy",
            "logs:TagResource",
        ),
        destroy=("logs:DescribeLogGroups", "logs:ListTagsForResource", "logs:DeleteLogGroup"),
        info=("logs:DescribeLogGroups", "logs:ListTagsForResource"),
    ),
)
create_task = kind.task("create")
destroy_task = kind.task("destroy")
info_task = kind.task("info")
