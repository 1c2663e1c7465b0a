"""The table of who may do what, for docs and reviews: every step task, its actions, their resources and the reason."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.install import iam
from orchestrator.install.steps import tasks


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
    """One row per statement, by task. The right to write the journal, which all tasks have, is not repeated."""
    return tuple(
        Row(task.name, task.purpose, actions, where.resources, ", ".join(where.condition), where.what)
        for task in tasks()
        for actions, where in iam.grants(task.name, task.actions).items()
    )
