"""Every step task that is installed: the three verbs of every kind of resource, and the tasks around them."""

from __future__ import annotations

import inspect

from deploy_steps.kinds import KINDS
from deploy_steps.task import Kind
from deploy_steps.tasks.registry import START_DEPLOYMENT, TASKS, Task

_VERBS = ("create", "destroy", "info")


def tasks() -> tuple[Task, ...]:
    """All step tasks, those of the kinds first, and the one that events start deployments by.

    In the state machines their names stand in camel case.
    """
    return (*(_of_kind(kind, verb) for kind in KINDS.values() for verb in _VERBS), *TASKS, START_DEPLOYMENT)


def _of_kind(kind: Kind, verb: str) -> Task:
    function = {"create": kind.create, "destroy": kind.destroy, "info": kind.info}[verb]
    purpose = (inspect.getdoc(function) or "").split("\n")[0]
    return Task(f"{verb}-{kind.name}", f"{function.__module__}.{verb}_task", kind.actions.of(verb), purpose)
