"""A function in the embedded cloud is bound to its role as on AWS: by the role's unique id, not by its name."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.local.functions import deploy, invoke, logged, zipped
from tests.local.test_async_invoke import next_message, on_failure, queue, send

Clients = Callable[[str], Any]

PRINTS = "def handler(event, context):\n    print('ran')\n    return 'ran'\n"
_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)


@pytest.fixture
def role(clients: Clients) -> Iterator[str]:
    """The name of a role."""
    name = f"r-{uuid.uuid4().hex[:12]}"
    clients("iam").create_role(RoleName=name, AssumeRolePolicyDocument=_TRUST)
    yield name
    clients("iam").delete_role(RoleName=name)


def arn_of(clients: Clients, role: str) -> str:
    """The role's ARN."""
    return str(clients("iam").get_role(RoleName=role)["Role"]["Arn"])


def make_again(clients: Clients, role: str) -> None:
    """Delete the role and create it under the same name."""
    clients("iam").delete_role(RoleName=role)
    clients("iam").create_role(RoleName=role, AssumeRolePolicyDocument=_TRUST)


def denied(clients: Clients, function: str) -> str:
    """The message with which Lambda refuses to invoke a function."""
    with pytest.raises(clients("lambda").exceptions.KMSAccessDeniedException) as refused:
        invoke(clients, function)
    return str(refused.value.response["Error"]["Message"])


def test_a_role_that_is_made_again_has_another_id_and_the_same_arn(clients: Clients, role: str) -> None:
    before = clients("iam").get_role(RoleName=role)["Role"]

    make_again(clients, role)

    after = clients("iam").get_role(RoleName=role)["Role"]
    assert after["Arn"] == before["Arn"]
    assert after["RoleId"] != before["RoleId"]


def test_a_function_whose_role_was_made_again_cannot_be_invoked(clients: Clients, role: str) -> None:
    function = deploy(clients, PRINTS, Role=arn_of(clients, role))
    before = invoke(clients, function)

    make_again(clients, role)

    assert before == ("ran", None)
    assert denied(clients, function).startswith(
        "Lambda was unable to decrypt the environment variables because KMS access was denied."
    )
    assert logged(clients, f"/aws/lambda/{function}") == ["ran"]


def test_new_code_does_not_bind_it_again_and_a_new_configuration_does(clients: Clients, role: str) -> None:
    function = deploy(clients, PRINTS, Role=arn_of(clients, role))
    make_again(clients, role)

    clients("lambda").update_function_code(FunctionName=function, ZipFile=zipped({"app.py": f"{PRINTS}\n"}))
    denied(clients, function)
    clients("lambda").update_function_configuration(FunctionName=function, Environment={"Variables": {"A": "1"}})

    assert invoke(clients, function) == ("ran", None)


def test_what_it_was_sent_asynchronously_goes_to_the_failure_destination(clients: Clients, role: str) -> None:
    function = deploy(clients, PRINTS, Role=arn_of(clients, role))
    url, arn = queue(clients)
    on_failure(clients, function, arn, retries=1)
    make_again(clients, role)

    send(clients, function, {"iotDeviceId": "sensor-1"})

    message = next_message(clients, url)
    assert message["requestPayload"] == {"iotDeviceId": "sensor-1"}
    assert message["responsePayload"]["errorType"] == "KMSAccessDeniedException"
    assert message["requestContext"]["approximateInvokeCount"] == 2


def test_a_function_whose_role_iam_never_knew_runs(clients: Clients) -> None:
    assert invoke(clients, deploy(clients, PRINTS)) == ("ran", None)
