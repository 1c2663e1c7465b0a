"""Every zip and layer in an interpreter that sees nothing else: workers of the embedded cloud see the host's."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from deploy_steps.registry import tasks as step_tasks
from orchestrator.install import layers, packages
from orchestrator.install.layers import Target
from tests.install import clean

INTERPRETERS = clean.interpreters()
EACH_INTERPRETER = pytest.mark.parametrize("python", INTERPRETERS, ids=lambda path: Path(path).name)
FOR_AWS = Target(layers.AWS_RUNTIME, layers.host().architecture)


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What Lambda's runtime brings along."""
    return clean.lambda_runtime(tmp_path_factory.mktemp("runtime") / "packages")


@pytest.fixture(scope="module")
def functions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clean.unzipped(packages.functions().content, tmp_path_factory.mktemp("functions with space"))


@pytest.fixture(scope="module")
def tasks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clean.unzipped(packages.tasks().content, tmp_path_factory.mktemp("tasks with space"))


@pytest.fixture(scope="module")
def aws_layers(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The layers for functions and for validation, as they are made for AWS."""
    made = clean.layers_for(FOR_AWS)
    folders = [clean.unzipped(layer.content, tmp_path_factory.mktemp(layer.name)) / "python" for layer in made]
    return folders[0], folders[1]


@EACH_INTERPRETER
def test_every_function_imports_from_its_zip_and_the_layer(
    python: str, runtime: Path, functions: Path, aws_layers: tuple[Path, Path]
) -> None:
    clean.import_all(python, functions, [aws_layers[0], runtime])


def test_every_function_imports_with_the_layer_for_the_embedded_cloud(
    runtime: Path, functions: Path, tmp_path: Path
) -> None:
    functions_layer, _ = clean.layers_for(layers.host())
    layer = clean.unzipped(functions_layer.content, tmp_path) / "python"

    clean.import_all(sys.executable, functions, [layer, runtime])


@EACH_INTERPRETER
def test_every_task_that_gets_no_layer_imports_from_its_zip_alone(python: str, runtime: Path, tasks: Path) -> None:
    with_layer = [task.handler.rpartition(".")[0] for task in step_tasks() if task.needs_pydantic]
    with_layer += [
        f"deploy_steps.shared.{module}" for module in ("deployment_request", "request_queue", "stored_project")
    ]

    clean.import_all(python, tasks, [runtime], "pydantic", "orchestrator.core.config", *with_layer)


def test_the_tasks_that_get_the_pydantic_layer_import_with_it(runtime: Path, tasks: Path, tmp_path: Path) -> None:
    _, pydantic_layer = clean.layers_for(layers.host())
    layer = clean.unzipped(pydantic_layer.content, tmp_path) / "python"

    clean.import_all(sys.executable, tasks, [layer, runtime])


def test_the_tasks_import_with_the_pydantic_layer_for_aws_where_this_machine_has_its_interpreter(
    aws_layers: tuple[Path, Path], runtime: Path, tasks: Path
) -> None:
    for python in INTERPRETERS:
        if FOR_AWS.runtime in python:
            clean.import_all(python, tasks, [aws_layers[1], runtime])


def test_the_pydantic_layer_for_aws_validates_where_this_machine_has_its_interpreter(
    aws_layers: tuple[Path, Path],
) -> None:
    code = "import pydantic; print(pydantic.TypeAdapter(int).validate_python('7'))"

    answers = [clean.run(python, [aws_layers[1]], code) for python in INTERPRETERS if FOR_AWS.runtime in python]

    assert set(answers) <= {"7\n"}
