"""What is installed is what there is."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

from deploy_steps.registry import Task, tasks

TASKS = tasks()

# Prints the modules named as arguments that import pydantic. Each is imported by a process of its own, which is forked
# from one that has imported boto3, as all of them do: that takes most of the time.
IMPORTING = """
import importlib, os, sys
import boto3
assert "pydantic" not in sys.modules
for module in sys.argv[1:]:
    child = os.fork()
    if not child:
        importlib.import_module(module)
        os._exit(3 if "pydantic" in sys.modules else 0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, 3), f"{module} cannot be imported"
    if code:
        print(module)
"""


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_every_handler_is_there(task: Task) -> None:
    module, name = task.handler.rsplit(".", 1)

    assert callable(getattr(importlib.import_module(module), name))


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_every_task_says_in_a_sentence_what_it_is_for(task: Task) -> None:
    assert task.purpose.endswith((".", "?"))
    assert len(task.purpose) <= 140


def test_only_loading_a_project_imports_pydantic_at_its_start() -> None:
    modules = sorted({task.handler.rsplit(".", 1)[0] for task in TASKS})

    command = [sys.executable, "-c", IMPORTING, *modules]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)

    assert done.stdout.split() == ["deploy_steps.tasks.load_project", "deploy_steps.tasks.start_deployment"]


def test_names_are_unique() -> None:
    assert len({task.name for task in TASKS}) == len(TASKS)
