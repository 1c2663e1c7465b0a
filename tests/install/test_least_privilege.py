"""With IAM enforced: an administrator installs, and everything after that is done by the template's roles alone."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

import boto3
import pytest

from orchestrator.install.install import Options, install, installation_from, uninstall
from orchestrator.local import cloud
from orchestrator.local.server import Settings
from orchestrator.session import Aws
from tests.unit.orchestrator.projects import files

ENDED = 240.0  # seconds that an execution may take on a busy machine
pytestmark = pytest.mark.xdist_group("least-privilege")


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """An account where nothing is allowed that no policy allows, with the orchestrator in it."""
    home = tmp_path_factory.mktemp("enforcing")
    running = cloud.up(home, Settings(enforce_iam=True, wait_scale=0.05))
    session = boto3.Session(cloud.CREDENTIAL, cloud.CREDENTIAL, region_name=running.region)
    made = Aws(session, local=True, endpoint=running.endpoint)
    install(made, Options("gluecode"), lambda _: None)
    yield made
    cloud.down(home)


def upload(aws: Aws, mapping: tuple[str, str, str]) -> None:
    bucket = installation_from(aws).bucket
    for path, content in files(mapping).items():
        aws.client("s3").put_object(Bucket=bucket, Key=f"projects/factory-twin/{path}", Body=content)


def run(aws: Aws, machine: str, request: Mapping[str, Any]) -> tuple[str, str]:
    """The status of an execution once it has ended, and the cause if it failed."""
    states, arn = aws.client("stepfunctions"), installation_from(aws).machine_arn(machine)
    execution = states.start_execution(stateMachineArn=arn, input=json.dumps(request))["executionArn"]
    deadline = time.monotonic() + ENDED
    while (found := states.describe_execution(executionArn=execution))["status"] == "RUNNING":
        assert time.monotonic() < deadline, f"{machine} does not end"
        time.sleep(0.2)
    return found["status"], found.get("cause", "")


@pytest.mark.parametrize(
    "mapping",
    [
        pytest.param(("aws", "aws", "aws"), id="all on AWS"),
        pytest.param(("gcp", "aws", "aws"), id="telemetry comes from another cloud"),
        pytest.param(("aws", "azure", "aws"), id="telemetry is processed on another cloud"),
    ],
)
def test_a_twin_is_deployed_inspected_and_destroyed_by_the_machines_own_roles(
    aws: Aws, mapping: tuple[str, str, str]
) -> None:
    upload(aws, mapping)

    ended = [
        run(aws, "deploy", {"project": "factory-twin", "drain_seconds": 0}),
        run(aws, "deploy", {"project": "factory-twin", "drain_seconds": 0}),
        run(aws, "inspect", {"twin": "factory-twin"}),
        run(aws, "destroy", {"twin": "factory-twin", "retain_data": False, "drain_seconds": 0}),
    ]

    assert ended == [("SUCCEEDED", "")] * 4


def test_the_roles_were_found_good_once_and_not_asked_about_again(aws: Aws) -> None:
    pages = (
        aws.client("logs")
        .get_paginator("filter_log_events")
        .paginate(logGroupName=installation_from(aws).steps_log_group, filterPattern='"permissions-check"')
    )

    lines = [json.loads(event["message"]) for page in pages for event in page["events"]]
    assert [line["outcome"] for line in lines] == ["present", *["unchanged"] * 5]
    assert {line["calls"] for line in lines[1:]} == {1}


def test_a_role_without_the_boundary_cannot_be_made(aws: Aws) -> None:
    role = {"name": "factory-twin-writer", "owner": {"twin": "factory-twin"}, "trusted_service": "lambda.amazonaws.com"}
    event = {"run": "r", "spec": {**role, "policy": {"Version": "2012-10-17", "Statement": []}}}

    answer = aws.client("lambda").invoke(FunctionName="gluecode-create-iam-role", Payload=json.dumps(event))

    told = json.loads(answer["Payload"].read())
    assert told["errorType"] == "AccessDenied"
    assert "iam:CreateRole" in told["errorMessage"]


def test_a_function_outside_the_twins_cannot_be_touched(aws: Aws) -> None:
    event = {"run": "r", "identity": {"name": "gluecode-take-lock", "owner": {"twin": "gluecode-take"}}}

    answer = aws.client("lambda").invoke(FunctionName="gluecode-destroy-function", Payload=json.dumps(event))

    assert json.loads(answer["Payload"].read())["errorType"] == "AccessDenied"


def test_an_administrator_takes_it_all_out_again(aws: Aws) -> None:
    assert uninstall(aws, "gluecode", lambda _: None).outcome == "deleted"
