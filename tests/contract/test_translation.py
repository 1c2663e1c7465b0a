"""AWS's errors become the closed list that a state machine knows, with AWS's own words kept."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore import exceptions
from botocore.exceptions import ClientError

from deploy_steps import aws, errors


def client_error(code: str, message: str = "", status: int = 400, operation: str = "Operation") -> ClientError:
    """An error as botocore raises it."""
    answer: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, operation)


@pytest.mark.parametrize(
    ("code", "message", "status", "expected"),
    [
        pytest.param(
            "InvalidParameterValueException",
            "The role defined for the function cannot be assumed by Lambda.",
            400,
            errors.NotReady,
            id="Lambda does not know the new role yet",
        ),
        pytest.param(
            "InvalidParameterValueException",
            "The provided execution role does not have permissions to call SendMessage on SQS",
            400,
            errors.NotReady,
            id="Lambda does not know the role's new policy yet",
        ),
        pytest.param(
            "InvalidParameterValueException",
            "The function execution role does not have permissions to call ReceiveMessage on SQS",
            400,
            errors.NotReady,
            id="nor may it work off its queue yet",
        ),
        pytest.param(
            "InvalidParameterValueException",
            "Queue visibility timeout: 30 seconds is less than Function timeout: 60 seconds",
            400,
            errors.NotReady,
            id="SQS does not show the queue's new visibility timeout yet",
        ),
        pytest.param(
            "InvalidParameterValue",
            "Value {...} for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist.",
            400,
            errors.NotReady,
            id="SQS does not know the new failure queue yet",
        ),
        pytest.param(
            "InvalidParameterValueException",
            "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS Error "
            "Message: The specified queue does not exist for this wsdl version.",
            400,
            errors.NotReady,
            id="Lambda does not know the new queue that it shall receive from yet",
        ),
        pytest.param(
            "InvalidParameterValueException",
            "The destination ARN arn:aws:sqs:eu-central-1:111122223333:twin-failures is invalid.",
            400,
            errors.NotReady,
            id="Lambda does not know the new failure queue yet",
        ),
        pytest.param(
            "InvalidRequestException",
            "You can't perform this operation on the secret because it was marked for deletion.",
            400,
            errors.NotReady,
            id="a secret was restored, and its value cannot be read yet",
        ),
        pytest.param(
            "InvalidRequestException",
            "You can't perform this operation on the secret because it was deleted.",
            400,
            errors.NotReady,
            id="a secret was deleted, and still shows",
        ),
        pytest.param(
            "ResourceInUseException",
            "Cannot update the event source mapping because it is in use.",
            400,
            errors.Conflict,
            id="Lambda is still at work on the event source mapping",
        ),
        pytest.param(
            "InvalidParameterValueException",
            "Lambda was unable to configure access to your environment variables because the KMS key is invalid for "
            "CreateGrant.",
            400,
            errors.NotReady,
            id="KMS does not know the new role yet",
        ),
        pytest.param(
            "MalformedPolicyDocument",
            'Invalid principal in policy: "AWS":"arn:aws:iam::111122223333:role/new"',
            400,
            errors.NotReady,
            id="IAM does not know the new principal yet",
        ),
        pytest.param(
            "InvalidRequestException",
            "AWS IoT (iot.amazonaws.com) is unable to assume role (sts:AssumeRole) on resource: arn. If the role was "
            "just created or updated, please try again in a few seconds.",
            400,
            errors.NotReady,
            id="IoT does not know the new role yet",
        ),
        pytest.param(
            "InvalidRequestException",
            "You can't create this secret because a secret with this name is already scheduled for deletion.",
            400,
            errors.NotReady,
            id="a secret of that name is still being deleted",
        ),
        pytest.param(
            "AWS.SimpleQueueService.QueueDeletedRecently",
            "You must wait 60 seconds after deleting a queue before you can create another with the same name.",
            400,
            errors.NotReady,
            id="a queue of that name was deleted within the minute",
        ),
        pytest.param(
            "ResourceNotFoundException", "Function not found", 404, errors.NotReady, id="vanished since it was read"
        ),
        pytest.param("NoSuchEntity", "The role cannot be found.", 404, errors.NotReady, id="IAM: vanished"),
        pytest.param(
            "AWS.SimpleQueueService.NonExistentQueue", "Does not exist.", 400, errors.NotReady, id="SQS: vanished"
        ),
        pytest.param(
            "UnauthorizedException",
            "Access to topic rule 'twin_rule' was denied",
            401,
            errors.NotReady,
            id="IoT: vanished, in its own words",
        ),
        pytest.param(
            "ResourceConflictException",
            "The operation cannot be performed at this time. An update is in progress for resource: arn",
            409,
            errors.Conflict,
            id="Lambda is busy with the function",
        ),
        pytest.param("ConcurrentModification", "", 409, errors.Conflict, id="IAM is busy with the role"),
        pytest.param(
            "DeleteConflict", "Must delete policies first.", 409, errors.Conflict, id="a policy is still left"
        ),
        pytest.param("ResourceInUseException", "Table is being created", 400, errors.Conflict, id="the table changes"),
        pytest.param("ConflictingResourceUpdateException", "", 409, errors.Conflict, id="IoT: the rule changes"),
        pytest.param("OperationAbortedException", "", 400, errors.Conflict, id="Logs: the group changes"),
        pytest.param("EntityAlreadyExists", "", 409, errors.Conflict, id="a role appeared since it was looked for"),
        pytest.param("ResourceExistsException", "", 400, errors.Conflict, id="a secret appeared"),
        pytest.param("ResourceAlreadyExistsException", "", 409, errors.Conflict, id="a rule or log group appeared"),
        pytest.param("TooManyRequestsException", "Rate exceeded", 429, errors.Throttled, id="Lambda throttles"),
        pytest.param("Throttling", "Rate exceeded", 400, errors.Throttled, id="IAM throttles"),
        pytest.param("SlowDown", "Please reduce your request rate.", 503, errors.Throttled, id="S3 throttles"),
        pytest.param(
            "LimitExceededException",
            "Subscriber limit exceeded: Only 500 tables can be created, updated, or deleted simultaneously",
            400,
            errors.Throttled,
            id="DynamoDB changes too many tables at once",
        ),
        pytest.param("LimitExceeded", "Cannot exceed quota for RolesPerAccount", 409, errors.QuotaExceeded, id="roles"),
        pytest.param("PolicyLengthExceededException", "", 400, errors.QuotaExceeded, id="a function's policy is full"),
        pytest.param("CodeStorageExceededException", "", 400, errors.QuotaExceeded, id="code storage is full"),
        pytest.param("AccessDenied", "not authorized to perform: iam:CreateRole", 403, errors.AccessDenied, id="IAM"),
        pytest.param(
            "AccessDeniedException",
            "User: arn is not authorized to perform: sts:AssumeRole on resource: arn",
            403,
            errors.AccessDenied,
            id="a denial that quotes sts:AssumeRole is no delay",
        ),
        pytest.param("ExpiredTokenException", "The token has expired", 403, errors.AccessDenied, id="old credentials"),
        pytest.param("ServiceFailure", "", 500, errors.ServiceUnavailable, id="IAM failed"),
        pytest.param("InternalError", "", 500, errors.ServiceUnavailable, id="AWS failed"),
        pytest.param("503", "", 503, errors.ServiceUnavailable, id="an answer without an error's name"),
        pytest.param("ValidationException", "1 validation error", 400, errors.Rejected, id="AWS refuses the request"),
        pytest.param("NoSuchKey", "The specified key does not exist.", 404, errors.Rejected, id="a file is missing"),
    ],
)
def test_an_error_of_aws_becomes_one_of_ours_with_its_words(
    code: str, message: str, status: int, expected: type[errors.StepError]
) -> None:
    with pytest.raises(errors.StepError) as raised, aws.translated():
        raise client_error(code, message, status, "CreateThing")

    assert type(raised.value) is expected
    assert str(raised.value) == f"CreateThing: {message} ({code})"
    assert isinstance(raised.value.__cause__, ClientError)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        pytest.param(
            exceptions.EndpointConnectionError(endpoint_url="https://lambda"), errors.ServiceUnavailable, id="no route"
        ),
        pytest.param(
            exceptions.ReadTimeoutError(endpoint_url="https://lambda"),
            errors.ServiceUnavailable,
            id="no answer in time",
        ),
        pytest.param(
            exceptions.ConnectionClosedError(endpoint_url="https://lambda"), errors.ServiceUnavailable, id="broken off"
        ),
        pytest.param(
            exceptions.IncompleteReadError(actual_bytes=1, expected_bytes=2),
            errors.ServiceUnavailable,
            id="broken off within a body",
        ),
        pytest.param(exceptions.NoCredentialsError(), errors.AccessDenied, id="no credentials"),
        pytest.param(
            exceptions.ParamValidationError(report="MemorySize"), errors.InvalidInput, id="refused before it was sent"
        ),
    ],
)
def test_an_error_on_the_way_to_aws_becomes_one_of_ours(error: Exception, expected: type[errors.StepError]) -> None:
    with pytest.raises(errors.StepError) as raised, aws.translated():
        raise error

    assert type(raised.value) is expected


def test_our_own_errors_pass_unchanged() -> None:
    ours = errors.ForeignResource("left untouched")

    with pytest.raises(errors.ForeignResource) as raised, aws.translated():
        raise ours

    assert raised.value is ours


def test_a_programming_error_is_not_dressed_up_as_one_of_ours() -> None:
    with pytest.raises(KeyError), aws.translated():
        raise KeyError("Role")


def test_every_code_of_a_conflict_or_a_vanished_thing_is_one_that_a_service_we_use_can_send() -> None:
    session: Any = boto3.Session("test", "test", region_name="eu-central-1")
    known: set[str] = set()
    for service in ("iam", "lambda", "dynamodb", "iot", "sqs", "logs", "secretsmanager", "cloudwatch"):
        model = session.client(service).meta.service_model
        for name in model.shape_names:
            known |= {name, str(model.shape_for(name).metadata.get("error", {}).get("code", name))}

    of_the_older_sqs_protocol = {"QueueAlreadyExists", "AWS.SimpleQueueService.NonExistentQueue"}
    assert (aws._CONFLICTS | aws._VANISHED) - known == of_the_older_sqs_protocol
