"""EventBridge in the embedded cloud is as careful with an event as on AWS, and its schedules can be sped up."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conftest import Clients
from tests.local.functions import eventually


def arn(clients: Clients, queue: str) -> str:
    """Make a queue that nobody may send to. Returns its ARN."""
    url = clients("sqs").create_queue(QueueName=queue)["QueueUrl"]
    return str(clients("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"])


def let_in(clients: Clients, queue: str, rule: str) -> None:
    """Let a rule send to a queue."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": "*",
        "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    url = clients("sqs").get_queue_url(QueueName=queue)["QueueUrl"]
    clients("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})


def messages(clients: Clients, queue: str) -> list[dict[str, Any]]:
    url = clients("sqs").get_queue_url(QueueName=queue)["QueueUrl"]
    told = clients("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
    found: list[dict[str, Any]] = told.get("Messages", [])
    return found


@pytest.mark.parametrize(
    ("target", "reason"), [("closed", "NO_PERMISSIONS"), ("nowhere", "RESOURCE_NOT_FOUND")], ids=["closed", "not there"]
)
def test_an_event_that_its_target_does_not_get_lies_in_the_dead_letter_queue(
    clients: Clients, target: str, reason: str
) -> None:
    name, events = f"shim-{target}", clients("events")
    rule = events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))["RuleArn"]
    dead = arn(clients, f"{name}-dead")
    let_in(clients, f"{name}-dead", rule)
    aim = arn(clients, f"{name}-closed").replace("-closed", f"-{target}")
    events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": aim, "DeadLetterConfig": {"Arn": dead}}])

    events.put_events(Entries=[{"Source": name, "DetailType": "x", "Detail": '{"a": 1}'}])

    [message] = messages(clients, f"{name}-dead")
    told = {key: value["StringValue"] for key, value in message["MessageAttributes"].items()}
    assert json.loads(message["Body"])["detail"] == {"a": 1}
    assert told == {"RULE_ARN": rule, "TARGET_ARN": aim, "ERROR_CODE": reason}


def test_a_schedule_runs_as_fast_as_everything_that_waits(clients: Clients) -> None:
    events = clients("events")
    rule = events.put_rule(Name="shim-schedule", ScheduleExpression="rate(1 minute)")["RuleArn"]
    target = arn(clients, "shim-schedule")
    let_in(clients, "shim-schedule", rule)
    events.put_targets(Rule="shim-schedule", Targets=[{"Id": "1", "Arn": target, "Input": '{"now": true}'}])

    [message] = eventually(lambda: messages(clients, "shim-schedule") or None)

    events.disable_rule(Name="shim-schedule")
    assert message["Body"] == '{"now": true}'
