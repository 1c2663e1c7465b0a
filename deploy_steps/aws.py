"""The one way to reach AWS from a step: clients made once per worker, and AWS's errors turned into ours."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionError, HTTPClientError

from deploy_steps import errors

_THROTTLES = {
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "ProvisionedThroughputExceededException",
    "RequestThrottled",
    "SlowDown",
}
_CONFLICTS = {
    "ResourceConflictException",  # Lambda: "The operation cannot be performed at this time. An update is in progress"
    "ConcurrentModification",  # IAM
    "ConcurrentModificationException",
    "DeleteConflict",  # IAM: "Cannot delete entity, must delete policies first"
    "ResourceInUseException",  # DynamoDB: the table is being created, updated or deleted
    "OperationAbortedException",  # CloudWatch Logs
    "ConflictingResourceUpdateException",  # IoT
    "PreconditionFailedException",
}
_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedException", "UnauthorizedOperation", "NotAuthorized"}
_QUOTAS = {
    "LimitExceeded",
    "LimitExceededException",
    "ServiceQuotaExceededException",
    "CodeStorageExceededException",
    "PolicyLengthExceededException",
}
_NOT_READY = (
    "cannot be assumed by Lambda",  # InvalidParameterValueException: the role is seconds old
    "does not have permissions",  # InvalidParameterValueException: its policy is seconds old
    "KMS key is invalid for CreateGrant",
    "Invalid principal",  # MalformedPolicyDocument: the principal is seconds old
)
_COUNTED = {"calls": 0, "writes": 0}
_READS = ("Get", "List", "Describe", "Head", "Filter", "Query", "Scan", "Simulate")


@functools.cache
def client(service: str) -> Any:
    """The boto3 client of one service, made once per worker. Two quick tries; patience is the state machine's."""
    made = boto3.client(
        service,  # type: ignore[call-overload]  # the service's name is data here
        config=Config(retries={"mode": "standard", "max_attempts": 2}, connect_timeout=5, read_timeout=20),
    )
    made.meta.events.register("before-call", _count)
    return made


def _count(model: Any, **_: Any) -> None:
    _COUNTED["calls"] += 1
    _COUNTED["writes"] += not model.name.startswith(_READS)


def counted() -> dict[str, int]:
    """How many AWS calls this worker has made so far, and how many of them write."""
    return dict(_COUNTED)


def error_code(error: ClientError) -> str:
    """AWS's name for the error. Lambda's names end in `Exception`, IAM's do not."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def translated() -> Iterator[None]:
    """Turn whatever AWS raises inside the block into one of our errors, keeping AWS's own message."""
    try:
        yield
    except ClientError as error:
        raise _translate(error) from error
    except (ConnectionError, HTTPClientError) as error:
        raise errors.ServiceUnavailable(f"AWS did not answer: {error}") from error


def _translate(error: ClientError) -> errors.StepError:
    code = error_code(error)
    message = f"{error.operation_name}: {error.response.get('Error', {}).get('Message', '')} ({code})"
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if any(text in message for text in _NOT_READY):
        return errors.NotReady(message)
    if code in _THROTTLES or status == 429:
        return errors.Throttled(message)
    if code in _CONFLICTS:
        return errors.Conflict(message)
    if code in _DENIED:
        return errors.AccessDenied(message)
    if code in _QUOTAS:
        return errors.QuotaExceeded(message)
    if status >= 500 or code in {"ServiceFailure", "InternalError", "ServiceException", "InternalServerError"}:
        return errors.ServiceUnavailable(message)
    return errors.Rejected(message)
