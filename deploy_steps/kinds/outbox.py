"""The queue in which events wait to be sent to another cloud, so that those which wait can share a request."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from deploy_steps.contract import Owner, Result
from deploy_steps.kinds.shared import queue
from deploy_steps.kinds.shared.queue import QueueIdentity
from deploy_steps.task import Kind

KIND = "outbox"


@dataclass(frozen=True)
class OutboxSpec:
    """Desired queue. `url` is its address, as AWS forms it; `encrypted`: at rest, with keys that SQS manages.

    What is received stays hidden for `visibility_seconds`, and comes again unless it was deleted by then; after so many
    `attempts` SQS itself moves it to the failure queue.
    """

    name: str
    owner: Owner
    url: str
    retention_seconds: int
    visibility_seconds: int
    failure_queue_arn: str
    attempts: int
    encrypted: bool = True

    @property
    def settings(self) -> dict[str, Any]:
        """What is compared."""
        names = ("retention_seconds", "visibility_seconds", "failure_queue_arn", "attempts", "encrypted")
        return {name: getattr(self, name) for name in names}

    @property
    def attributes(self) -> dict[str, str]:
        """The same, as SQS takes it."""
        redrive = {"deadLetterTargetArn": self.failure_queue_arn, "maxReceiveCount": self.attempts}
        return {
            "MessageRetentionPeriod": str(self.retention_seconds),
            "VisibilityTimeout": str(self.visibility_seconds),
            "RedrivePolicy": json.dumps(redrive),
            "SqsManagedSseEnabled": str(self.encrypted).lower(),
        }


def create(client: Any, spec: OutboxSpec, *, dry_run: bool = False) -> Result:
    """Make the queue, or bring its times, its way to the failure queue, encryption and tags to the spec."""
    return queue.create(client, KIND, spec, dry_run=dry_run)


def destroy(client: Any, identity: QueueIdentity, *, dry_run: bool = False) -> Result:
    """Remove the queue, unless events still wait in it (by SQS's own count, which lags by up to a minute)."""
    return queue.destroy(client, KIND, identity, dry_run=dry_run)


def info(client: Any, spec: OutboxSpec) -> Result:
    """Compare the live queue with the spec, and count what waits in it."""
    return queue.info(client, KIND, spec)


kind = Kind(
    name=KIND,
    service="sqs",
    spec=OutboxSpec,
    identity=QueueIdentity,
    create=create,
    destroy=destroy,
    info=info,
    actions=queue.ACTIONS,
)
create_task = kind.task("create")
destroy_task = kind.task("destroy")
info_task = kind.task("info")
