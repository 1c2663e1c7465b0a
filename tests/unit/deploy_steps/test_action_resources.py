"""The resources that are asked about are those that the steps' policies are about."""

from __future__ import annotations

import pytest

from deploy_steps.registry import Task, all_tasks
from deploy_steps.shared.action_resources import ON_NO_RESOURCE, UNDER_A_CONDITION, ActionResources
from orchestrator.core.names import NAME_LIMIT, Installation
from orchestrator.install import iam
from tests.install.resolved import allowed, resolved

INSTALLATION = Installation("gluecode", "aws", "eu-central-1", "123456789012")
TASKS = all_tasks()


@pytest.mark.parametrize(
    "task",
    [task for task in TASKS if task.name not in ("check-permissions", "start-deployment")],  # those come before it
    ids=lambda task: task.name,
)
@pytest.mark.parametrize("twin", ["factory-twin", ("factory-" * 20)[:NAME_LIMIT]], ids=["a name", "the longest name"])
def test_the_template_grants_what_is_asked_about(task: Task, twin: str) -> None:
    statements = resolved(iam.task_statements(task.name, task.actions))
    subjects = ActionResources(INSTALLATION, twin)

    asked = [(action, subjects.of(task.name, action)) for action in task.actions]

    assert [ask for ask in asked if not allowed(statements, *ask)] == []


def test_the_conditions_of_the_template_are_known() -> None:
    conditional = {action for task in TASKS for action in task.actions if iam.grant(task.name, action).condition}

    assert conditional == UNDER_A_CONDITION


def test_the_actions_without_a_resource_are_known() -> None:
    anywhere = {action for task in TASKS for action in task.actions if iam.grant(task.name, action).resources == ("*",)}

    assert anywhere == ON_NO_RESOURCE


def test_an_action_without_a_place_is_refused() -> None:
    with pytest.raises(LookupError, match="A step declares sns:Publish"):
        ActionResources(INSTALLATION, "factory").of("create-topic", "sns:Publish")
