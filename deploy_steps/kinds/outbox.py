"""The queue in which events wait to be sent to another cloud, so that those which wait can share a request."""

from __future__ import annotations

from deploy_steps.kinds.shared.queue import queue_kind
from orchestrator.core.specs import OutboxSpec

kind = queue_kind("outbox", OutboxSpec)
create_task, destroy_task, info_task = kind.handlers()
