"""The orchestration itself: hand-written Amazon States Language, and the few functions that read it (pure).

The definitions hold placeholders such as `${CreateIamRole}` or `${DeployFunctionMachine}` where the ARN of a step task
or of another machine belongs, and `${StartExecutionSync}` for the ARN by which a Task starts one and waits for it.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

PUBLIC = ("deploy", "destroy", "inspect")
CHILDREN = ("deploy-function", "remove-function", "remove")
WATCHING = ("check-drift",)
MACHINES = (*CHILDREN, *PUBLIC, *WATCHING)
"""Every machine, those first that others start."""

START = "StartExecutionSync"
"""The one placeholder that is neither a task nor a machine: what starts one."""

_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")


def source(name: str) -> str:
    """The definition as it was written, with its placeholders. Raises FileNotFoundError for an unknown machine."""
    return (files(__name__) / f"{name}.asl.json").read_text(encoding="utf-8")


def definition(name: str) -> dict[str, Any]:
    """The definition as data, with its placeholders."""
    data: dict[str, Any] = json.loads(source(name))
    return data


def placeholder(task: str) -> str:
    """The name by which definitions call a task: `create-iam-role` -> `CreateIamRole`."""
    return "".join(map(str.capitalize, task.split("-")))


def placeholders(name: str) -> frozenset[str]:
    """The names of the tasks and machines that the definition calls."""
    return frozenset(called(source(name)))


def called(text: str) -> list[str]:
    """The names of the tasks and machines in a piece of a definition, in their order."""
    return [name for name in _PLACEHOLDER.findall(text) if name != START]


def start_arn(partition: str) -> str:
    """What START stands for. Step Functions refuses a resource of another partition than its own."""
    return f"arn:{partition}:states:::states:startExecution.sync:2"


def walk(graph: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and definition of every state, those inside of others included."""
    for name, state in graph["States"].items():
        yield name, state
        for inner in inside(state):
            yield from walk(inner)


def inside(state: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The graphs that a Parallel or a Map state holds."""
    return [*state.get("Branches", ()), *([state["ItemProcessor"]] if "ItemProcessor" in state else [])]


@functools.cache
def retried() -> frozenset[str]:
    """The names of the steps' own errors that some task is retried on."""
    blocks = [block for name in MACHINES for _, state in walk(definition(name)) for block in state.get("Retry", ())]
    return frozenset(error for block in blocks for error in block["ErrorEquals"] if "." not in error)


@functools.cache
def last_tasks() -> frozenset[str]:
    """The placeholders of tasks after which a machine that a person starts calls no other."""
    return frozenset(task for name in PUBLIC for task in _last(definition(name)))


def _last(graph: Mapping[str, Any]) -> Iterator[str]:
    states = graph["States"]
    for name, state in states.items():
        onward = [name]
        for each in onward:  # it grows while it is walked
            here = states[each]
            targets = [here.get("Next"), here.get("Default"), *(rule["Next"] for rule in here.get("Choices", ()))]
            onward += [target for target in targets if target and target not in onward]
        if not any(_calls({"States": {each: states[each]}}) for each in onward[1:]):
            yield from (task for inner in inside(state) for task in _last(inner))
            yield from called(state.get("Resource", ""))


def _calls(graph: Mapping[str, Any]) -> bool:
    return any(state["Type"] == "Task" for _, state in walk(graph))


def rendered(name: str, substitutions: Mapping[str, str]) -> str:
    """The definition with every placeholder replaced by its ARN. Raises KeyError for one that has no substitution."""
    return _PLACEHOLDER.sub(lambda found: substitutions[found.group(1)], source(name))
