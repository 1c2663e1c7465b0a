"""Least privilege: what each function may do, as a reviewer would list it."""

from __future__ import annotations

import fnmatch
import json
from typing import Any

import pytest

from orchestrator.core.config import Project
from orchestrator.core.names import Installation, TwinNames
from orchestrator.core.plan import FUNCTIONS, Code, Footprint, PlanTooLarge, Request, plan
from tests.unit.orchestrator.projects import ALL_AWS, EVENTS, MAPPINGS, OWN_CODE, project

AWS = Installation("gluecode", "aws", "eu-central-1", "123456789012")
TWIN = TwinNames("factory-twin")
LOGS = "arn:aws:logs:eu-central-1:123456789012:log-group:/gluecode/factory-twin:log-stream:*"
EVERY_FUNCTION = {
    ("logs:CreateLogStream", LOGS),
    ("logs:PutLogEvents", LOGS),
    ("xray:PutTraceSegments", "*"),
    ("xray:PutTelemetryRecords", "*"),
}
FAILURES = ("sqs:SendMessage", AWS.queue_arn("factory-twin-failures"))
STORE = ("dynamodb:PutItem", AWS.table_arn("factory-twin-hot-iot-data"))


def planned(read: Project) -> dict[str, Any]:
    return plan(
        read, AWS, Code("artifacts", "code/f.zip", "AAAA"), Footprint(), Request("run-1", "p", "projects/p/")
    ).as_json()


def rights(role: dict[str, Any]) -> set[tuple[str, str]]:
    """Every action with every resource that it is allowed on."""
    return {
        (action, resource)
        for statement in role["policy"]["Statement"]
        for action in statement["Action"]
        for resource in statement["Resource"]
    }


def invoke(component: str) -> tuple[str, str]:
    return "lambda:InvokeFunction", AWS.function_arn(TWIN.function(component))


def read_secret(connection: str) -> tuple[str, str]:
    return "secretsmanager:GetSecretValue", f"{AWS.secret_arn(f'factory-twin/{connection}')}-??????"


PRESS = ("lambda:InvokeFunction", AWS.function_arn("factory-twin-press-1-processor"))


@pytest.mark.parametrize(
    ("function", "mapping", "allowed"),
    [
        ("dispatcher", ("aws", "aws", "aws"), {FAILURES, invoke("processor"), PRESS}),
        ("dispatcher", ("aws", "gcp", "aws"), {FAILURES, invoke("connector")}),
        ("connector", ("aws", "gcp", "aws"), {FAILURES, read_secret("aws_l1_to_gcp_l2")}),
        ("ingestion", ("gcp", "aws", "aws"), {read_secret("gcp_l1_to_aws_l2"), invoke("processor"), PRESS}),
        ("processor", ("aws", "aws", "aws"), {FAILURES, invoke("persister")}),
        ("persister", ("aws", "aws", "aws"), {FAILURES, STORE, invoke("event_checker")}),
        ("persister", ("aws", "aws", "gcp"), {FAILURES, read_secret("aws_l2_to_gcp_l3"), invoke("event_checker")}),
        (
            "event_checker",
            ("aws", "aws", "aws"),
            {
                FAILURES,
                ("lambda:InvokeFunction", AWS.function_arn("call-the-shift")),
                ("lambda:InvokeFunction", AWS.function_arn("write-a-ticket")),
                ("iot:Publish", AWS.topic_arn("factory-twin/oven-1/feedback")),
            },
        ),
        ("writer", ("aws", "gcp", "aws"), {read_secret("gcp_l2_to_aws_l3"), STORE}),
    ],
)
def test_a_function_may_do_exactly_what_it_is_there_for(
    function: str, mapping: tuple[str, str, str], allowed: set[tuple[str, str]]
) -> None:
    role = planned(project(mapping))["functions"][function]["role"]

    assert rights(role) == EVERY_FUNCTION | allowed
    assert role["trusted_service"] == "lambda.amazonaws.com"


def test_the_rules_role_may_only_report_failures_and_only_iot_may_assume_it() -> None:
    role = planned(project())["iot_role"]

    assert rights(role) == {FAILURES}
    assert role["trusted_service"] == "iot.amazonaws.com"


def test_without_event_checking_the_persister_may_invoke_nothing() -> None:
    role = planned(project(config_optimization=None))["functions"]["persister"]["role"]

    assert rights(role) == EVERY_FUNCTION | {FAILURES, STORE}


def test_an_event_checker_without_events_may_start_nothing() -> None:
    role = planned(project(config_events=None))["functions"]["event_checker"]["role"]

    assert rights(role) == EVERY_FUNCTION | {FAILURES}


@pytest.mark.parametrize("mapping", MAPPINGS, ids="/".join)
def test_a_resource_of_star_is_only_x_rays_and_says_why_and_no_action_has_a_wildcard(
    mapping: tuple[str, str, str],
) -> None:
    made = planned(project(mapping))
    statements = [
        statement
        for role in (made["iot_role"], *(component["role"] for component in made["functions"].values()))
        for statement in role["policy"]["Statement"]
    ]

    assert {statement["Sid"] for statement in statements if "*" in statement["Resource"]} == {"XRayHasNoResources"}
    assert [statement for statement in statements if any("*" in action for action in statement["Action"])] == []
    assert {statement["Effect"] for statement in statements} == {"Allow"}


@pytest.mark.parametrize("mapping", MAPPINGS, ids="/".join)
def test_statement_ids_are_unique_in_a_policy_as_iam_demands(mapping: tuple[str, str, str]) -> None:
    for component in planned(project(mapping))["functions"].values():
        sids = [statement["Sid"] for statement in component["role"]["policy"]["Statement"]]
        assert len(set(sids)) == len(sids)


def with_own_code(devices: list[str]) -> Project:
    documents = [{"id": device, "properties": []} for device in ["press-1", *devices]]
    added = {f"processors/{device}/process.py": OWN_CODE for device in devices}
    return project(config_iot_devices=documents, config_events=[], added=added)


@pytest.mark.parametrize("length", [4, 60])
def test_where_targets_outgrow_a_policy_patterns_allow_the_processors_and_no_other_function(length: int) -> None:
    devices = [f"{'d' * length}-{number}" for number in range(200)]
    read = with_own_code(devices)

    role = planned(read)["functions"]["dispatcher"]["role"]

    allowed = [resource for action, resource in rights(role) if action == "lambda:InvokeFunction"]
    processors = [AWS.function_arn(TWIN.device_processor(device)) for device in [*devices, "press-1"]]
    others = [AWS.function_arn(TWIN.function(name)) for name in FUNCTIONS if name != "processor"]
    assert all(any(fnmatch.fnmatchcase(arn, pattern) for pattern in allowed) for arn in processors)
    assert not any(fnmatch.fnmatchcase(arn, pattern) for arn in others for pattern in allowed)
    assert len(json.dumps(role["policy"])) < 2_000


def test_where_answered_devices_outgrow_a_policy_a_pattern_allows_feedback_topics_only() -> None:
    devices = [{"id": f"sensor-{number}", "properties": []} for number in range(200)]
    events = [
        {
            "condition": "INTEGER(1) == INTEGER(1)",
            "action": {
                "type": "lambda",
                "functionName": "answer",
                "feedback": {"type": "mqtt", "iotDeviceId": device["id"], "payload": 1},
            },
        }
        for device in devices
    ]
    read = project(config_iot_devices=[{"id": "press-1", "properties": []}, *devices], config_events=events)

    role = planned(read)["functions"]["event_checker"]["role"]

    assert [resource for action, resource in rights(role) if action == "iot:Publish"] == [
        AWS.topic_arn("factory-twin/*/feedback")
    ]


def test_events_that_start_more_functions_than_a_policy_can_name_are_refused() -> None:
    events = [
        {**EVENTS[1], "action": {"type": "lambda", "functionName": f"{'f' * 55}-{number}"}} for number in range(100)
    ]

    with pytest.raises(PlanTooLarge, match="'factory-twin-event-checker' would need a policy of more than 10240"):
        planned(project(ALL_AWS, config_events=events))
