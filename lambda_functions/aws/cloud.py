"""AWS as the cloud of a function (`shared.port.Cloud`). What AWS refuses is raised as a ClientError."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import Session

from lambda_functions.aws import sdk
from lambda_functions.shared import settings
from lambda_functions.shared.json_text import dump

name = "aws"
SECRETS = ("secretsmanager",) if settings.text("INTER_CLOUD_TOKEN_SECRET") else ()
"""The service that a worker reads the connection's token from."""

# Three quick attempts within a function's time. The caller, or Lambda itself, retries for longer.
_CONFIG = Config(retries={"mode": "standard", "max_attempts": 3}, connect_timeout=2, read_timeout=5)
_ABSENT = ("ResourceNotFoundException", "InvalidRequestException")  # the latter: "it was marked for deletion"
_THROTTLES = (
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "TooManyRequestsException",
)


@functools.cache
def _session() -> Session:
    return sdk.session(Path(__file__).with_name("sdk_models"))


@functools.cache
def client(service: str) -> Any:
    """The client of a service: one per worker."""
    return _session().create_client(service, config=_CONFIG)


def ready(*services: str) -> None:
    """Make the clients of these services now, if this is Lambda: no event waits for what a starting worker does."""
    if os.environ.get("AWS_LAMBDA_FUNCTION_NAME"):
        for service in services:
            client(service)


def hand_on(component: str, document: Mapping[str, Any]) -> tuple[str, bool]:
    """Through the queue {COMPONENT}_QUEUE_URL where it is set, else by invoking {COMPONENT}_LAMBDA_NAME."""
    queue = settings.text(f"{component.upper()}_QUEUE_URL")
    if not queue:
        function = settings.required(f"{component.upper()}_LAMBDA_NAME")
        invoke(function, document)
        return function, False
    # The queue has its function's name. The message has it too, in case SQS moves it to the failure queue.
    function = queue.rpartition("/")[2]
    client("sqs").send_message(QueueUrl=queue, MessageBody=message_text({"function": function, "event": document}))
    return function, True


def invoke(function: str, document: Mapping[str, Any]) -> None:
    """By an asynchronous invocation: Lambda runs and retries it, and keeps what failed."""
    client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=dump(document))


def keep_failure(document: Mapping[str, Any]) -> bool:
    """In the queue FAILURE_QUEUE_URL."""
    queue = settings.text("FAILURE_QUEUE_URL")
    if queue:
        client("sqs").send_message(QueueUrl=queue, MessageBody=message_text(document))
    return bool(queue)


def store(event: Mapping[str, Any]) -> str:
    """In the table DYNAMODB_TABLE_NAME."""
    from lambda_functions.aws import hot_table  # imported at the start of the functions that store

    table = settings.required("DYNAMODB_TABLE_NAME")
    hot_table.put(client("dynamodb"), table, event)
    return table


def read_secret(secret: str, *, previous: bool) -> tuple[str, ...]:
    """From Secrets Manager, by the secret's ARN or name."""
    return fetch_secret(
        client("secretsmanager"), secret, ("AWSCURRENT", "AWSPREVIOUS") if previous else ("AWSCURRENT",)
    )


def publish_feedback(topic: str, payload: bytes) -> None:
    """Over IoT Core, at least once."""
    client("iot-data").publish(topic=topic, qos=1, payload=payload)


def is_throttle(error: Exception) -> bool:
    """By the error's code."""
    return isinstance(error, ClientError) and error.response.get("Error", {}).get("Code") in _THROTTLES


def fetch_secret(secrets: Any, secret: str, stages: tuple[str, ...]) -> tuple[str, ...]:
    """The secret's value at each stage that it has. Blank ones are left out."""
    values = []
    for stage in stages:
        try:
            values.append(secrets.get_secret_value(SecretId=secret, VersionStage=stage)["SecretString"].strip())
        except ClientError as error:
            if error.response["Error"]["Code"] not in _ABSENT:
                raise
    return tuple(value for value in values if value)


def message_text(document: Any) -> str:
    """A document as the text of an SQS message. Raises as `dump` does.

    SQS accepts the characters that XML does. JSON has two more, and can write them as escapes.
    """
    return dump(document).decode().replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")
