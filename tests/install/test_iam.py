"""What the roles of step tasks may do, and what they may not."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from deploy_steps.registry import Task, all_tasks
from orchestrator.core.catalogue import SENDERS
from orchestrator.core.names import ALARMS, NAME_LIMIT, Installation, TwinNames
from orchestrator.core.plan import FUNCTIONS, Code, Footprint, Request, plan
from orchestrator.install import iam
from orchestrator.install.policy_table import of_every_task, of_machines, policy_table
from tests.install.resolved import HERE, allowed, resolved
from tests.unit.orchestrator.projects import MAPPINGS, batching, connections, project

CODE = Code("bucket", "code/functions.zip", "c2hhMjU2")
INSTALLATION = Installation("gluecode", "aws", "eu-central-1", "123456789012")
TASKS = all_tasks()
EACH_TASK = pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
TWINS = pytest.mark.parametrize(
    "twin",
    [
        pytest.param("factory", id="a plain name"),
        pytest.param("factory-twin", id="a name that a topic rule cannot have"),
        pytest.param("f" * 60, id="a name that functions cannot have in full"),
        pytest.param(("factory-" * 20)[:NAME_LIMIT], id="the longest name"),
    ],
)


def policy(name: str, parameters: Mapping[str, str] = HERE) -> list[Any]:
    (task,) = [task for task in TASKS if task.name == name]
    statements: list[Any] = resolved(iam.task_statements(task.name, task.actions), parameters)
    return statements


@EACH_TASK
def test_a_task_gets_the_actions_it_declares_its_journal_and_its_trace_and_no_others(task: Task) -> None:
    statements = policy(task.name)

    given = [action for statement in statements for action in statement["Action"]]

    everyone = {"logs:CreateLogStream", "logs:PutLogEvents", "xray:PutTraceSegments", "xray:PutTelemetryRecords"}
    assert {*given} == everyone | {*task.actions}


@EACH_TASK
def test_no_task_has_a_wildcard_in_an_action(task: Task) -> None:
    assert not [action for action in task.actions if "*" in action]


@EACH_TASK
def test_every_resource_is_named_or_says_why_it_is_not(task: Task) -> None:
    unnamed = [where for _, where in iam.grants(task.name, task.actions) if "*" in where.resources]

    assert [where.what for where in unnamed if not where.what.startswith("any: ")] == []


def test_what_every_task_and_the_machines_may_do_is_on_named_resources_or_says_why_not() -> None:
    unnamed = [row for row in (*of_every_task(), *of_machines()) if "*" in row.where.resources]

    assert unnamed
    assert [row for row in unnamed if not row.where.what.startswith("any: ")] == []


def test_a_twins_role_has_everything_on_named_resources_but_what_says_why_not() -> None:
    made = plan(
        project(("gcp", "aws", "azure")), INSTALLATION, CODE, Footprint(), Request("run", "p", "projects/p/")
    ).as_json()
    statements = [each for part in made["functions"].values() for each in part["role"]["policy"]["Statement"]]

    assert {each["Sid"] for each in statements if "*" in each["Resource"]} == {"XRayHasNoResources"}


@EACH_TASK
def test_a_role_is_passed_to_one_service_only(task: Task) -> None:
    passing = [each for each in policy(task.name) if "iam:PassRole" in each["Action"]]

    assert [list(each["Condition"]["StringEquals"]) for each in passing] == [["iam:PassedToService"]] * len(passing)


def test_what_creates_cannot_delete_and_what_destroys_cannot_create() -> None:
    deleting = re.compile(r"\w+:Delete(?!RolePermissionsBoundary)")
    creating = re.compile(r"\w+:(Create|Put|Update|Publish|Add|Replace|Set|Tag)")
    verbs = ("create", "destroy", "info")
    by_verb = {verb: [task for task in TASKS if task.name.startswith(f"{verb}-")] for verb in verbs}

    wrong = [
        (task.name, action)
        for verb, forbidden in (("create", [deleting]), ("destroy", [creating]), ("info", [creating, deleting]))
        for task in by_verb[verb]
        for action in task.actions
        if any(pattern.match(action) for pattern in forbidden)
    ]

    assert wrong == []


@TWINS
def test_the_resources_of_every_twin_are_in_reach(twin: str) -> None:
    names, here = TwinNames(twin), INSTALLATION
    layer = f"arn:aws:lambda:eu-central-1:123456789012:layer:{names.configuration_layer}"
    wanted = [
        *(("create-function", "lambda:CreateFunction", here.function_arn(names.function(each))) for each in FUNCTIONS),
        *(("create-iam-role", "iam:CreateRole", here.twin_role_arn(names.function(each))) for each in FUNCTIONS),
        ("create-function", "lambda:CreateFunction", here.function_arn(names.device_processor("press-7"))),
        ("create-function", "iam:PassRole", here.twin_role_arn(names.device_processor("press-7"))),
        ("create-function", "lambda:GetLayerVersion", f"{layer}:3"),
        ("create-iam-role", "iam:CreateRole", here.twin_role_arn(names.iot_role)),
        ("create-iot-rule", "iot:CreateTopicRule", here.rule_arn(names.iot_rule)),
        ("create-hot-table", "dynamodb:CreateTable", here.table_arn(names.hot_table)),
        ("create-failure-queue", "sqs:CreateQueue", here.queue_arn(names.failure_queue)),
        *(("create-outbox", "sqs:CreateQueue", here.queue_arn(names.outbox(each))) for each in SENDERS),
        *(("compare-twin", "sqs:ListQueueTags", here.queue_arn(names.outbox(each))) for each in SENDERS),
        ("compare-twin", "sqs:ListQueueTags", here.queue_arn(names.failure_queue)),
        *(("create-alarms", "cloudwatch:PutMetricAlarm", here.alarm_arn(names.alarm(alarm))) for alarm in ALARMS),
        ("create-dashboard", "cloudwatch:PutDashboard", here.dashboard_arn(names.dashboard)),
        ("create-log-group", "logs:CreateLogGroup", here.log_group_arn(names.log_group)),
        ("create-config-layer", "lambda:PublishLayerVersion", layer),
        ("destroy-config-layer", "lambda:DeleteLayerVersion", f"{layer}:3"),
        ("create-secret", "secretsmanager:CreateSecret", here.secret_arn(names.secret("aws_l1_to_gcp_l2")) + "-a1B2c3"),
    ]

    out_of_reach = [row for row in wanted if not allowed(policy(row[0]), row[1], row[2])]

    assert out_of_reach == []


@TWINS
def test_with_a_twin_prefix_only_twins_of_that_name_are_in_reach(twin: str) -> None:
    arn = INSTALLATION.function_arn(TwinNames(twin).function("writer"))
    rule = INSTALLATION.rule_arn(TwinNames(twin).iot_rule)

    reach = {
        prefix: (
            allowed(policy("create-function", {**HERE, "TwinPrefix": prefix}), "lambda:CreateFunction", arn),
            allowed(policy("create-iot-rule", {**HERE, "TwinPrefix": prefix}), "iot:CreateTopicRule", rule),
        )
        for prefix in (twin[:6], twin[:12], "other-")
    }

    assert reach == {twin[:6]: (True, True), twin[:12]: (True, True), "other-": (False, False)}


def test_the_orchestrators_own_functions_are_out_of_reach_of_its_tasks() -> None:
    longest = Installation("a" * 20, "aws", "eu-central-1", "123456789012")
    own = [here.function_arn(here.task_name(task.name)) for task in TASKS for here in (INSTALLATION, longest)]

    touched = [arn for arn in own if allowed(policy("create-function"), "lambda:UpdateFunctionCode", arn)]

    assert touched == []


def test_a_role_of_a_twin_gets_the_boundary_that_an_organisation_prescribes() -> None:
    prescribed = "arn:aws:iam::123456789012:policy/org"

    conditions = {
        bounded["Condition"]["StringEquals"]["iam:PermissionsBoundary"]
        for parameters in (HERE, {**HERE, "PermissionsBoundary": prescribed})
        for bounded in (
            resolved(each, parameters) for each in iam.task_statements("create-iam-role", ["iam:CreateRole"])
        )
        if "Condition" in bounded
    }

    assert conditions == {HERE["TwinBoundary"], prescribed}


@pytest.mark.parametrize("how", [connections, batching], ids=["one by one", "batching"])
@pytest.mark.parametrize("mapping", MAPPINGS, ids="-".join)
def test_the_boundary_leaves_every_function_of_a_twin_its_rights(
    mapping: tuple[str, ...], how: Callable[[Sequence[str]], Any]
) -> None:
    code, request = Code("artifacts", "code/f.zip", "AAAA"), Request("run-1", "p", "projects/p/")
    wanted = project(mapping, config_inter_cloud={"connections": how(mapping)})
    made = plan(wanted, INSTALLATION, code, Footprint(), request).as_json()
    roles = [made["iot_role"], *(component["role"] for component in made["functions"].values())]
    boundary = resolved(iam.boundary())

    cut_off = [
        (role["name"], action, resource)
        for role in roles
        for statement in role["policy"]["Statement"]
        for action in statement["Action"]
        for resource in statement["Resource"]
        if not allowed(boundary, action, resource)
    ]

    assert cut_off == []


def test_the_boundary_lets_no_function_of_a_twin_change_roles_or_functions() -> None:
    actions = {action for statement in iam.boundary() for action in statement["Action"]}

    assert {action for action in actions if action.startswith(("iam:", "lambda:", "s3:"))} == {"lambda:InvokeFunction"}


@pytest.mark.parametrize("verb", ["create", "destroy"])
def test_an_event_source_is_changed_for_a_sender_of_a_twin_only(verb: str) -> None:
    changing = [
        each for each in policy(f"{verb}-event-source") if any("SourceMapping" in one for one in each["Action"])
    ]
    conditions = [each["Condition"] for each in changing if "lambda:ListEventSourceMappings" not in each["Action"]]

    functions = [condition["ArnLike"]["lambda:FunctionArn"] for condition in conditions]
    names = [[arn.rpartition(":")[2] for arn in arns] for arns in functions]
    assert names
    assert all(each[:2] == ["*-connector", "*-persister"] and len(each) == 3 for each in names)


def test_what_reads_the_bucket_may_use_the_key_that_encrypts_it() -> None:
    key = "arn:aws:kms:eu-central-1:123456789012:key/1"

    with_key = policy("create-function", {**HERE, "KmsKeyArn": key})
    without_need = policy("destroy-function", {**HERE, "KmsKeyArn": key})

    assert with_key[-1] == {"Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": [key]}
    assert without_need == policy("destroy-function")


def test_an_action_without_a_place_is_refused() -> None:
    with pytest.raises(
        LookupError, match=r"create-queue declares sns:Publish: say in orchestrator\.core\.iam_resources"
    ):
        iam.task_statements("create-queue", ["sns:Publish"])


def test_the_policy_table_has_every_action_of_every_task_with_a_reason() -> None:
    rows = policy_table()

    assert {(row.task, action) for row in rows for action in row.actions} == {
        (task.name, action) for task in TASKS for action in task.actions
    }
    assert [row.task for row in rows if not (row.where.what and row.purpose and row.where.resources)] == []
