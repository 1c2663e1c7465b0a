"""The orchestration itself: hand-written Amazon States Language, and the few functions that read it (pure).

The definitions hold placeholders such as `${CreateIamRole}` or `${DeployFunctionMachine}` where the ARN of a step task
or of another machine belongs.
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
    return frozenset(_PLACEHOLDER.findall(source(name)))


@functools.cache
def retried() -> frozenset[str]:
    """The names of the steps' own errors that some task is retried on."""
    return frozenset(name for machine in MACHINES for name in _retried(definition(machine)) if "." not in name)


def _retried(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for block in value.get("Retry", ()):
            yield from block["ErrorEquals"]
        for inner in value.values():
            yield from _retried(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _retried(inner)


def rendered(name: str, substitutions: Mapping[str, str]) -> str:
    """The definition with every placeholder replaced by its ARN. Raises KeyError for one that has no substitution."""
    return _PLACEHOLDER.sub(lambda found: substitutions[found.group(1)], source(name))
