"""Installing, upgrading and removing the orchestrator, on the embedded cloud."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from deploy_steps.registry import all_tasks
from orchestrator.install.install import (
    Installed,
    Options,
    TwinsExist,
    install,
    installation_from,
    installed_release,
    preview,
    template_only,
    uninstall,
)
from orchestrator.install.machines import machines
from orchestrator.install.release import release
from orchestrator.install.stack_model import Event, StackFailed
from orchestrator.local import cloud
from orchestrator.local.cloud import Cloud
from orchestrator.operations.session import Aws


def silent(_: Event) -> None:
    """Nobody watches."""


@pytest.fixture(scope="module")
def aws(embedded_cloud: Cloud) -> Aws:
    session = boto3.Session(cloud.CREDENTIAL, cloud.CREDENTIAL, region_name=embedded_cloud.region)
    return Aws(session, local=True, endpoint=embedded_cloud.endpoint)


@pytest.fixture(scope="module")
def installed(aws: Aws) -> Iterator[Installed]:
    prefix = f"it-{secrets.token_hex(3)}"
    yield install(aws, Options(prefix), silent)
    uninstall(aws, prefix, silent)


@pytest.fixture
def prefix(aws: Aws) -> Iterator[str]:
    """A prefix that nobody uses; what is installed there goes with the test."""
    prefix = f"it-{secrets.token_hex(3)}"
    yield prefix
    uninstall(aws, prefix, silent)


def everything(aws: Aws, prefix: str) -> list[str]:
    """The names of all that an installation can consist of."""
    lambda_, installation = aws.client("lambda"), installation_from(aws, prefix)
    functions = [
        each["FunctionName"] for each in lambda_.get_paginator("list_functions").paginate().search("Functions")
    ]
    layers = [each["LayerName"] for each in lambda_.list_layers()["Layers"]]
    machines_ = [each["name"] for each in aws.client("stepfunctions").list_state_machines()["stateMachines"]]
    roles = [each["RoleName"] for each in aws.client("iam").get_paginator("list_roles").paginate().search("Roles")]
    policies = [each["PolicyName"] for each in aws.client("iam").list_policies(Scope="Local")["Policies"]]
    tables = aws.client("dynamodb").list_tables()["TableNames"]
    groups = [
        group
        for name in (installation.steps_log_group, installation.executions_log_group)
        for group in aws.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    ]
    alarms = [each["AlarmName"] for each in aws.client("cloudwatch").describe_alarms(MaxRecords=100)["MetricAlarms"]]
    buckets = [each["Name"] for each in aws.client("s3").list_buckets()["Buckets"]]
    stacks = [each["StackName"] for each in aws.client("cloudformation").describe_stacks()["Stacks"]]
    queues = [url.rpartition("/")[2] for url in aws.client("sqs").list_queues().get("QueueUrls", ())]
    rules = [each["Name"] for each in aws.client("events").list_rules()["Rules"]]
    named = [*queues, *rules, *functions, *layers, *machines_, *roles, *policies, *tables, *buckets, *stacks, *alarms]
    return sorted([name for name in named if name.startswith(prefix)] + [each["logGroupName"] for each in groups])


def test_it_is_installed_then_left_alone(aws: Aws, installed: Installed) -> None:
    again = install(aws, Options(installed.installation.prefix), silent)

    assert (installed.outcome, installed.before, installed.release) == ("created", "", release())
    assert (again.outcome, again.before, again.release) == ("unchanged", release(), release())
    assert installed_release(aws, installed.installation.prefix) == release()


def test_every_task_and_every_machine_is_there_under_its_name(aws: Aws, installed: Installed) -> None:
    here = installed.installation

    names = everything(aws, here.prefix)

    wanted = {here.task_name(task.name) for task in all_tasks()} | {here.machine_name(each.name) for each in machines()}
    assert wanted - set(names) == set()
    assert {here.bucket, here.state_table, here.steps_log_group, here.executions_log_group} - set(names) == set()
    assert {f"{here.prefix}-deploy-failed", f"{here.prefix}-inspect-timed-out"} - set(names) == set()


def test_a_machine_calls_tasks_and_machines_by_their_arns(aws: Aws, installed: Installed) -> None:
    arn = installed.installation.machine_arn("deploy-function")

    definition = aws.client("stepfunctions").describe_state_machine(stateMachineArn=arn)["definition"]

    assert "${" not in definition
    assert (
        json.dumps(installed.installation.function_arn(installed.installation.task_name("create-iam-role")))
        in definition
    )


def test_an_installed_task_runs_and_writes_its_journal(aws: Aws, installed: Installed) -> None:
    here = installed.installation
    event = {"run": "r-1", "identity": {"name": "no-such-table", "owner": {"twin": "t"}}}

    answer = aws.client("lambda").invoke(FunctionName=here.task_name("destroy-hot-table"), Payload=json.dumps(event))

    assert json.loads(answer["Payload"].read())["outcome"] == "absent"
    lines = aws.client("logs").filter_log_events(logGroupName=here.steps_log_group, filterPattern='"r-1"')["events"]
    assert [json.loads(line["message"])["outcome"] for line in lines] == ["absent"]


def test_the_task_that_validates_finds_pydantic_in_its_layer(aws: Aws, installed: Installed) -> None:
    here = installed.installation
    event = {"run": "r-2", "execution": f"{here.machine_arn('deploy')}:r-2", "request": {"project": "nowhere"}}

    answer = aws.client("lambda").invoke(FunctionName=here.task_name("load-project"), Payload=json.dumps(event))

    assert (
        f"There is no project at s3://{here.bucket}/projects/nowhere/"
        in json.loads(answer["Payload"].read())["errorMessage"]
    )


def test_an_upgrade_changes_what_was_asked_for_and_keeps_the_rest(aws: Aws, prefix: str) -> None:
    install(aws, Options(prefix, log_retention_days=7), silent)

    upgraded = install(aws, Options(prefix, twin_prefix="team-"), silent)

    (group,) = aws.client("logs").describe_log_groups(logGroupNamePrefix=f"/{prefix}/steps")["logGroups"]
    stack = aws.client("cloudformation").describe_stacks(StackName=prefix)["Stacks"][0]
    parameters = {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]}
    assert upgraded.outcome == "updated"
    assert group["retentionInDays"] == 7
    assert (parameters["TwinPrefix"], parameters["LogRetentionDays"]) == ("team-", "7")


def test_installing_upgrading_and_uninstalling_twice_each_does_it_once(aws: Aws, prefix: str) -> None:
    alarm = f"{prefix}-deploy-failed"

    installed = [install(aws, Options(prefix), silent).outcome for _ in range(2)]
    watched = alarm in everything(aws, prefix)
    upgraded = [install(aws, Options(prefix, alarms=False), silent).outcome for _ in range(2)]
    unwatched = alarm not in everything(aws, prefix)
    removed = [uninstall(aws, prefix, silent).outcome for _ in range(2)]

    assert (installed, upgraded, removed) == (
        ["created", "unchanged"],
        ["updated", "unchanged"],
        ["deleted", "absent"],
    )
    assert (watched, unwatched) == (True, True)
    assert everything(aws, prefix) == []


def test_what_would_change_is_shown_first(aws: Aws, prefix: str) -> None:
    before = preview(aws, Options(prefix), silent)
    nothing = everything(aws, prefix)
    install(aws, Options(prefix), silent)
    after = preview(aws, Options(prefix), silent)
    upgrade = preview(aws, Options(prefix, log_retention_days=90), silent)

    assert {change.action for change in before} == {"Add"}
    assert {"Bucket", "DeployMachine", "CreateIamRole"} <= {change.resource for change in before}
    assert (nothing, after) == ([], ())
    assert ("Modify", "StepsLogGroup") in {(change.action, change.resource) for change in upgrade}


def test_progress_tells_uploads_and_resources(aws: Aws, prefix: str) -> None:
    told: list[Event] = []

    install(aws, Options(prefix), told.append)

    uploads = [event.resource.split("/")[1].rsplit("-", 1)[0] for event in told if event.status == "UPLOADED"]
    assert uploads == ["tasks", "functions", "functions-layer", "pydantic-layer"]
    assert [event.stack for event in told if event.status == "CREATE_COMPLETE" and event.resource == event.stack] == [
        f"{prefix}-artifacts",
        prefix,
    ]


def test_uninstalling_leaves_nothing_and_twice_is_no_error(aws: Aws, prefix: str) -> None:
    install(aws, Options(prefix), silent)
    first_layer = aws.client("lambda").list_layer_versions(LayerName=f"{prefix}-functions")["LayerVersions"]

    outcomes = [uninstall(aws, prefix, silent).outcome for _ in range(2)]

    assert len(first_layer) == 1
    assert outcomes == ["deleted", "absent"]
    assert everything(aws, prefix) == []


def test_uninstalling_removes_the_layers_that_an_upgrade_left_for_running_twins(aws: Aws, prefix: str) -> None:
    install(aws, Options(prefix), silent)
    older = aws.client("lambda").publish_layer_version(
        LayerName=f"{prefix}-functions", Content={"ZipFile": b"PK\5\6" + 18 * b"\0"}
    )

    removed = uninstall(aws, prefix, silent)

    assert older["Version"] == 2
    assert removed.layer_versions == 1
    assert aws.client("lambda").list_layer_versions(LayerName=f"{prefix}-functions")["LayerVersions"] == []


def test_uninstalling_is_refused_while_twins_exist(aws: Aws, installed: Installed) -> None:
    here, table = installed.installation, aws.client("dynamodb")
    key = {"twin": {"S": "factory"}, "item": {"S": "record"}}
    table.put_item(TableName=here.state_table, Item=key)

    with pytest.raises(TwinsExist, match="still needed for its twins: factory") as raised:
        uninstall(aws, here.prefix, silent)

    table.delete_item(TableName=here.state_table, Key=key)
    assert "`gluecode destroy factory`" in raised.value.remedy
    assert installed_release(aws, here.prefix) == release()


def test_the_state_table_can_be_deleted_by_uninstalling_alone(aws: Aws, prefix: str) -> None:
    here = install(aws, Options(prefix), silent).installation
    dynamodb, cloudformation = aws.client("dynamodb"), aws.client("cloudformation")

    with pytest.raises(dynamodb.exceptions.ClientError, match="currently protected against deletion"):
        dynamodb.delete_table(TableName=here.state_table)
    cloudformation.delete_stack(StackName=prefix)
    kept = dynamodb.describe_table(TableName=here.state_table)["Table"]
    removed = uninstall(aws, prefix, silent)

    assert (kept["TableStatus"], kept["DeletionProtectionEnabled"]) == ("ACTIVE", True)
    assert removed.outcome == "deleted"
    assert everything(aws, prefix) == []


def test_uninstalling_that_is_refused_leaves_the_state_table_protected(aws: Aws, installed: Installed) -> None:
    here, table = installed.installation, aws.client("dynamodb")
    key = {"twin": {"S": "factory"}, "item": {"S": "record"}}
    table.put_item(TableName=here.state_table, Item=key)

    with pytest.raises(TwinsExist):
        uninstall(aws, here.prefix, silent)

    table.delete_item(TableName=here.state_table, Key=key)
    assert table.describe_table(TableName=here.state_table)["Table"]["DeletionProtectionEnabled"]


def test_a_failing_installation_says_why_and_can_be_repeated(aws: Aws, prefix: str) -> None:
    bucket = installation_from(aws, prefix).bucket
    aws.client("s3").create_bucket(Bucket=bucket)

    with pytest.raises(
        StackFailed, match=f"{prefix}-artifacts' is ROLLBACK_COMPLETE: Bucket .*{bucket}.* already exists"
    ):
        install(aws, Options(prefix), silent)
    aws.client("s3").delete_bucket(Bucket=bucket)

    assert install(aws, Options(prefix), silent).outcome == "created"


def test_uninstalling_does_not_empty_a_bucket_that_it_did_not_make(aws: Aws, prefix: str) -> None:
    s3, bucket = aws.client("s3"), installation_from(aws, prefix).bucket
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="theirs", Body=b"1")
    with pytest.raises(StackFailed):
        install(aws, Options(prefix), silent)

    removed = uninstall(aws, prefix, silent)

    assert removed.objects == 0
    assert s3.get_object(Bucket=bucket, Key="theirs")["Body"].read() == b"1"


def test_the_template_can_be_taken_elsewhere(tmp_path: Path) -> None:
    written = template_only(tmp_path / "out", "x86_64")

    names = [path.relative_to(tmp_path / "out").as_posix() for path in written]
    made: dict[str, Any] = json.loads(written[1].read_text())
    keys = {
        each["Properties"]["Code"]["S3Key"] for each in made["Resources"].values() if each["Type"][13:] == "Function"
    }
    assert names[:2] == ["artifacts.template.json", "gluecode.template.json"]
    assert keys <= set(names[2:])
    assert len(names) == 6
