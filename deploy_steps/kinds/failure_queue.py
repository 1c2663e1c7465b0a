"""The queue that keeps every event the twin could not handle, until `gluecode replay` puts it back in."""

from __future__ import annotations

from deploy_steps.kinds.shared.queue import queue_kind
from orchestrator.core.specs import FailureQueueSpec

kind = queue_kind("failure-queue", FailureQueueSpec)
create_task, destroy_task, info_task = kind.handlers()
