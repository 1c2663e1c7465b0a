"""The table of who may do what, for docs and reviews: every task and machine, its actions, resources and the reason."""

from __future__ import annotations

from dataclasses import dataclass

from deploy_steps.registry import all_tasks
from orchestrator.install import iam
from orchestrator.install.machines import machines
from state_machines import placeholder


@dataclass(frozen=True)
class Row:
    """One statement of one task's role. `resources` are as in the template; `condition` is empty if there is none."""

    task: str
    purpose: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    condition: str
    why: str


def policy_table() -> tuple[Row, ...]:
    """One row per statement, by task. What every task may do is not repeated: `of_every_task`."""
    return tuple(
        _row(task.name, task.purpose, actions, where)
        for task in all_tasks()
        for actions, where in iam.grants(task.name, task.actions).items()
    )


def of_every_task() -> tuple[Row, ...]:
    """What Lambda does in the name of every task."""
    return tuple(_row("every task", "", actions, where) for actions, where in iam.EVERY_TASK.items())


def of_machines() -> tuple[Row, ...]:
    """One row per statement, by state machine."""
    known = {placeholder(task.name): task.name for task in all_tasks()}
    ids = {machine.id: machine.name for machine in machines()}
    return tuple(
        _row(machine.name, "", actions, where)
        for machine in machines()
        for actions, where in iam.machine_grants(
            [known[name] for name in machine.calls if name in known],
            [ids[name] for name in machine.calls if name in ids],
        ).items()
    )


def _row(name: str, purpose: str, actions: tuple[str, ...], where: iam.Grant) -> Row:
    return Row(name, purpose, actions, where.resources, ", ".join(where.condition), where.what)
