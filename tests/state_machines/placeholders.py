"""What may stand in a definition for the ARN of a task or of another machine."""

from __future__ import annotations

import state_machines
from deploy_steps.registry import all_tasks

TASK_NAMES = tuple(task.name for task in all_tasks() if task.name != "start-deployment")


def placeholder(name: str) -> str:
    """`create-iam-role` → `CreateIamRole`."""
    return "".join(map(str.capitalize, name.split("-")))


def machine_placeholder(name: str) -> str:
    """`deploy-function` → `DeployFunctionMachine`."""
    return f"{placeholder(name)}Machine"


TASK_OF = {placeholder(name): name for name in TASK_NAMES}
START = {"StartExecutionSync": "arn:aws:states:::states:startExecution.sync:2"}
PLACEHOLDERS = {*TASK_OF, *map(machine_placeholder, (*state_machines.CHILDREN, "inspect"))}
