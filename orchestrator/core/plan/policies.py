"""What each function may do: one statement per right, on exact resources, and nothing that it does not use."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterable
from typing import Any

from orchestrator.core.names import Installation, TwinNames

Statement = dict[str, Any]

_ROOM_FOR_TARGETS = 6_000  # what a list of resources may take of it; the rest of a policy stays well under 2,000


def document(statements: Iterable[Statement]) -> dict[str, Any]:
    """The statements as an IAM policy."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def work_off(queue_arn: str) -> Statement:
    """Work off a queue: what Lambda does in a function's name that has one for its event source."""
    actions = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
    return _allow("WorkOffQueue", actions, [queue_arn])


class Rights:
    """Makes the statements for one twin's functions."""

    def __init__(self, installation: Installation, twin: TwinNames) -> None:
        self._installation = installation
        self._twin = twin

    def write_logs(self) -> Statement:
        """Write to the twin's log group. The group itself is made by its own step, with its retention."""
        streams = f"{self._installation.log_group_arn(self._twin.log_group)}:log-stream:*"
        return _allow("WriteLogs", ["logs:CreateLogStream", "logs:PutLogEvents"], [streams])

    def trace(self) -> Statement:
        """Send trace segments. X-Ray knows no resources that these two actions could be limited to, hence `*`."""
        return _allow("XRayHasNoResources", ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], ["*"])

    def report_failures(self) -> Statement:
        """Put what failed for good into the twin's failure queue."""
        return _allow("ReportFailures", ["sqs:SendMessage"], [self._installation.queue_arn(self._twin.failure_queue)])

    def gather(self, sender: str) -> Statement:
        """Put events into the queue of what waits to be sent."""
        queue = self._twin.outbox(sender)
        return _allow("Gather", ["sqs:SendMessage"], [self._installation.queue_arn(queue)])

    def invoke(self, functions: Iterable[str]) -> Statement:
        """Invoke these functions."""
        return _allow("Invoke", ["lambda:InvokeFunction"], list(map(self._installation.function_arn, functions)))

    def invoke_processors(self, own: Iterable[str]) -> Statement:
        """Invoke the default processor and the devices' own; by pattern where their names outgrow a policy."""
        function_arn = self._installation.function_arn
        exact = [function_arn(self._twin.function("processor")), *map(function_arn, own)]
        patterns = [exact[0], *map(function_arn, self._twin.device_processor_patterns)]
        return _allow("Invoke", ["lambda:InvokeFunction"], _or_patterns(exact, patterns))

    def store(self) -> Statement:
        """Put items into the hot table."""
        return _allow("Store", ["dynamodb:PutItem"], [self._installation.table_arn(self._twin.hot_table)])

    def read_token(self, secret: str) -> Statement:
        """Read one connection's token. The pattern stands for the six characters AWS adds to a secret's ARN."""
        arn = f"{self._installation.secret_arn(secret)}-??????"
        return _allow("ReadToken", ["secretsmanager:GetSecretValue"], [arn])

    def answer_devices(self, devices: Iterable[str]) -> Statement:
        """Publish to the topics of these devices; by pattern where there are too many for a policy."""
        exact = [self._installation.topic_arn(self._twin.device_topic(device)) for device in devices]
        pattern = self._installation.topic_arn(self._twin.device_topic("*"))
        return _allow("AnswerDevices", ["iot:Publish"], _or_patterns(exact, [pattern]))


def _or_patterns(exact: list[str], patterns: list[str]) -> list[str]:
    if len(json.dumps(exact)) <= _ROOM_FOR_TARGETS:
        return exact
    return [pattern for pattern in patterns if fnmatch.filter(exact, pattern)]


def _allow(sid: str, actions: list[str], resources: list[str]) -> Statement:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}
