"""One AWS call as botocore makes it: what it asks for, whether it writes, and whose resource it is about."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

TASK: ContextVar[str] = ContextVar("task", default="")
"""The name of the task's function that runs here; empty outside of any."""

_READS = ("Get", "List", "Describe", "Head", "BatchGet", "Filter", "Query", "Scan", "Simulate")
_NAMING = (
    "FunctionName",
    "RoleName",
    "TableName",
    "LayerName",
    "AlarmName",
    "DashboardName",
    "QueueName",
    "ruleName",
    "logGroupName",
    "SecretId",
    "Name",
    "QueueUrl",
    "Resource",
    "ResourceArn",
    "resourceArn",
)


@dataclass(frozen=True)
class Call:
    """One attempt to call AWS; a retry of botocore's own is a call of its own."""

    service: str
    operation: str
    params: Mapping[str, Any]
    protocol: str
    prefix: str
    task: str = ""

    @property
    def writes(self) -> bool:
        """Whether the operation changes anything."""
        return not self.operation.startswith(_READS)

    @property
    def of_the_orchestrator(self) -> bool:
        """Whether it is about the orchestrator's own bucket, table, machines, events, not about a twin's resources."""
        return (
            self.service in {"events", "s3", "stepfunctions", "sts"}
            or f"{self.prefix}-state" in (self.params.get("TableName"), *self.params.get("RequestItems", ()))
            or str(self.params.get("logGroupName", "")).startswith(f"/{self.prefix}/steps")
        )

    def __str__(self) -> str:
        named = (str(self.params[key]) for key in _NAMING if self.params.get(key))
        return f"{self.service}:{self.operation} {next(map(_own_name, named), '')}".strip()


def _own_name(subject: str) -> str:
    """The last part of an ARN or of a queue's address; any other name as it is."""
    return re.split("[:/]", subject)[-1] if subject.startswith(("arn:", "http")) else subject


class Caller:
    """Remembers, per thread, which call botocore is about to send: `before-send` itself gives the bare request only."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._thread = threading.local()

    def begin(self, params: Mapping[str, Any], model: Any, **_: Any) -> None:
        """The `before-parameter-build` hook."""
        service = model.service_model
        self._thread.call = Call(
            service.service_name, model.name, dict(params), service.resolved_protocol, self._prefix, TASK.get()
        )

    @property
    def call(self) -> Call:
        """The call of this thread."""
        call: Call = self._thread.call
        return call
