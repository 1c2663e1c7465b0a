"""Each event starts exactly one execution with the right input, and none is lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator.install.install import Options, install
from orchestrator.operations import deployment
from orchestrator.operations.deployment import Options as Deploying
from tests.events.conftest import Account, eventually
from tests.unit.orchestrator.projects import files

EXAMPLE = Path(__file__).parents[2] / "examples" / "factory-twin"
NOWHERE = ("gcp", "gcp", "gcp")  # no layer on AWS: what is deployed is soon told


def example() -> dict[str, bytes]:
    """Everything in the example's folder, also what is no part of the project; of its layers one is on AWS."""
    found = [path for path in EXAMPLE.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    files = {path.relative_to(EXAMPLE).as_posix(): path.read_bytes() for path in found}
    storage = {"layer_1_provider": "gcp", "layer_2_provider": "gcp", "layer_3_hot_provider": "aws"}
    crossed: dict[str, Any] = {"connections": {"gcp_l2_to_aws_l3": {}}}
    changed: dict[str, Any] = {"config_providers.json": storage, "config_inter_cloud.json": crossed}
    return {**files, **{name: json.dumps(document).encode() for name, document in changed.items()}}


def small(project: str) -> dict[str, bytes]:
    """The files of a project of that name that needs nothing on AWS."""
    made = files(NOWHERE)
    settings = json.loads(made["config.json"])
    return {**made, "config.json": json.dumps({**settings, "digital_twin_name": project}).encode()}


def result(account: Account, project: str) -> dict[str, Any]:
    """The result of a project's deployment, as the subscriber hears of it."""
    arrived: list[dict[str, Any]] = []

    def of_the_project() -> list[dict[str, Any]]:
        arrived.extend(account.received())
        return [event for event in arrived if event["detail"]["project"] == project]

    found: list[dict[str, Any]] = eventually(of_the_project)
    return found[0]


@pytest.fixture(scope="module")
def uploaded(account: Account) -> dict[str, Any]:
    """The one deployment that uploading the whole example has started."""
    account.upload("factory-twin", example())

    [execution] = account.deployed("factory-twin")
    return execution


def test_uploading_the_whole_example_is_one_deployment_and_its_result_is_heard(
    account: Account, uploaded: dict[str, Any]
) -> None:
    execution = uploaded
    assert execution["input"] == {"project": "factory-twin", "report": True}
    assert execution["status"] == "SUCCEEDED", execution
    event = result(account, "factory-twin")
    assert (event["source"], event["detail-type"]) == ("gluecode", "Deployment succeeded")
    assert event["detail"]["execution"] == execution["executionArn"]
    output = json.loads(execution["output"])
    assert {name: event["detail"][name] for name in ("says", "urls", "next")} == {
        name: output[name] for name in ("says", "urls", "next")
    }
    report = account.read(event["detail"]["report"])
    assert '<span class="badge good">deployed</span>' in report
    assert "create hot-table" in report


def test_gluecode_deploy_and_the_files_that_it_uploads_are_one_deployment(account: Account, tmp_path: Path) -> None:
    for path, content in small("by-hand").items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    prepared = deployment.check(tmp_path, allow_loopback_http=True)

    _, uploaded, run = deployment.deploy(account.aws, account.here, prepared, Deploying(on_failure="rollback"))

    [execution] = account.deployed("by-hand")
    assert len(uploaded.written) == len(prepared.files)
    assert (execution["executionArn"], execution["input"]["on_failure"]) == (run.arn, "rollback")


def test_a_request_is_one_deployment_with_its_own_input(account: Account) -> None:
    account.upload("asked-for", small("asked-for"))
    [first] = account.deployed("asked-for")

    event = account.put_event({"project": "asked-for", "on_failure": "rollback"})

    eventually(lambda: len(account.executions("asked-for")) > 1 and account.all_worked_off())
    [again] = [each for each in account.executions("asked-for") if each["name"] != first["name"]]
    assert again["input"] == {"project": "asked-for", "on_failure": "rollback", "report": True}
    assert again["name"] == f"{first['name']}-{event[:8]}"


def test_a_request_for_another_installation_and_events_of_others_start_nothing(account: Account) -> None:
    account.put_event({"project": "theirs", "installation": "another"})
    account.put_event({"project": "theirs"}, source="somebody")
    account.put_event({"project": "theirs"}, detail_type="Something else")
    account.client("s3").put_object(Bucket=account.here.bucket, Key="drafts/theirs/config.json", Body=b"{}")

    account.put_event({"project": "ours", "installation": "gluecode"})

    assert [each["input"] for each in account.deployed("ours")] == [{"project": "ours", "report": True}]
    assert account.executions("theirs") == []


def test_what_cannot_be_deployed_is_heard_of_too(account: Account) -> None:
    account.put_event({"project": "never-uploaded"})

    event = result(account, "never-uploaded")

    assert (event["detail-type"], event["detail"]["error"]) == ("Deployment failed", "InvalidProject")
    assert "gluecode deploy never-uploaded" in event["detail"]["cause"]
    assert len(account.deployed("never-uploaded")) == 1


def test_half_an_upload_is_not_deployed_and_the_whole_of_it_once(account: Account) -> None:
    whole = small("in-two-parts")
    last = {"config_providers.json": whole.pop("config_providers.json")}
    account.upload("in-two-parts", whole)
    eventually(lambda: [line for line in account.journal("has faults") if line["name"] == "in-two-parts"])

    account.upload("in-two-parts", last)

    [execution] = account.deployed("in-two-parts")
    assert execution["status"] == "SUCCEEDED", execution


def test_a_change_during_a_deployment_is_deployed_after_it(account: Account) -> None:
    states, here = account.client("stepfunctions"), account.here
    waiting = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 100_000, "End": True}}}
    machine = states.create_state_machine(
        name="gluecode-holder", definition=json.dumps(waiting), roleArn=here.role_arn("any")
    )["stateMachineArn"]
    holder = states.start_execution(stateMachineArn=machine, name="holder", input="{}")["executionArn"]
    lock = {"twin": "busy", "item": "lock", "execution": holder, "since": "now"}
    item = {name: {"S": value} for name, value in lock.items()}
    account.client("dynamodb").put_item(TableName=here.state_table, Item=item)

    account.upload("busy", small("busy"))
    eventually(lambda: account.journal(f"worked on by {holder}"))
    before = account.executions("busy")
    states.stop_execution(executionArn=holder)

    [execution] = account.deployed("busy")
    assert (before, execution["status"]) == ([], "SUCCEEDED")


def test_an_event_that_cannot_be_delivered_waits_to_be_looked_at(account: Account) -> None:
    sqs, here = account.client("sqs"), account.here
    queue = sqs.get_queue_url(QueueName=here.requests_queue)["QueueUrl"]
    policy = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["Policy"])["Attributes"]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": ""})

    account.put_event({"project": "undelivered"})

    [event] = eventually(lambda: account.received(here.undelivered_queue))
    sqs.set_queue_attributes(QueueUrl=queue, Attributes=policy)
    assert (event["detail-type"], event["detail"]) == ("Redeploy requested", {"project": "undelivered"})
    assert account.executions("undelivered") == []


def test_the_schedule_finds_drift_and_has_it_repaired(account: Account, uploaded: dict[str, Any]) -> None:
    group = "/gluecode/factory-twin"
    account.forget_all_but("factory-twin")
    account.client("logs").delete_retention_policy(logGroupName=group)

    every_twelve_seconds = "rate(4 minutes)"  # on this cloud
    install(account.aws, Options("gluecode", schedule=every_twelve_seconds, repair_drift=True), lambda _: None)
    eventually(lambda: account.executions("", "check-drift"))
    account.client("events").disable_rule(Name="gluecode-scheduled-inspection")

    groups = {"logGroupNamePrefix": group}
    eventually(lambda: "retentionInDays" in account.client("logs").describe_log_groups(**groups)["logGroups"][0])
    eventually(account.all_worked_off)
    [check] = account.executions("", "check-drift")
    [repair] = [each for each in account.executions("factory-twin") if each["name"] != uploaded["name"]]
    assert (check["input"], repair["input"]) == ({"repair": True}, {"project": "factory-twin", "report": True})
    assert [twin["outcome"] for twin in json.loads(check["output"])["twins"]] == ["drifted"]
