"""Looks for a secret in every place of an account where it must not be, as it stands and in base64."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Iterable, Iterator
from typing import Any

from orchestrator.operations.failure_queue import FailureQueue

Place = tuple[str, bytes]
"""Where it is, and what is there."""


def found(secrets: Iterable[str], places: Iterable[Place]) -> list[str]:
    """The places that hold any of the secrets."""
    needles = [form for secret in secrets for form in _forms(secret)]
    return [where for where, content in places if any(needle in content for needle in needles)]


def everywhere(aws: Any) -> Iterator[Place]:
    """Everything in the account that is not Secrets Manager."""
    yield from functions(aws)
    yield from logs(aws)
    yield from executions(aws)
    yield from objects(aws)
    yield from tables(aws)
    yield from messages(aws)
    yield from stacks(aws)


def functions(aws: Any) -> Iterator[Place]:
    """Every function's whole configuration, its environment and description included."""
    for function in _all(aws, "lambda", "list_functions", "Functions"):
        yield f"function {function['FunctionName']}", _text(function)


def logs(aws: Any) -> Iterator[Place]:
    """Every line of every log group."""
    for group in _all(aws, "logs", "describe_log_groups", "logGroups"):
        name = group["logGroupName"]
        for line in _all(aws, "logs", "filter_log_events", "events", logGroupName=name):
            yield f"log group {name}", line["message"].encode()


def executions(aws: Any) -> Iterator[Place]:
    """The input, the output, the cause and the history of every execution, and the machines themselves."""
    client = aws.client("stepfunctions")
    for machine in _all(aws, "stepfunctions", "list_state_machines", "stateMachines"):
        arn, name = machine["stateMachineArn"], machine["name"]
        yield f"machine {name}", _text(client.describe_state_machine(stateMachineArn=arn))
        for execution in _all(aws, "stepfunctions", "list_executions", "executions", stateMachineArn=arn):
            run = execution["executionArn"]
            yield f"execution of {name}", _text(client.describe_execution(executionArn=run))
            for event in _all(
                aws, "stepfunctions", "get_execution_history", "events", executionArn=run, includeExecutionData=True
            ):
                yield f"history of {name}", _text(event)


def objects(aws: Any) -> Iterator[Place]:
    """Every version of every object in every bucket, and what is packed in it."""
    s3 = aws.client("s3")
    for bucket in s3.list_buckets()["Buckets"]:
        name = bucket["Name"]
        for version in _all(aws, "s3", "list_object_versions", "Versions", Bucket=name):
            at = {"Bucket": name, "Key": version["Key"], "VersionId": version["VersionId"]}
            where = f"object {version['Key']}"
            yield where, f"{version['Key']} {s3.head_object(**at)['Metadata']}".encode()
            yield from unpacked(where, s3.get_object(**at)["Body"].read())


def tables(aws: Any) -> Iterator[Place]:
    """Every item of every table."""
    for name in _all(aws, "dynamodb", "list_tables", "TableNames"):
        for item in _all(aws, "dynamodb", "scan", "Items", TableName=name):
            yield f"table {name}", _text(item)


def messages(aws: Any) -> Iterator[Place]:
    """Every message in every queue; each stays where it is."""
    sqs = aws.client("sqs")
    for url in _all(aws, "sqs", "list_queues", "QueueUrls"):
        with FailureQueue(sqs, url) as queue:
            while batch := queue.borrow():
                yield from ((f"queue {queue.name}", message.body.encode()) for message in batch)


def stacks(aws: Any) -> Iterator[Place]:
    """Every stack with its parameters and outputs."""
    for stack in _all(aws, "cloudformation", "describe_stacks", "Stacks"):
        yield f"stack {stack['StackName']}", _text(stack)


def unpacked(where: str, content: bytes) -> Iterator[Place]:
    """A file as it is, and the members of a zip, whose compression would hide them."""
    yield where, content
    if zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            for name in packed.namelist():
                yield f"{where}!{name}", packed.read(name)


def _forms(secret: str) -> Iterator[bytes]:
    """The secret itself, and what it looks like anywhere inside base64: one form for each place in a group of three."""
    raw = secret.encode()
    yield raw
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + raw)
        # The characters at both ends also depend on what stands beside the secret.
        yield encoded[(0, 2, 3)[before] : len(encoded) - 4]


def _all(aws: Any, service: str, operation: str, key: str, **asked: Any) -> Iterator[Any]:
    for page in aws.client(service).get_paginator(operation).paginate(**asked):
        yield from page.get(key, ())


def _text(answer: Any) -> bytes:
    return json.dumps(answer, default=str).encode()
