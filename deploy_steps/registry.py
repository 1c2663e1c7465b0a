"""Every kind of resource and every task, found by their modules: what the template installs and the machines call."""

from __future__ import annotations

import functools
import inspect
import pkgutil
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType

from deploy_steps import kinds
from deploy_steps.task import Kind
from state_machines import MACHINES, placeholder, placeholders

VERBS = ("create", "destroy", "info")


@dataclass(frozen=True)
class Task:
    """One Lambda: `handler` is the path that Lambda takes, `actions` the IAM actions it needs, `purpose` one sentence.

    In the state machines its name is in camel case: `TakeLock`. `needs_pydantic`: it reads project files, and so needs
    the layer with pydantic. `needs_settings`: it reads `deploy_steps.shared.settings`.
    """

    name: str
    handler: str
    actions: tuple[str, ...]
    purpose: str
    needs_pydantic: bool = False
    needs_settings: bool = False


def _modules(package: ModuleType) -> tuple[ModuleType, ...]:
    found = sorted(each.name for each in pkgutil.iter_modules(package.__path__) if not each.ispkg)
    return tuple(import_module(f"{package.__name__}.{name}") for name in found)


KINDS: dict[str, Kind] = {module.kind.name: module.kind for module in _modules(kinds)}


@functools.cache
def tasks() -> tuple[Task, ...]:
    """Every task that is not a verb of a kind, by the modules of `deploy_steps.tasks`.

    Not at the top: one of those modules reads this list, and importing all of them costs a cold start.
    """
    return tuple(map(_task, _modules(import_module("deploy_steps.tasks"))))


def all_tasks() -> tuple[Task, ...]:
    """Everything that is installed: first the verbs of all kinds, as far as a state machine calls them."""
    verbs = (_verb(kind, verb) for kind in KINDS.values() for verb in VERBS)
    called = {name for machine in MACHINES for name in placeholders(machine)}
    return (*(task for task in verbs if placeholder(task.name) in called), *tasks())


def _task(module: ModuleType) -> Task:
    name = module.__name__.rpartition(".")[2].replace("_", "-")
    needs_pydantic = getattr(module, "NEEDS_PYDANTIC", False)
    return Task(
        name, f"{module.__name__}.handler", module.ACTIONS, _first_line(module), needs_pydantic, needs_settings=True
    )


def _verb(kind: Kind, verb: str) -> Task:
    handler = f"{kinds.__name__}.{kind.name.replace('-', '_')}.{verb}_task"
    return Task(f"{verb}-{kind.name}", handler, kind.actions.of(verb), _first_line(getattr(kind, verb)))


def _first_line(documented: object) -> str:
    return (inspect.getdoc(documented) or "").split("\n")[0]
