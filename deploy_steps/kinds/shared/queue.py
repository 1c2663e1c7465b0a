"""What the kinds of queue have in common: a queue is made of attributes, and has events that must not be lost."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from deploy_steps.contract import Changes, Live, Outputs
from deploy_steps.engine import Calls, Facts, plain_kind
from deploy_steps.task import Kind
from orchestrator.core.specs import FailureQueueSpec, OutboxSpec, QueueIdentity

_COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)

QueueSpec = FailureQueueSpec | OutboxSpec


def queue_kind(name: str, spec: type[QueueSpec]) -> Kind:
    """A kind of queue."""
    return plain_kind(
        # For up to 60 s after DeleteQueue, SQS answers reads as if nothing had happened; CreateQueue then answers
        # QueueDeletedRecently. It accepts an existing queue with the same attributes, whoever owns it.
        Facts(name, "sqs", spec, QueueIdentity, outputs=("url", "arn"), shown_when_gone="QueueNameExists"),
        Calls(_read, _desired, create, _update, delete),
        read=("sqs:GetQueueAttributes", "sqs:ListQueueTags"),
        create=("sqs:CreateQueue", "sqs:SetQueueAttributes", "sqs:TagQueue"),
        destroy=("sqs:GetQueueUrl", "sqs:DeleteQueue"),
    )


def _read(client: Any, wanted: QueueSpec | QueueIdentity) -> Live | None:
    try:
        url = _url(client, wanted.name) if isinstance(wanted, QueueIdentity) else wanted.url
        live = client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        tags = client.list_queue_tags(QueueUrl=url).get("Tags", {})
    except client.exceptions.QueueDoesNotExist:
        return None
    redrive = json.loads(live.get("RedrivePolicy") or "{}")
    settings = {
        "retention_seconds": int(live["MessageRetentionPeriod"]),
        "encrypted": live.get("SqsManagedSseEnabled", "false") == "true",
        "visibility_seconds": int(live["VisibilityTimeout"]),
        "failure_queue_arn": redrive.get("deadLetterTargetArn"),
        "attempts": int(redrive.get("maxReceiveCount") or 0),  # SQS keeps the text that it was given, or a number
    }
    compared = () if isinstance(wanted, QueueIdentity) else tuple(wanted.settings)
    messages = sum(int(live[count]) for count in _COUNTS)
    outputs = {"url": url, "arn": live["QueueArn"], "messages": messages}
    return Live({name: settings[name] for name in compared}, tags, id=url, outputs=outputs, has_data=messages > 0)


def _url(client: Any, name: str) -> str:
    return str(client.get_queue_url(QueueName=name)["QueueUrl"])  # an identity has no URL


def _desired(spec: QueueSpec) -> Mapping[str, Any]:
    return spec.settings


def create(client: Any, spec: QueueSpec) -> Outputs:
    """Make the queue, or bring its settings and tags to the spec."""
    client.create_queue(QueueName=spec.name, Attributes=dict(spec.attributes), tags=spec.owner.tags)
    # The ARN is worked out, not read: for a second after CreateQueue, SQS may answer that there is no such queue.
    account = spec.url.rsplit("/", 2)[1]
    return {"url": spec.url, "arn": f"arn:{client.meta.partition}:sqs:{client.meta.region_name}:{account}:{spec.name}"}


def _update(client: Any, spec: QueueSpec, live: Live, changes: Changes) -> None:
    if changes.fields:
        client.set_queue_attributes(QueueUrl=live.id, Attributes=dict(spec.attributes))
    if changes.tags:
        client.tag_queue(QueueUrl=live.id, Tags=changes.tags)


def delete(client: Any, _identity: QueueIdentity, live: Live) -> None:
    """Remove the queue, unless it still holds events (by SQS's own count, which lags by up to a minute)."""
    client.delete_queue(QueueUrl=live.id)
