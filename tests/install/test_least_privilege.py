"""With IAM enforced: an administrator installs, and everything after that is done by the roles alone: the template's,
and those of the twins, whose events go all the way. What IAM denies on the way stands in the cloud's log.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
import pytest

from orchestrator.install.install import Options, install, installation_from, uninstall
from orchestrator.local import cloud
from orchestrator.local.cloud import Cloud
from orchestrator.local.remote_client import envelope
from orchestrator.local.remote_cloud import RemoteCloud
from orchestrator.local.server import Settings
from orchestrator.operations.session import Aws
from tests.local.functions import deploy, eventually
from tests.unit.orchestrator.projects import connections, files

EVERY_SCENARIO = os.environ.get("GLUECODE_PRIVILEGES") == "all"
LONG = pytest.mark.skipif(not EVERY_SCENARIO, reason="it repeats the others: make privilege-proof")
ENDED = 240.0  # seconds that an execution may take on a busy machine


TWIN = "factory-twin"
EVENT = {"iotDeviceId": "press-1", "time": "2026-11-23T10:00:00Z", "force": 1250.5}
HOT = {"iotDeviceId": "oven-1", "time": "2026-11-23T10:00:01Z", "temperature": 250}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """An account where nothing is allowed that no policy allows."""
    home = tmp_path_factory.mktemp("enforcing")
    yield cloud.up(home, Settings(enforce_iam=True, wait_scale=0.05))
    cloud.down(home)


@pytest.fixture(scope="module")
def aws(running: Cloud) -> Aws:
    """What its administrator sees, with the orchestrator and what the twin's events start."""
    session = boto3.Session(cloud.CREDENTIAL, cloud.CREDENTIAL, region_name=running.region)
    made = Aws(session, local=True, endpoint=running.endpoint)
    # So slow to react to what is uploaded that no deployment gets in the way of those that are started here.
    install(made, Options("gluecode", quiet_seconds=900), lambda _: None)
    made.client("iam").create_role(
        RoleName="any", AssumeRolePolicyDocument='{"Version": "2012-10-17", "Statement": []}'
    )
    deploy(made.client, "def handler(event, context):\n    return event\n", FunctionName="call-the-shift")
    return made


@pytest.fixture(scope="module")
def azure() -> Iterator[RemoteCloud]:
    """A stand-in for the cloud that L2 is on."""
    with RemoteCloud("azure", "token-of-azure", retry_seconds=0.05) as stand_in:
        yield stand_in


def denied(running: Cloud) -> list[str]:
    """Every call that IAM has denied so far."""
    lines = running.log_file.read_text(encoding="utf-8").splitlines()
    return [line.partition("Denied: ")[2] for line in lines if "Denied: " in line]


def upload(aws: Aws, mapping: tuple[str, str, str], azure: RemoteCloud) -> None:
    bucket = installation_from(aws).bucket
    crossed: dict[str, dict[str, Any]] = {**connections(mapping)}
    for connection in crossed.values():
        connection.update({"url": azure.ingestion_url, "batching": True} if connection else {})
    project = files(mapping, config_inter_cloud={"connections": crossed})
    for path, content in project.items():
        aws.client("s3").put_object(Bucket=bucket, Key=f"projects/{TWIN}/{path}", Body=content)


def run(aws: Aws, machine: str, request: Mapping[str, Any]) -> tuple[str, str]:
    """The status of an execution once it has ended, and the cause if it failed."""
    states, arn = aws.client("stepfunctions"), installation_from(aws).machine_arn(machine)
    execution = states.start_execution(stateMachineArn=arn, input=json.dumps(request))["executionArn"]
    deadline = time.monotonic() + ENDED
    while (found := states.describe_execution(executionArn=execution))["status"] == "RUNNING":
        assert time.monotonic() < deadline, f"{machine} does not end"
        time.sleep(0.2)
    return found["status"], found.get("cause", "")


def published(aws: Aws, _azure: RemoteCloud, event: Mapping[str, Any]) -> None:
    """A device on AWS publishes."""
    aws.client("iot-data").publish(topic=f"{TWIN}/iot-data", qos=1, payload=json.dumps(event).encode())


def posted(aws: Aws, stand_in: RemoteCloud, event: Mapping[str, Any]) -> None:
    """A Connector on another cloud posts to the Ingestion URL."""
    url, token = public(aws, "ingestion", "gcp_l1_to_aws_l2")
    assert stand_in.send(url, token, envelope("gcp", "L2", event)).accepted


def published_and_returned(aws: Aws, azure: RemoteCloud, event: Mapping[str, Any]) -> None:
    """A device on AWS publishes; Azure processes, and posts to the Writer URL."""
    azure.forward_to(*public(aws, "writer", "azure_l2_to_aws_l3"))
    published(aws, azure, event)


def public(aws: Aws, function: str, connection: str) -> tuple[str, str]:
    """The URL of a function, and the token of the connection that uses it."""
    url = aws.client("lambda").get_function_url_config(FunctionName=f"{TWIN}-{function}")["FunctionUrl"]
    token = aws.client("secretsmanager").get_secret_value(SecretId=f"{TWIN}/{connection}")["SecretString"]
    return url, token


def stored(aws: Aws) -> set[str]:
    """The devices of which there is an item in the hot table."""
    items = aws.client("dynamodb").scan(TableName=f"{TWIN}-hot-iot-data")["Items"]
    return {item["iotDeviceId"]["S"] for item in items}


def answered(aws: Aws) -> bool | None:
    """Whether the event checker has published what a device shall be told; None as long as no log says so."""
    lines = aws.client("logs").filter_log_events(
        logGroupName=f"/gluecode/{TWIN}", filterPattern=f'"{TWIN}/oven-1/feedback"'
    )
    return bool(lines["events"]) or None


@dataclass(frozen=True)
class Scenario:
    """A mapping, and how an event gets in."""

    mapping: tuple[str, str, str]
    send: Callable[[Aws, RemoteCloud, Mapping[str, Any]], None]


@pytest.mark.parametrize(
    "scenario",
    [
        # Its functions, and what they may do, are those of the other two together.
        pytest.param(Scenario(("aws", "aws", "aws"), published), id="all on AWS", marks=LONG),
        pytest.param(Scenario(("gcp", "aws", "aws"), posted), id="telemetry comes from another cloud"),
        pytest.param(
            Scenario(("aws", "azure", "aws"), published_and_returned), id="telemetry is processed on another cloud"
        ),
    ],
)
def test_a_twin_is_deployed_used_inspected_and_destroyed_with_no_call_denied(
    running: Cloud, aws: Aws, azure: RemoteCloud, scenario: Scenario
) -> None:
    before = denied(running)
    upload(aws, scenario.mapping, azure)

    ended = [run(aws, "deploy", {"project": TWIN, "drain_seconds": 0})]
    assert ended == [("SUCCEEDED", "")]
    scenario.send(aws, azure, EVENT)
    scenario.send(aws, azure, HOT)
    devices = eventually(lambda: stored(aws) if len(stored(aws)) == 2 else None, seconds=60)
    if scenario.mapping[1] == "aws":
        eventually(lambda: answered(aws), seconds=60)
    ended += [
        run(aws, "deploy", {"project": TWIN, "drain_seconds": 0}),
        run(aws, "inspect", {"twin": TWIN}),
        run(aws, "destroy", {"twin": TWIN, "retain_data": False, "drain_seconds": 0}),
    ]

    assert ended == [("SUCCEEDED", "")] * 4
    assert devices == {"press-1", "oven-1"}
    assert denied(running) == before == []


def test_the_roles_were_found_good_once_and_not_asked_about_again(aws: Aws) -> None:
    pages = (
        aws.client("logs")
        .get_paginator("filter_log_events")
        .paginate(logGroupName=installation_from(aws).steps_log_group, filterPattern='"check"')
    )

    told = [json.loads(event["message"]) for page in pages for event in page["events"]]
    lines = [line for line in told if (line["verb"], line["step"]) == ("check", "permissions")]
    deployments = 6 if EVERY_SCENARIO else 4
    assert [line["outcome"] for line in lines] == ["present", *["unchanged"] * (deployments - 1)]
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


def test_what_an_event_starts_is_started_and_announced_with_no_call_denied(running: Cloud, aws: Aws) -> None:
    before, name = denied(running), "gluecode-start-deployment"
    functions, here = aws.client("lambda"), installation_from(aws)
    settings = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    at_once = {"Variables": {**settings, "QUIET_SECONDS": "0"}}
    functions.update_function_configuration(FunctionName=name, Environment=at_once)
    for path, content in files(("gcp", "gcp", "gcp")).items():
        aws.client("s3").put_object(Bucket=here.bucket, Key=f"projects/{TWIN}/{path}", Body=content)
    times = dict.fromkeys(("SentTimestamp", "ApproximateFirstReceiveTimestamp"), str(int(time.time() * 1000)))
    changed = {"messageId": "1", "body": json.dumps({"object": {"key": f"projects/{TWIN}/config.json"}})}
    unreadable = {"messageId": "2", "body": "no JSON"}
    records = [{**each, "receiptHandle": "none", "attributes": times} for each in (changed, unreadable)]

    answer = functions.invoke(FunctionName=name, Payload=json.dumps({"Records": records}))

    states, machine = aws.client("stepfunctions"), here.machine_arn("deploy")
    assert json.loads(answer["Payload"].read()) == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    newest = states.list_executions(stateMachineArn=machine, maxResults=1)["executions"][0]["executionArn"]
    ended = eventually(lambda: _ended(states.describe_execution(executionArn=newest)), seconds=60)
    assert (ended["status"], json.loads(ended["input"])) == ("SUCCEEDED", {"project": TWIN, "report": True})
    assert run(aws, "check-drift", {"repair": True}) == ("SUCCEEDED", "")
    inspection = {"says": "One thing.", "findings": []}
    drift = {"run": "r", "twin": TWIN, "project": TWIN, "inspection": inspection}
    for task in ("gluecode-announce-drift", "gluecode-request-redeployment"):
        told = functions.invoke(FunctionName=task, Payload=json.dumps(drift))["Payload"].read()
        assert json.loads(told).get("outcome") == "created", told
    assert run(aws, "destroy", {"twin": TWIN, "drain_seconds": 0}) == ("SUCCEEDED", "")
    assert denied(running) == before


def _ended(told: dict[str, Any]) -> dict[str, Any] | None:
    return None if told["status"] == "RUNNING" else told


def test_an_administrator_takes_it_all_out_again(aws: Aws) -> None:
    assert uninstall(aws, "gluecode", lambda _: None).outcome == "deleted"
