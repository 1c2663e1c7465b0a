"""The two templates: what CloudFormation, linters and reviewers see."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from typing import Any

import pytest
from cfnlint import lint
from cfnlint.config import ManualArgs

from deploy_steps.registry import Task, all_tasks
from orchestrator.install import template
from orchestrator.install.desired import Options
from orchestrator.install.machines import Machine, machines
from orchestrator.install.template import Code, Template
from state_machines import placeholder
from tests.install.resolved import resolved

CODE = Code("code/tasks.zip", "code/functions.zip", "c2hhMjU2", "code/functions-layer.zip", "code/pydantic-layer.zip")
TASKS = all_tasks()
MACHINES = machines()


@pytest.fixture(scope="module")
def made() -> Template:
    return template.orchestrator(TASKS, MACHINES, CODE, "0.1.0+abc")


def of_type(made: Template, kind: str) -> dict[str, Any]:
    return {name: each["Properties"] for name, each in made["Resources"].items() if each["Type"] == kind}


@pytest.mark.parametrize("name", ["orchestrator", "artifacts"])
def test_cfn_lint_finds_nothing_for_either_architecture(made: Template, name: str) -> None:
    linted = {"orchestrator": made, "artifacts": template.artifacts()}[name]

    found = lint(template.text(linted), config=ManualArgs(regions=["eu-central-1"]))

    assert [str(match) for match in found] == []


def test_the_template_keeps_well_within_cloudformations_limits(made: Template) -> None:
    assert len(template.text(made)) < 1_000_000
    assert len(made["Resources"]) < 500
    assert len(template.text(template.artifacts())) < 51_200


def test_the_same_registries_give_the_same_template(made: Template) -> None:
    assert template.text(template.orchestrator(all_tasks(), machines(), CODE, "0.1.0+abc")) == template.text(made)


@pytest.mark.parametrize("name", ["orchestrator", "artifacts"])
def test_a_template_has_every_value_and_none_of_its_documents_comments(made: Template, name: str) -> None:
    written = template.text({"orchestrator": made, "artifacts": template.artifacts()}[name])

    assert [key for key in ("Fill", "Metadata", "Comment") if f'"{key}": ' in written] == []


def test_every_option_but_the_repair_of_a_stack_is_a_parameter_of_a_template(made: Template) -> None:
    chosen = Options(**{option.name: "x" for option in fields(Options)}).parameters()  # type: ignore[arg-type]

    assert set(chosen) - {*made["Parameters"], *template.artifacts()["Parameters"]} == {"Repair"}


def test_a_switch_is_written_as_the_templates_conditions_compare_it() -> None:
    switched = Options(alarms=True, dashboards=False, quiet_seconds=1).parameters()

    assert (switched["Alarms"], switched["Dashboards"], switched["QuietSeconds"]) == ("true", "false", "1")


def test_every_task_is_a_function_with_a_role_of_its_own(made: Template) -> None:
    functions = of_type(made, "AWS::Lambda::Function")

    assert {name: each["Role"] for name, each in functions.items()} == {
        placeholder(task.name): {"Fn::GetAtt": [f"{placeholder(task.name)}Role", "Arn"]} for task in TASKS
    }
    assert {name: each["Handler"] for name, each in functions.items()} == {
        placeholder(task.name): task.handler for task in TASKS
    }


def test_every_task_is_called_by_a_state_machine_but_the_one_that_starts_them() -> None:
    called = {name for machine in MACHINES for name in machine.calls}

    assert [task.name for task in TASKS if placeholder(task.name) not in called] == ["start-deployment"]


def test_a_state_machine_that_calls_nobody_is_refused() -> None:
    stranger = Machine("deploy", "", ("CreateMoon",))

    with pytest.raises(LookupError, match="'deploy' calls CreateMoon: no such task or machine"):
        template.orchestrator(TASKS, [stranger], CODE, "")


def test_a_state_machine_may_call_its_own_tasks_and_children_only(made: Template) -> None:
    task = Task("make-moon", "moon.make", (), "Makes a moon.")
    child = Machine("moon", "", ("MakeMoon",))
    parent = Machine("sky", "", ("MoonMachine",))

    roles = of_type(template.orchestrator([task], [child, parent], CODE, ""), "AWS::IAM::Role")
    actions = {
        name: [
            (statement["Action"], [resource.split(":", 5)[-1] for resource in statement["Resource"]])
            for statement in resolved(role["Policies"][0]["PolicyDocument"]["Statement"])
        ]
        for name, role in roles.items()
    }

    log_and_trace = actions["MoonMachineRole"][-2:]
    assert [action[:4] for (granted, where) in log_and_trace for action in granted] == ["logs"] * 8 + ["xray"] * 4
    assert actions["MoonMachineRole"] == [(["lambda:InvokeFunction"], ["function:gluecode-make-moon"]), *log_and_trace]
    assert actions["SkyMachineRole"] == [
        (["states:StartExecution"], ["stateMachine:gluecode-moon"]),
        (["states:DescribeExecution", "states:StopExecution"], ["execution:gluecode-moon:*"]),
        (
            ["events:PutTargets", "events:PutRule", "events:DescribeRule"],
            ["rule/StepFunctionsGetEventsForStepFunctionsExecutionRule"],
        ),
        *log_and_trace,
    ]


def test_executions_are_logged_and_traced_like_the_tasks_they_call(made: Template) -> None:
    machines_ = of_type(made, "AWS::StepFunctions::StateMachine").values()
    group = {"CloudWatchLogsLogGroup": {"LogGroupArn": {"Fn::GetAtt": ["ExecutionsLogGroup", "Arn"]}}}

    assert [each["LoggingConfiguration"]["Destinations"] for each in machines_] == [[group]] * len(MACHINES)
    assert [each["TracingConfiguration"] for each in machines_] == [{"Enabled": True}] * len(MACHINES)
    assert {each["TracingConfig"]["Mode"] for each in of_type(made, "AWS::Lambda::Function").values()} == {"Active"}
    assert made["Resources"]["ExecutionsLogGroup"]["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}


def test_an_alarm_tells_of_every_way_in_which_an_execution_fails_unless_alarms_are_off(made: Template) -> None:
    found = {name: each for name, each in made["Resources"].items() if each["Type"] == "AWS::CloudWatch::Alarm"}
    alarms = {name: each for name, each in found.items() if each["Properties"]["Namespace"] == "AWS/States"}

    assert {
        (each["Properties"]["Dimensions"][0]["Value"]["Ref"], each["Properties"]["MetricName"])
        for each in alarms.values()
    } == {
        (machine, metric)
        for machine in ("DeployMachine", "DestroyMachine", "InspectMachine")
        for metric in ("ExecutionsFailed", "ExecutionsTimedOut")
    }
    assert {each["Condition"] for each in found.values()} == {"AlarmsWanted"}


def test_every_placeholder_of_a_definition_gets_an_arn(made: Template) -> None:
    for properties in of_type(made, "AWS::StepFunctions::StateMachine").values():
        placeholders = set(re.findall(r"\$\{(\w+)\}", properties["DefinitionString"]))

        assert placeholders == set(properties["DefinitionSubstitutions"])


def test_every_role_takes_the_prescribed_boundary(made: Template) -> None:
    boundaries = {json.dumps(role["PermissionsBoundary"]) for role in of_type(made, "AWS::IAM::Role").values()}

    assert boundaries == {
        json.dumps({"Fn::If": ["BoundaryGiven", {"Ref": "PermissionsBoundary"}, {"Ref": "AWS::NoValue"}]})
    }


def test_the_bucket_is_private_encrypted_versioned_and_reached_over_tls_only() -> None:
    bucket = template.artifacts()["Resources"]["Bucket"]["Properties"]
    (statement,) = template.artifacts()["Resources"]["BucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]

    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_old_versions_of_a_layer_stay_for_the_functions_that_use_them(made: Template) -> None:
    layers = [each for each in made["Resources"].values() if each["Type"] == "AWS::Lambda::LayerVersion"]

    assert [layer["UpdateReplacePolicy"] for layer in layers] == ["Retain", "Retain"]


def test_the_definitions_stand_in_the_template_as_they_were_written(made: Template) -> None:
    written = {machine.id: machine.definition for machine in MACHINES}

    assert written == {
        name: each["DefinitionString"] for name, each in of_type(made, "AWS::StepFunctions::StateMachine").items()
    }
