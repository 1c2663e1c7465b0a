"""The one way to reach AWS from a step: clients made once per worker, and AWS's errors turned into ours."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from botocore import exceptions
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import Session

from deploy_steps import errors
from lambda_functions.aws import sdk
from orchestrator.core.specs import InvalidSpec

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
    # The thing appeared between our read and our create. Running the step again reads it, and checks whose it is.
    "EntityAlreadyExists",
    "ResourceAlreadyExistsException",
    "ResourceExistsException",
    "QueueAlreadyExists",  # SQS answers with the names of its older protocol
}
_VANISHED = {  # between our read and our write, or AWS does not show it everywhere yet
    "ResourceNotFoundException",
    "NoSuchEntity",
    "AWS.SimpleQueueService.NonExistentQueue",
    "ResourceNotFound",  # CloudWatch: "Dashboard … does not exist"
    "DashboardNotFoundError",
}
_VANISHED_RULE = "Access to topic rule"  # IoT's UnauthorizedException for a rule that is not there: "... was denied"
_DENIED = {
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedException",
    "UnauthorizedOperation",
    "NotAuthorized",
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
}
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
    "destination ARN",  # InvalidParameterValueException: "The destination ARN … is invalid.": the queue is seconds old
    "SQS Error Code: AWS.SimpleQueueService.NonExistentQueue",  # Lambda: "Error occurred while ReceiveMessage. …"
    "Dead letter target does not exist",  # SQS InvalidParameterValue: the failure queue is seconds old
    "is less than Function timeout",  # Lambda: the queue's visibility timeout is, until SQS shows its new one
    "Invalid principal",  # MalformedPolicyDocument: the principal is seconds old
    "sts:AssumeRole",  # IoT: "unable to assume role (sts:AssumeRole) ... If the role was just created or updated"
    "scheduled for deletion",  # Secrets Manager: a secret of that name was deleted seconds ago
    "secret because it was marked for deletion",  # Secrets Manager, GetSecretValue: it was restored seconds ago
    "secret because it was deleted",  # Secrets Manager, RestoreSecret: it still shows, and is about to be gone
    "QueueDeletedRecently",  # SQS: "You must wait 60 seconds after deleting a queue before you can create another"
)
_COUNTED = {"calls": 0, "writes": 0}
_READS = ("Get", "List", "Describe", "Head", "BatchGet", "Filter", "Query", "Scan", "Simulate")


def new_session() -> Session:
    """A session with the models that are shipped with the steps: they know the operations that a step calls."""
    return sdk.session(Path(__file__).with_name("sdk_models"))


@functools.cache
def session() -> Session:
    """The session that every client of this worker is made by."""
    return new_session()


@functools.cache
def client(service: str) -> Any:
    """The client of one service, made once per worker.

    Four quick tries, because a task that reads a dozen things begins anew when one of them fails; patience is the state
    machine's. They are made in the mode that has no quota of retries: a worker that has used it up would have one try
    left for every call, for as long as it lives.
    """
    made = session().create_client(
        service,
        config=Config(
            retries={"mode": "legacy", "total_max_attempts": 4},
            connect_timeout=5,
            read_timeout=20,
            max_pool_connections=24,  # as many as any task makes calls side by side
        ),
    )
    made.meta.events.register("before-call", _count)
    return made


def _count(model: Any, **_: Any) -> None:
    _COUNTED["calls"] += 1
    _COUNTED["writes"] += not model.name.startswith(_READS)


def counted() -> dict[str, int]:
    """How many AWS calls this worker has made so far, and how many of them write."""
    return dict(_COUNTED)


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as IAM, DynamoDB, IoT and Secrets Manager take them; the other services take a plain mapping."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def tag_map(tags: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """The way back: a list of Key and Value as a mapping."""
    return {tag["Key"]: tag["Value"] for tag in tags}


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
    except (exceptions.ConnectionError, exceptions.HTTPClientError, exceptions.IncompleteReadError) as error:
        raise errors.ServiceUnavailable(f"AWS did not answer: {error}") from error
    except (exceptions.NoCredentialsError, exceptions.CredentialRetrievalError) as error:
        raise errors.AccessDenied(str(error)) from error
    except sdk.SdkTooOld as error:
        raise errors.Rejected(str(error)) from error
    except (exceptions.ParamValidationError, InvalidSpec) as error:
        raise errors.InvalidInput(str(error)) from error


def _translate(error: ClientError) -> errors.StepError:
    code = error_code(error)
    message = f"{error.operation_name}: {error.response.get('Error', {}).get('Message', '')} ({code})"
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in _VANISHED or _VANISHED_RULE in message:
        return errors.NotReady(message)
    if code in _DENIED:  # before the texts: a denial can quote sts:AssumeRole, and waiting does not cure it
        return errors.AccessDenied(message)
    if any(text in message for text in _NOT_READY):
        return errors.NotReady(message)
    if code in _THROTTLES or status == 429:
        return errors.Throttled(message)
    if code in _CONFLICTS:
        return errors.Conflict(message)
    if code in _QUOTAS and "simultaneously" in message:  # DynamoDB: how many tables may change at the same time
        return errors.Throttled(message)
    if code in _QUOTAS:
        return errors.QuotaExceeded(message)
    if status >= 500 or code in {"ServiceFailure", "InternalError", "ServiceException", "InternalServerError"}:
        return errors.ServiceUnavailable(message)
    return errors.Rejected(message)
