"""The queue in which events wait to be sent to another cloud, so that those which wait can share a request."""

from __future__ import annotations

from typing import Any

from deploy_steps.contract import Result
from deploy_steps.kinds.shared import queue
from deploy_steps.task import Kind
from orchestrator.core.specs import OutboxSpec, QueueIdentity

KIND = "outbox"


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
