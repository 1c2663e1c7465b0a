"""What is installed is what there is."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

from deploy_steps.registry import Task, tasks

TASKS = tasks()

PYDANTIC = "import sys, importlib; importlib.import_module(sys.argv[1]); sys.exit('pydantic' in sys.modules)"


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

    importing = [
        module
        for module in modules
        if subprocess.run([sys.executable, "-c", PYDANTIC, module], check=False, timeout=60).returncode
    ]

    assert importing == ["deploy_steps.tasks.load_project", "deploy_steps.tasks.start_deployment"]


def test_names_are_unique() -> None:
    assert len({task.name for task in TASKS}) == len(TASKS)
