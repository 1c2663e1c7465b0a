"""One table says where each IAM action is used: what is asked about is what the template grants."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from deploy_steps.registry import Task, all_tasks
from orchestrator.core import catalogue
from orchestrator.core.catalogue import Component
from orchestrator.core.iam_resources import (
    ON_NO_RESOURCE,
    UNDER_A_CONDITION,
    Grant,
    of_command,
    of_installing,
    of_task,
)
from orchestrator.core.iam_scope import Scope, TwinPattern
from orchestrator.core.names import NAME_LIMIT, Installation, TwinNames
from orchestrator.install import iam
from tests.install.resolved import allowed, resolved
from tests.state_machines.decision_table import FUNCTIONS

INSTALLATION = Installation("gluecode", "aws", "eu-central-1", "123456789012")
ONE = Scope(INSTALLATION, TwinNames("factory"))
ALL = Scope(INSTALLATION, TwinPattern("*"))
TASKS = all_tasks()


@pytest.mark.parametrize(
    "task",
    [task for task in TASKS if task.name != "check-permissions"],  # whose stack only the template knows
    ids=lambda task: task.name,
)
@pytest.mark.parametrize("twin", ["factory-twin", ("factory-" * 20)[:NAME_LIMIT]], ids=["a name", "the longest name"])
def test_the_template_grants_what_is_asked_about(task: Task, twin: str) -> None:
    statements = resolved(iam.task_statements(task.name, task.actions))
    scope = Scope(INSTALLATION, TwinNames(twin))

    asked = [(action, of_task(scope, task.name, action).example) for action in task.actions]

    assert [ask for ask in asked if not allowed(statements, *ask)] == []


def test_the_conditions_of_the_template_are_known() -> None:
    conditional = {action for task in TASKS for action in task.actions if of_task(ALL, task.name, action).condition}

    assert conditional == UNDER_A_CONDITION
    assert conditional == {
        "iam:CreateRole",
        "iam:PassRole",
        "iam:PutRolePolicy",
        "iam:PutRolePermissionsBoundary",
        "iam:DeleteRolePermissionsBoundary",
        "lambda:CreateEventSourceMapping",
        "lambda:UpdateEventSourceMapping",
        "lambda:DeleteEventSourceMapping",
        "events:PutEvents",
    }


def test_the_actions_without_a_resource_are_known() -> None:
    anywhere = {
        action for task in TASKS for action in task.actions if of_task(ALL, task.name, action).resources == ("*",)
    }

    assert anywhere == ON_NO_RESOURCE
    assert anywhere == {
        "lambda:CreateEventSourceMapping",
        "lambda:ListEventSourceMappings",
        "lambda:ListLayerVersions",
        "logs:DescribeLogGroups",
        "cloudwatch:DescribeAlarms",
    }


def test_a_name_that_aws_cuts_has_a_pattern_of_its_own_and_one_that_another_covers_has_none() -> None:
    cut = "?" * 33 + "*-??????????"

    assert ALL.of("failure-queue") == (
        "arn:aws:sqs:eu-central-1:123456789012:*-failures",
        f"arn:aws:sqs:eu-central-1:123456789012:{cut}",
    )
    assert [arn.rpartition(":")[2] for arn in ALL.of("function")] == [
        *(f"*-{name.replace('_', '-')}" for name in FUNCTIONS),
        cut,
    ]


@pytest.mark.parametrize(
    ("verb", "action"),
    [("create", "sns:CreateTopic"), ("destroy", "sns:DeleteTopic"), ("info", "sns:GetTopicAttributes")],
)
def test_a_new_kind_of_resource_is_granted_without_a_row(
    verb: str, action: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = Component("topic", "topic", "shared", lambda on: on.any, lambda twin: f"{twin.twin}-topic")
    monkeypatch.setattr(catalogue, "CATALOGUE", (*catalogue.CATALOGUE, topic))
    monkeypatch.setitem(
        catalogue._ARNS, "topic", lambda here, name: f"arn:{here.partition}:sns:{here.region}:{here.account}:{name}"
    )

    for task in (f"{verb}-topic", "compare-twin"):
        one, every = (of_task(at, task, action) for at in (ONE, ALL))
        assert one.example == "arn:aws:sns:eu-central-1:123456789012:factory-topic"
        assert every == Grant(("arn:aws:sns:eu-central-1:123456789012:*-topic",), "topics of twins")


@pytest.mark.parametrize(
    "find",
    [lambda at, action: of_task(at, "create-topic", action), of_command, of_installing],
    ids=["of a task", "of a command", "of installing"],
)
def test_an_action_without_a_place_is_refused(find: Callable[[Scope, str], Grant]) -> None:
    with pytest.raises(LookupError, match=r"sns:Publish: say in orchestrator\.core\.iam_resources"):
        find(ONE, "sns:Publish")
