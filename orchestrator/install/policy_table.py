"""Who may do what, for docs and reviews: every task and machine, its actions, and where they are allowed."""

from __future__ import annotations

from dataclasses import dataclass

from deploy_steps.registry import all_tasks
from orchestrator.core.iam_resources import Grant
from orchestrator.install import iam
from orchestrator.install.machines import machines
from state_machines import placeholder


@dataclass(frozen=True)
class Row:
    """One statement of one role. Of every task and of machines, the purpose is left out."""

    task: str
    purpose: str
    actions: tuple[str, ...]
    where: Grant


def policy_table() -> list[Row]:
    """One row per statement, by task. What every task may do is not repeated: `of_every_task`."""
    return [
        Row(task.name, task.purpose, actions, where)
        for task in all_tasks()
        for actions, where in iam.grants(task.name, task.actions)
    ]


def of_every_task() -> list[Row]:
    """What Lambda does in the name of every task."""
    return [Row("every task", "", actions, where) for actions, where in iam.EVERY_TASK.items()]


def of_machines() -> list[Row]:
    """One row per statement, by state machine."""
    steps = {placeholder(task.name): task for task in all_tasks()}
    graphs = {machine.id: machine for machine in machines()}
    return [
        Row(machine.name, "", actions, where)
        for machine in graphs.values()
        for actions, where in iam.machine_grants(machine, steps, graphs).items()
    ]
