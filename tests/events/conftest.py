"""An embedded cloud with the orchestrator in it, which does not wait long for a project to come to rest."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest

from orchestrator.core.names import Installation
from orchestrator.install.install import Options, install, installation_from
from orchestrator.local import cloud
from orchestrator.local.server import Settings
from orchestrator.operations.session import Aws

PATIENCE_SECONDS = 240.0  # on a busy machine
SUBSCRIBER = "subscriber"


@dataclass(frozen=True)
class Account:
    """The account as somebody sees it who has nothing but AWS's own interfaces."""

    aws: Aws

    @property
    def here(self) -> Installation:
        """The installation."""
        return installation_from(self.aws)

    def client(self, service: str) -> Any:
        """The boto3 client of a service."""
        return self.aws.client(service)

    def upload(self, project: str, files: dict[str, bytes]) -> None:
        """Put files into the artifact bucket, one by one."""
        for path, content in files.items():
            self.client("s3").put_object(Bucket=self.here.bucket, Key=f"projects/{project}/{path}", Body=content)

    def read(self, address: str) -> str:
        """What lies at `s3://…`."""
        bucket, _, key = address.removeprefix("s3://").partition("/")
        return str(self.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode())

    def put_event(self, detail: Any, detail_type: str = "Redeploy requested", source: str = "gluecode") -> str:
        """Put an event on the account's bus. Returns its id."""
        entry = {"Source": source, "DetailType": detail_type, "Detail": json.dumps(detail)}
        return str(self.client("events").put_events(Entries=[entry])["Entries"][0]["EventId"])

    def executions(self, project: str, machine: str = "deploy") -> list[dict[str, Any]]:
        """The executions about a project, described, with their input read."""
        states = self.client("stepfunctions")
        listed = states.list_executions(stateMachineArn=self.here.machine_arn(machine))["executions"]
        told = [states.describe_execution(executionArn=each["executionArn"]) for each in listed]
        read = [{**each, "input": json.loads(each["input"])} for each in told]
        return [each for each in read if not project or each["name"].startswith(project)]

    def all_worked_off(self) -> bool:
        """Whether no request waits any more, seen or unseen."""
        queue = self.client("sqs").get_queue_url(QueueName=self.here.requests_queue)["QueueUrl"]
        counts = self.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
        return all(int(value) == 0 for name, value in counts.items() if name.startswith("ApproximateNumber"))

    def deployed(self, project: str) -> list[dict[str, Any]]:
        """The deployments of a project, once there is one and no request is left."""
        eventually(lambda: self.executions(project) and self.all_worked_off())
        return self.executions(project)

    def forget_all_but(self, twin: str) -> None:
        """Have the orchestrator know of one twin only, so that only this one is looked after."""
        table = {"TableName": self.here.state_table}
        for item in self.client("dynamodb").scan(**table)["Items"]:
            if item["twin"]["S"] != twin and item["item"]["S"] == "record":
                self.client("dynamodb").delete_item(**table, Key={name: item[name] for name in ("twin", "item")})

    def journal(self, why: str) -> list[dict[str, Any]]:
        """What the starter has written down, where its reason has this in it."""
        told = self.client("logs").filter_log_events(logGroupName=self.here.steps_log_group, filterPattern='"why"')
        lines = [json.loads(event["message"]) for event in told["events"]]
        return [line for line in lines if why in line.get("why", "")]

    def received(self, queue: str = SUBSCRIBER) -> list[dict[str, Any]]:
        """The events in a queue, which are taken out of it."""
        url = self.client("sqs").get_queue_url(QueueName=queue)["QueueUrl"]
        messages = self.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in messages:
            self.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(message["Body"]) for message in messages]


def eventually(happens: Callable[[], Any]) -> Any:
    """Wait for something to happen, and answer what it is."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := happens()):
        assert time.monotonic() < deadline, "it does not happen"
        time.sleep(0.1)
    return found


@pytest.fixture(scope="package")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """The orchestrator is installed, and somebody has subscribed to the results of deployments."""
    home = tmp_path_factory.mktemp("events")
    running = cloud.up(home, Settings(wait_scale=0.05))
    session = boto3.Session(cloud.CREDENTIAL, cloud.CREDENTIAL, region_name=running.region)
    made = Account(Aws(session, local=True, endpoint=running.endpoint))
    install(made.aws, Options("gluecode", quiet_seconds=1), lambda _: None)
    _subscribe(made)
    yield made
    cloud.down(home)


def _subscribe(account: Account) -> None:
    """A rule of somebody's own for the results, and a queue that lets this rule send to it."""
    sqs, events = account.client("sqs"), account.client("events")
    pattern = {"source": ["gluecode"], "detail-type": ["Deployment succeeded", "Deployment failed"]}
    rule = events.put_rule(Name="results", EventPattern=json.dumps(pattern))["RuleArn"]
    arn = account.here.queue_arn(SUBSCRIBER)
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    sqs.create_queue(QueueName=SUBSCRIBER, Attributes={"Policy": json.dumps(policy)})
    events.put_targets(Rule="results", Targets=[{"Id": "queue", "Arn": arn}])
