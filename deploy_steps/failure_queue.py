"""The queue that keeps every event the twin could not handle, until `gluecode replay` puts it back in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deploy_steps.contract import (
    UNKNOWN,
    Change,
    Owner,
    Result,
    differences,
    ensure_ours,
    fields_among,
    tag_differences,
    tags_among,
)
from deploy_steps.task import Actions, Kind

KIND = "failure-queue"
_COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


@dataclass(frozen=True)
class FailureQueueSpec:
    """Desired queue. `url` is its address, as AWS forms it; `encrypted`: at rest, with keys that SQS manages."""

    name: str
    owner: Owner
    url: str
    retention_seconds: int
    encrypted: bool = True


@dataclass(frozen=True)
class FailureQueueIdentity:
    """What is needed to remove the queue. One that still holds events stays unless `retain_data` is false."""

    name: str
    owner: Owner
    retain_data: bool = True


def create(client: Any, spec: FailureQueueSpec, *, dry_run: bool = False) -> Result:
    """Make the queue, or bring its retention, encryption and tags to the spec."""
    live = _read(client, spec.url)
    if live is None:
        if not dry_run:
            client.create_queue(QueueName=spec.name, Attributes=_attributes(spec), tags=spec.owner.tags)
        outputs = dict.fromkeys(("url", "arn"), UNKNOWN) if dry_run else {"url": spec.url, "arn": _arn(client, spec)}
        return Result(KIND, spec.name, "created", outputs=outputs)
    ensure_ours(KIND, spec.name, spec.owner, live["tags"])
    changes = _changes(spec, live)
    if not dry_run:
        if fields_among(changes):
            client.set_queue_attributes(QueueUrl=live["url"], Attributes=_attributes(spec))
        if tags := tags_among(changes):
            client.tag_queue(QueueUrl=live["url"], Tags=tags)
    outputs = {"url": live["url"], "arn": live["arn"]}
    return Result(KIND, spec.name, "updated" if changes else "unchanged", changes, outputs)


def destroy(client: Any, identity: FailureQueueIdentity, *, dry_run: bool = False) -> Result:
    """Remove the queue, unless it still holds events (by SQS's own count, which lags by up to a minute)."""
    url = _url(client, identity.name)
    live = _read(client, url) if url else None
    if live is None:
        return Result(KIND, identity.name, "absent")
    ensure_ours(KIND, identity.name, identity.owner, live["tags"])
    if identity.retain_data and live["messages"]:
        outputs = {"url": live["url"], "messages": live["messages"]}
        return Result(KIND, identity.name, "retained", outputs=outputs)
    if not dry_run:
        client.delete_queue(QueueUrl=live["url"])
    return Result(KIND, identity.name, "deleted")


def info(client: Any, spec: FailureQueueSpec) -> Result:
    """Compare the live queue with the spec, and count what lies in it."""
    live = _read(client, spec.url)
    if live is None:
        return Result(KIND, spec.name, "absent")
    changes = _changes(spec, live)
    outputs = {"url": live["url"], "arn": live["arn"], "messages": live["messages"]}
    return Result(KIND, spec.name, "drifted" if changes else "present", changes, outputs)


def _changes(spec: FailureQueueSpec, live: dict[str, Any]) -> tuple[Change, ...]:
    desired = {"retention_seconds": spec.retention_seconds, "encrypted": spec.encrypted}
    return differences(desired, live) + tag_differences(spec.owner, live["tags"])


def _attributes(spec: FailureQueueSpec) -> dict[str, str]:
    return {
        "MessageRetentionPeriod": str(spec.retention_seconds),
        "SqsManagedSseEnabled": str(spec.encrypted).lower(),
    }


def _arn(client: Any, spec: FailureQueueSpec) -> str:
    # Worked out, not read: for a second after CreateQueue, SQS may answer that there is no such queue.
    account = spec.url.rsplit("/", 2)[1]
    return f"arn:{client.meta.partition}:sqs:{client.meta.region_name}:{account}:{spec.name}"


def _url(client: Any, name: str) -> str | None:
    try:
        return str(client.get_queue_url(QueueName=name)["QueueUrl"])
    except client.exceptions.QueueDoesNotExist:
        return None


def _read(client: Any, url: str) -> dict[str, Any] | None:
    try:
        live = client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        tags = client.list_queue_tags(QueueUrl=url).get("Tags", {})
    except client.exceptions.QueueDoesNotExist:
        return None
    return {
        "url": url,
        "arn": live["QueueArn"],
        "retention_seconds": int(live["MessageRetentionPeriod"]),
        "encrypted": live.get("SqsManagedSseEnabled", "false") == "true",
        "messages": sum(int(live[count]) for count in _COUNTS),
        "tags": tags,
    }


kind = Kind(
    name=KIND,
    service="sqs",
    spec=FailureQueueSpec,
    identity=FailureQueueIdentity,
    create=create,
    destroy=destroy,
    info=info,
    actions=Actions(
        create=(
            "sqs:GetQueueAttributes",
            "sqs:ListQueueTags",
            "sqs:CreateQueue",
            "sqs:SetQueueAttributes",
            "sqs:TagQueue",
        ),
        destroy=("sqs:GetQueueUrl", "sqs:GetQueueAttributes", "sqs:ListQueueTags", "sqs:DeleteQueue"),
        info=("sqs:GetQueueAttributes", "sqs:ListQueueTags"),
    ),
)
create_task = kind.task("create")
destroy_task = kind.task("destroy")
info_task = kind.task("info")
