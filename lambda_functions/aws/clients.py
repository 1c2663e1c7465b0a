"""The AWS clients of a function: one per service and worker, made while a worker starts, else when first needed."""

from __future__ import annotations

import functools
import os
from typing import Any

import boto3
from botocore.config import Config

from lambda_functions.shared import settings

SECRETS = ("secretsmanager",) if settings.text("INTER_CLOUD_TOKEN_SECRET") else ()
"""The service that has the connection's token, where this worker reads it from one."""

# Three quick attempts within a function's time. The caller, or Lambda itself, retries for longer.
_CONFIG = Config(retries={"mode": "standard", "max_attempts": 3}, connect_timeout=2, read_timeout=5)


@functools.cache
def client(service: str) -> Any:
    """The boto3 client of a service."""
    return boto3.client(service, config=_CONFIG)  # type: ignore[call-overload]  # the service's name is data here


def ready(*services: str) -> None:
    """Make the clients of these services now, if this is Lambda: no event waits for what a starting worker does."""
    if os.environ.get("AWS_LAMBDA_FUNCTION_NAME"):
        for service in services:
            client(service)
