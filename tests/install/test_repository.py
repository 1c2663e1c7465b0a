"""What the repository gives to contributors: hooks that download nothing, and a workflow that runs the tests."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # it comes without types

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def read(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text())


@pytest.fixture(scope="module")
def hooks() -> dict[str, dict[str, Any]]:
    found = [hook for each in read(".pre-commit-config.yaml")["repos"] for hook in each["hooks"]]
    return {hook["id"]: hook for hook in found}


def test_hooks_run_what_is_installed_and_download_nothing(hooks: dict[str, dict[str, Any]]) -> None:
    assert {each["repo"] for each in read(".pre-commit-config.yaml")["repos"]} == {"local"}
    assert {hook["language"] for hook in hooks.values()} == {"system", "pygrep"}
    assert {hook["entry"].split()[0] for hook in hooks.values() if hook["language"] == "system"} <= {
        "git",
        ".venv/bin/lint-imports",
        ".venv/bin/python",
        ".venv/bin/ruff",
    }


@pytest.mark.parametrize(
    ("message", "good"),
    [
        pytest.param("deploy: widen roles before switching entrances\n", True, id="area and imperative"),
        pytest.param("deploy: widen roles\n\nThe old entrance still needs them.\n", True, id="with a body"),
        pytest.param("docs, cli: name the extra\n", True, id="two areas"),
        pytest.param("Merge branch 'main'\n", True, id="git's own words"),
        pytest.param("Widen roles before switching entrances\n", False, id="no area"),
        pytest.param("deploy widens roles\n\nnote: this is a body\n", False, id="an area only in the body"),
        pytest.param(f"deploy: {'x' * 65}\n", False, id="73 characters"),
        pytest.param(f"deploy: {'x' * 64}\n", True, id="72 characters"),
    ],
)
def test_the_hook_accepts_subjects_of_the_form_area_and_imperative(
    message: str, good: bool, hooks: dict[str, dict[str, Any]]
) -> None:
    hook = hooks["subject"]

    assert hook["args"] == ["--multiline", "--negate"]  # pre-commit searches the whole text, and wants a match
    assert bool(re.search(hook["entry"], message, re.MULTILINE)) == good


def test_the_workflow_runs_the_tests_on_the_oldest_and_on_lambdas_python() -> None:
    job = read(".github/workflows/test.yml")["jobs"]["test"]

    assert job["strategy"]["matrix"]["python"] == ["3.11", "3.13"]
    assert [step["run"] for step in job["steps"] if "run" in step] == ["make test"]


def test_the_container_for_development_has_the_oldest_python_and_makes_the_environment() -> None:
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())

    assert container["image"].startswith("python:3.11")
    assert container["postCreateCommand"] == "make .venv/.ready"
    assert PROJECT["requires-python"] == ">=3.11"


def test_the_lock_names_no_registry() -> None:
    assert "://" not in (ROOT / "requirements.lock").read_text()


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "README.md", "CHANGELOG.md", ".github/PULL_REQUEST_TEMPLATE.md"])
def test_every_make_target_that_a_page_names_exists(page: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    named = set(re.findall(r"`make ([a-z-]+)", (ROOT / page).read_text()))

    assert named - targets == set()


def test_every_proof_is_described_for_contributors() -> None:
    proofs = set(re.findall(r"^([a-z]+-proof):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert {proof for proof in proofs if f"`make {proof}`" not in (ROOT / "CONTRIBUTING.md").read_text()} == set()
