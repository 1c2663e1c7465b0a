"""What events reach the starter of deployments, and that none of them is lost on the way."""

from __future__ import annotations

import json
from typing import Any

import pytest
from moto.events.models import EventPattern

from deploy_steps.registry import all_tasks
from orchestrator.install import template
from orchestrator.install.machines import machines
from orchestrator.install.template import Code, Template
from tests.install.resolved import HERE, resolved

CODE = Code("code/tasks.zip", "code/functions.zip", "c2hhMjU2", "code/functions-layer.zip", "code/pydantic-layer.zip")


@pytest.fixture(scope="module")
def made() -> Template:
    return template.orchestrator(all_tasks(), machines(), CODE, "0.1.0+abc")


def of_type(made: Template, kind: str) -> dict[str, Any]:
    return {name: each["Properties"] for name, each in made["Resources"].items() if each["Type"] == kind}


def matches(made: Template, rule: str, event: Any) -> bool:
    pattern = resolved(made["Resources"][rule]["Properties"]["EventPattern"])
    return bool(EventPattern.load(json.dumps(pattern)).matches_event(event))


def of_s3(key: str, kind: str = "Object Created", reason: str = "PutObject", bucket: str = "") -> dict[str, Any]:
    detail = {"bucket": {"name": bucket or HERE["ArtifactBucket"]}, "object": {"key": key}, "reason": reason}
    return {"source": "aws.s3", "detail-type": kind, "detail": detail}


@pytest.mark.parametrize(
    ("event", "matched"),
    [
        pytest.param(of_s3("projects/plant/config.json"), True, id="uploaded"),
        pytest.param(of_s3("projects/plant/a.py", reason="CompleteMultipartUpload"), True, id="in parts"),
        pytest.param(of_s3("projects/plant/a.py", "Object Deleted", "DeleteObject"), True, id="removed"),
        pytest.param(of_s3("projects/plant/a.py", "Object Deleted", "Lifecycle Expiration"), False, id="tidied up"),
        pytest.param(of_s3("projects/plant/a.py", "Object Tags Added"), False, id="tagged"),
        pytest.param(of_s3("drafts/plant/d1/config.json"), False, id="a draft"),
        pytest.param(of_s3("packages/plant/press/1.zip"), False, id="built by a step"),
        pytest.param(of_s3("projects/plant/config.json", bucket="another"), False, id="in another bucket"),
    ],
)
def test_a_change_is_that_of_a_file_under_projects(made: Template, event: dict[str, Any], matched: bool) -> None:
    assert matches(made, "ProjectChanged", event) == matched


@pytest.mark.parametrize(
    ("event", "matched"),
    [
        pytest.param({"detail": {"project": "plant"}}, True, id="for whoever is there"),
        pytest.param({"detail": {"project": "plant", "installation": HERE["Prefix"]}}, True, id="for this one"),
        pytest.param({"detail": {"project": "plant", "installation": "another"}}, False, id="for another one"),
        pytest.param({"detail": {"project": "plant"}, "source": "somebody"}, False, id="not of ours"),
        pytest.param({"detail": {}, "detail-type": "Deployment succeeded"}, False, id="a result"),
    ],
)
def test_a_request_may_name_the_installation(made: Template, event: dict[str, Any], matched: bool) -> None:
    whole = {"source": "gluecode", "detail-type": "Redeploy requested", **event}

    assert matches(made, "RedeployRequested", whole) == matched


def test_every_target_is_tried_again_and_has_a_dead_letter_queue(made: Template) -> None:
    targets = [target for rule in of_type(made, "AWS::Events::Rule").values() for target in rule["Targets"]]

    assert len(targets) >= 2
    for target in targets:
        assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": ["UndeliveredEvents", "Arn"]}}
        assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 86_400, "MaximumRetryAttempts": 185}


def test_the_rules_may_send_to_the_queues_and_nobody_else_may(made: Template) -> None:
    rules = {json.dumps({"Fn::GetAtt": [name, "Arn"]}) for name in of_type(made, "AWS::Events::Rule")}
    policies = of_type(made, "AWS::SQS::QueuePolicy")

    allowed = {}
    for policy in policies.values():
        [statement] = policy["PolicyDocument"]["Statement"]
        assert statement["Principal"] == {"Service": "events.amazonaws.com"}
        [queue] = policy["Queues"]
        sources = statement["Condition"]["ArnEquals"]["aws:SourceArn"]
        allowed[queue["Ref"]] = {json.dumps(arn.get("Fn::If", ["", arn])[1]) for arn in sources}
    assert allowed["UndeliveredEvents"] == rules
    assert allowed["Requests"] <= rules


def test_a_request_that_cannot_be_acted_on_ends_where_undelivered_events_do(made: Template) -> None:
    queues, [mapping] = of_type(made, "AWS::SQS::Queue"), of_type(made, "AWS::Lambda::EventSourceMapping").values()
    starter = made["Resources"][template.STARTER]["Properties"]

    assert queues["Requests"]["RedrivePolicy"]["deadLetterTargetArn"] == {"Fn::GetAtt": ["UndeliveredEvents", "Arn"]}
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert queues["Requests"]["VisibilityTimeout"] >= 6 * starter["Timeout"]
    assert {queue["MessageRetentionPeriod"] for queue in queues.values()} == {1_209_600}


def test_an_alarm_sounds_when_an_event_was_not_delivered(made: Template) -> None:
    alarm = of_type(made, "AWS::CloudWatch::Alarm")["UndeliveredEventsAlarm"]

    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": {"Fn::GetAtt": ["UndeliveredEvents", "QueueName"]}}]
    assert (alarm["MetricName"], alarm["Threshold"]) == ("ApproximateNumberOfMessagesVisible", 0)


def test_the_bucket_tells_what_happens_in_it() -> None:
    bucket = template.artifacts()["Resources"]["Bucket"]["Properties"]

    assert bucket["NotificationConfiguration"] == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
