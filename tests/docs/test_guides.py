"""The guides are true: whoever follows them to the letter in a copy of the tree gets what they promise."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.docs import guides
from tests.docs.site import ROOT
from tests.install.resolved import HERE, allowed, resolved

STEP = ROOT / "docs" / "architecture" / "add-a-step.md"
FUNCTION = ROOT / "docs" / "architecture" / "add-a-function.md"
MOST_FILES = 9
"""Outside the documentation, that a new kind of resource touches."""

_TESTS = (
    "tests/contract/test_contract.py",
    "tests/state_machines/test_definitions.py",
    "tests/unit/orchestrator/test_catalogue.py",
    "tests/unit/orchestrator/test_plan_mapping.py",
    "tests/unit/orchestrator/test_plan_specs.py",
    "tests/unit/deploy_steps/test_prune.py",
)
_CHOSEN = (
    "event-rule or (not test_contract and not aws/ and not azure/ and not gcp/) or gcp/aws/azure or azure/azure/gcp"
)
_FUNCTIONS_TESTS = (*_TESTS[1:], "tests/unit/lambda_functions/test_imports.py")
_FUNCTIONS_CHOSEN = "(not aws/ and not azure/ and not gcp/) or gcp/aws/azure or azure/azure/gcp"
_RENDERED = """
import json
from deploy_steps.registry import all_tasks
from orchestrator.install import template
from orchestrator.install.machines import machines
print(json.dumps(template.orchestrator(all_tasks(), machines(), template.Code("", "", "", "", ""), "")["Resources"]))
"""


@pytest.fixture(scope="module")
def step(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree with a new kind."""
    tree = followed(STEP, tmp_path_factory.mktemp("step"))
    run(tree, "-m", "orchestrator.reference.sdk_models")
    return tree


@pytest.fixture(scope="module")
def function(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree with a new function."""
    return followed(FUNCTION, tmp_path_factory.mktemp("function"))


def followed(guide: Path, tree: Path) -> Path:
    """A copy of the tree to which all blocks of a guide are applied."""
    guides.copied(ROOT, tree)
    for block in guides.blocks(guide):
        block.apply(tree)
    return tree


def run(tree: Path, *command: str) -> str:
    """The output of a command of Python in the tree, which must succeed."""
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, *command], cwd=tree, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_new_kind_touches_the_files_of_the_table_and_no_others(step: Path) -> None:
    touched = sorted(name for name in guides.added(ROOT, step) if "/sdk_models/" not in name)  # `make models` does

    assert touched == sorted(guides.listed(STEP))
    assert len(touched) <= MOST_FILES


def test_what_the_guide_adds_is_formatted_and_typed(step: Path) -> None:
    files = [name for name in guides.listed(STEP) if name.endswith(".py")]

    run(step, "-m", "ruff", "check", "--no-cache", *files)
    run(step, "-m", "ruff", "format", "--no-cache", "--check", *files)
    run(step, "-m", "mypy", f"--cache-dir={os.devnull}", *(name for name in files if not name.startswith("tests/")))


def test_the_new_kind_passes_the_suites_that_hold_all_kinds(step: Path) -> None:
    printed = run(step, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", _CHOSEN, *_TESTS)

    assert " passed" in printed


def test_the_template_gets_a_task_for_each_verb_that_a_machine_calls_with_rights_on_the_new_resource(
    step: Path,
) -> None:
    resources = json.loads(run(step, "-c", _RENDERED))
    rule, other = (f"arn:aws:events:eu-central-1:123456789012:rule/{name}" for name in ("factory-deployments", "other"))

    assert {name for name in resources if "EventRule" in name} == {
        *("CreateEventRule", "CreateEventRuleRole", "DestroyEventRule", "DestroyEventRuleRole")
    }
    create, destroy, compare = (
        _statements(resources[f"{task}Role"]) for task in ("CreateEventRule", "DestroyEventRule", "CompareTwin")
    )
    assert allowed(create, "events:PutRule", rule)
    assert not allowed(create, "events:DeleteRule", rule)
    assert allowed(destroy, "events:DeleteRule", rule)
    assert allowed(compare, "events:DescribeRule", rule)
    assert not any(allowed(each, "events:DescribeRule", other) for each in (create, destroy, compare))


def test_a_new_function_touches_the_files_of_the_table_and_no_others(function: Path) -> None:
    assert sorted(guides.added(ROOT, function)) == sorted(guides.listed(FUNCTION))


@pytest.mark.skipif(os.environ.get("GLUECODE_DOCS") != "all", reason="it takes half a minute: make docs-proof")
def test_the_new_function_is_planned_removed_and_kept_free_of_any_clouds_sdk(function: Path) -> None:
    files = [name for name in guides.listed(FUNCTION) if name.endswith(".py")]

    run(function, "-m", "ruff", "check", "--no-cache", *files)
    run(function, "-m", "ruff", "format", "--no-cache", "--check", *files)
    printed = run(function, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", _FUNCTIONS_CHOSEN, *_FUNCTIONS_TESTS)
    kept = run(function, "-c", "from importlinter.cli import lint_imports_command as lint; lint()", "--no-cache")

    assert " passed" in printed
    assert "0 broken" in kept


def _statements(role: dict[str, Any]) -> list[Any]:
    policies = resolved(role["Properties"]["Policies"], HERE)
    return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]
