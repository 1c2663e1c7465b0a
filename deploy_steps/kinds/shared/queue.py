"""What the two kinds of queue have in common: one is made of attributes, both hold events that must not be lost."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol

from deploy_steps.contract import UNKNOWN, Change, Result, differences, fields_among, tag_differences, tags_among
from deploy_steps.ownership import ensure_ours
from deploy_steps.task import Actions
from orchestrator.core.specs import Owner, QueueIdentity

_COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)

ACTIONS = Actions(
    create=(
        "sqs:GetQueueAttributes",
        "sqs:ListQueueTags",
        "sqs:CreateQueue",
        "sqs:SetQueueAttributes",
        "sqs:TagQueue",
    ),
    destroy=("sqs:GetQueueUrl", "sqs:GetQueueAttributes", "sqs:ListQueueTags", "sqs:DeleteQueue"),
    info=("sqs:GetQueueAttributes", "sqs:ListQueueTags"),
)


class QueueSpec(Protocol):
    """Desired queue. `url` is its address, as AWS forms it."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def owner(self) -> Owner:
        """Whose it is."""

    @property
    def url(self) -> str:
        """Its address."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """What is compared, by the names of the spec's fields."""

    @property
    def attributes(self) -> Mapping[str, str]:
        """The same, as SQS takes it."""


def create(client: Any, kind: str, spec: QueueSpec, *, dry_run: bool) -> Result:
    """Make the queue, or bring its attributes and tags to the spec."""
    live = _read(client, spec.url)
    if live is None:
        if not dry_run:
            client.create_queue(QueueName=spec.name, Attributes=dict(spec.attributes), tags=spec.owner.tags)
        outputs = dict.fromkeys(("url", "arn"), UNKNOWN) if dry_run else {"url": spec.url, "arn": _arn(client, spec)}
        return Result(kind, spec.name, "created", outputs=outputs)
    ensure_ours(kind, spec.name, spec.owner, live["tags"])
    changes = _changes(spec, live)
    if not dry_run:
        if fields_among(changes):
            client.set_queue_attributes(QueueUrl=live["url"], Attributes=dict(spec.attributes))
        if tags := tags_among(changes):
            client.tag_queue(QueueUrl=live["url"], Tags=tags)
    outputs = {"url": live["url"], "arn": live["arn"]}
    return Result(kind, spec.name, "updated" if changes else "unchanged", changes, outputs)


def destroy(client: Any, kind: str, identity: QueueIdentity, *, dry_run: bool) -> Result:
    """Remove the queue, unless it still holds events (by SQS's own count, which lags by up to a minute)."""
    url = _url(client, identity.name)
    live = _read(client, url) if url else None
    if live is None:
        return Result(kind, identity.name, "absent")
    ensure_ours(kind, identity.name, identity.owner, live["tags"])
    if identity.retain_data and live["messages"]:
        outputs = {"url": live["url"], "messages": live["messages"]}
        return Result(kind, identity.name, "retained", outputs=outputs)
    if not dry_run:
        client.delete_queue(QueueUrl=live["url"])
    return Result(kind, identity.name, "deleted")


def info(client: Any, kind: str, spec: QueueSpec) -> Result:
    """Compare the live queue with the spec, and count what lies in it."""
    live = _read(client, spec.url)
    if live is None:
        return Result(kind, spec.name, "absent")
    changes = _changes(spec, live)
    outputs = {"url": live["url"], "arn": live["arn"], "messages": live["messages"]}
    return Result(kind, spec.name, "drifted" if changes else "present", changes, outputs)


def _changes(spec: QueueSpec, live: dict[str, Any]) -> tuple[Change, ...]:
    return differences(spec.settings, live) + tag_differences(spec.owner, live["tags"])


def _arn(client: Any, spec: QueueSpec) -> str:
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
    redrive = json.loads(live.get("RedrivePolicy") or "{}")
    return {
        "url": url,
        "arn": live["QueueArn"],
        "retention_seconds": int(live["MessageRetentionPeriod"]),
        "encrypted": live.get("SqsManagedSseEnabled", "false") == "true",
        "visibility_seconds": int(live["VisibilityTimeout"]),
        "failure_queue_arn": redrive.get("deadLetterTargetArn"),
        "attempts": int(redrive.get("maxReceiveCount") or 0),  # SQS keeps the text that it was given, or a number
        "messages": sum(int(live[count]) for count in _COUNTS),
        "tags": tags,
    }
