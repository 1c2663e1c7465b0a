"""What is read, uploaded and started when a project is deployed or planned."""

from __future__ import annotations

import json
from typing import Any, NoReturn

import pytest
from moto.stepfunctions.models import stepfunctions_backends

from deploy_steps.errors import ForeignResource
from orchestrator.core.config import ProjectFaults
from orchestrator.core.names import Installation
from orchestrator.operations import deployment
from orchestrator.operations.deployment import Options, Prepared
from orchestrator.operations.session import Aws
from tests.cli.conftest import ACCOUNT, REGION, TO_AZURE, MakeProject

TOKEN = "the-token-of-azure"
TO_AZURE_L2 = "aws_l1_to_azure_l2"
FROM_AZURE_L2 = "azure_l2_to_aws_l3"
SECRET = f"plant/{TO_AZURE_L2}"
URL = "https://plant.azurewebsites.net/api/ingestion"


def _connections(**sending: str) -> dict[str, Any]:
    return {TO_AZURE_L2: {"url": URL, **sending}, FROM_AZURE_L2: {}}


def _nobody() -> NoReturn:
    raise AssertionError("AWS was asked.")


@pytest.fixture
def machines(aws: Aws, installation: Installation) -> None:
    """State machines whose executions stay running."""
    for machine in ("deploy", "destroy", "inspect"):
        aws.client("stepfunctions").create_state_machine(
            name=installation.machine_name(machine),
            definition=json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}),
            roleArn=f"arn:aws:iam::{ACCOUNT}:role/machine",
        )


def _prepared(make_project: MakeProject, token: str = TOKEN) -> Prepared:
    folder = make_project(TO_AZURE, _connections(token=token))
    return deployment.check(folder, allow_loopback_http=False)


def _inputs(name: str) -> list[dict[str, Any]]:
    backend = stepfunctions_backends[ACCOUNT][REGION]
    machine = next(found for found in backend.state_machines if found.name == name)
    return [json.loads(execution.execution_input) for execution in machine.executions]


def _objects(aws: Aws, installation: Installation) -> dict[str, bytes]:
    s3 = aws.client("s3")
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=installation.bucket).get("Contents", [])]
    return {key: s3.get_object(Bucket=installation.bucket, Key=key)["Body"].read() for key in keys}


def _secret(aws: Aws) -> str:
    return str(aws.client("secretsmanager").get_secret_value(SecretId=SECRET)["SecretString"])


def test_tokens_are_taken_out_of_the_files(make_project: MakeProject) -> None:
    prepared = _prepared(make_project)

    assert prepared.tokens == {TO_AZURE_L2: TOKEN}
    assert TOKEN.encode() not in b"".join(prepared.files.values())


def test_only_the_project_s_own_files_are_taken(make_project: MakeProject) -> None:
    prepared = deployment.check(make_project(), allow_loopback_http=False)

    assert set(prepared.files) == {
        "config.json",
        "config_iot_devices.json",
        "config_providers.json",
        "processors/press-1/process.py",
    }


@pytest.mark.usefixtures("machines")
def test_a_deployment_uploads_keeps_tokens_and_starts(
    aws: Aws, installation: Installation, make_project: MakeProject
) -> None:
    kept, uploaded, run = deployment.deploy(aws, installation, _prepared(make_project), Options())

    assert (kept[TO_AZURE_L2].outcome, len(uploaded.written), run.joined) == ("created", 5, False)
    assert _secret(aws) == TOKEN
    assert TOKEN.encode() not in b"".join(_objects(aws, installation).values())
    assert _inputs("gluecode-deploy") == [{"project": "plant"}]


@pytest.mark.usefixtures("machines")
def test_the_same_deployment_again_writes_nothing_and_joins(
    aws: Aws, installation: Installation, make_project: MakeProject
) -> None:
    prepared = _prepared(make_project)
    _, _, first = deployment.deploy(aws, installation, prepared, Options())

    kept, uploaded, second = deployment.deploy(aws, installation, prepared, Options())

    assert (kept[TO_AZURE_L2].outcome, uploaded.written) == ("unchanged", ())
    assert (second.arn, second.joined) == (first.arn, True)


@pytest.mark.usefixtures("machines")
def test_options_at_their_default_stay_out_of_the_input(
    aws: Aws, installation: Installation, make_project: MakeProject
) -> None:
    options = Options(on_failure="rollback", retain_data=False, adopt=True)
    deployment.deploy(aws, installation, _prepared(make_project), options)

    chosen = {"project": "plant", "on_failure": "rollback", "retain_data": False, "adopt": True}
    assert _inputs("gluecode-deploy") == [chosen]


@pytest.mark.usefixtures("machines")
def test_a_secret_of_somebody_else_is_not_overwritten(
    aws: Aws, installation: Installation, make_project: MakeProject
) -> None:
    aws.client("secretsmanager").create_secret(Name=SECRET, SecretString="theirs")

    with pytest.raises(ForeignResource, match=SECRET):
        deployment.deploy(aws, installation, _prepared(make_project), Options())

    assert _secret(aws) == "theirs"
    assert _objects(aws, installation) == {}


@pytest.mark.usefixtures("machines")
def test_a_secret_that_was_stripped_of_its_tags_is_still_the_twin_s(
    aws: Aws, installation: Installation, make_project: MakeProject
) -> None:
    keys = {"twin": "HASH", "item": "RANGE"}
    aws.client("dynamodb").create_table(
        TableName=installation.state_table,
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys.items()],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in keys],
        BillingMode="PAY_PER_REQUEST",
    )
    ours = {"M": {"connections": {"L": [{"S": TO_AZURE_L2}]}}}
    record = {"twin": {"S": "plant"}, "item": {"S": "record"}, "ours": ours}
    aws.client("dynamodb").put_item(TableName=installation.state_table, Item=record)
    aws.client("secretsmanager").create_secret(Name=SECRET, SecretString="an older token")

    kept, _, _ = deployment.deploy(aws, installation, _prepared(make_project), Options())

    assert kept[TO_AZURE_L2].outcome == "updated"
    assert aws.client("secretsmanager").get_secret_value(SecretId=SECRET)["SecretString"] == TOKEN


@pytest.mark.usefixtures("machines")
def test_a_plan_uploads_a_draft_and_writes_no_secret(
    aws: Aws, installation: Installation, make_project: MakeProject
) -> None:
    prepared = _prepared(make_project)

    deployment.plan(aws, installation, prepared, Options())

    draft = f"drafts/plant/{prepared.digest}/"
    objects = _objects(aws, installation)
    assert {key.removeprefix(draft) for key in objects} == set(prepared.files)
    assert _inputs("gluecode-deploy") == [{"project": "plant", "dry_run": True, "source": draft}]
    assert aws.client("secretsmanager").list_secrets()["SecretList"] == []


@pytest.mark.usefixtures("machines")
def test_a_draft_says_which_token_would_be_written_without_telling_it(
    aws: Aws, installation: Installation, make_project: MakeProject
) -> None:
    prepared = _prepared(make_project)

    deployment.plan(aws, installation, prepared, Options())

    content = _objects(aws, installation)[f"drafts/plant/{prepared.digest}/config_inter_cloud.json"]
    sending = json.loads(content)["connections"][TO_AZURE_L2]
    assert sending["token"] not in {"", TOKEN}
    assert sending["url"] == URL


@pytest.mark.usefixtures("machines")
def test_a_draft_leaves_out_a_token_that_the_secret_already_holds(
    aws: Aws, installation: Installation, make_project: MakeProject
) -> None:
    prepared = _prepared(make_project)
    deployment.deploy(aws, installation, prepared, Options())

    deployment.plan(aws, installation, prepared, Options())

    content = _objects(aws, installation)[f"drafts/plant/{prepared.digest}/config_inter_cloud.json"]
    assert json.loads(content)["connections"] == {TO_AZURE_L2: {"url": URL}, FROM_AZURE_L2: {}}


def test_a_token_may_lie_in_secrets_manager_instead_of_the_file(aws: Aws, make_project: MakeProject) -> None:
    folder = make_project(TO_AZURE, _connections())
    aws.client("secretsmanager").create_secret(Name=SECRET, SecretString=TOKEN)

    prepared = deployment.prepare(lambda: aws, folder, allow_loopback_http=False)

    assert (prepared.tokens, prepared.project.twin) == ({}, "plant")


def test_a_token_that_is_nowhere_is_a_fault(aws: Aws, make_project: MakeProject) -> None:
    folder = make_project(TO_AZURE, _connections())

    with pytest.raises(ProjectFaults, match="token: is missing"):
        deployment.prepare(lambda: aws, folder, allow_loopback_http=False)


def test_aws_is_not_asked_for_a_token_while_something_else_is_wrong(make_project: MakeProject) -> None:
    folder = make_project(TO_AZURE, {TO_AZURE_L2: {"url": "http://plain"}})

    with pytest.raises(ProjectFaults) as raised:
        deployment.prepare(_nobody, folder, allow_loopback_http=False)

    fields = {fault.field.rpartition(".")[2] for fault in raised.value.faults}
    assert fields == {"url", "token", FROM_AZURE_L2}


@pytest.mark.usefixtures("machines")
@pytest.mark.parametrize("retain_data", [True, False])
def test_a_removal_says_whether_data_stays(aws: Aws, installation: Installation, retain_data: bool) -> None:
    deployment.destroy(aws, installation, "plant", retain_data=retain_data)

    assert _inputs("gluecode-destroy") == [{"twin": "plant", "retain_data": retain_data}]


@pytest.mark.usefixtures("machines")
def test_every_inspection_is_a_new_one(aws: Aws, installation: Installation) -> None:
    first = deployment.inspect(aws, installation, "plant")

    assert deployment.inspect(aws, installation, "plant").arn != first.arn
