"""The way of scripts: nothing but the official `aws` command, with the exports of `gluecode local env`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.install.install import installation_from
from orchestrator.operations.session import Aws
from tests.conftest import Clients
from tests.e2e import account
from tests.e2e.conftest import MakeProject
from tests.e2e.product import Product, Said

TWIN = "factory-twin"
RECIPE = Path(__file__).parents[2] / "examples" / "scripts" / "deploy.sh"


def _machines(product: Product) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = product.aws("stepfunctions", "list-state-machines")["stateMachines"]
    return listed


@pytest.fixture(scope="module")
def project(make_project: MakeProject) -> Path:
    """A twin with storage only, which is quick to deploy."""
    return make_project(TWIN, ("azure", "azure", "aws"), {"azure_l2_to_aws_l3": {}})


@pytest.fixture(scope="module")
def said(product: Product, project: Path) -> Iterator[Said]:
    """What the recipe of the documentation says: it knows the folder and the `aws` command, and nothing else."""
    yield product.sh(RECIPE, str(project))
    product.run("destroy", TWIN, "--delete-data", "--yes")


def test_the_state_machines_are_listed(product: Product) -> None:
    names = {machine["name"] for machine in _machines(product)}

    assert {"gluecode-deploy", "gluecode-destroy", "gluecode-inspect"} <= names


def test_the_recipe_deploys_a_project_and_prints_what_came_of_it(said: Said) -> None:
    assert said.code == 0, said.err
    output = json.loads(said.out)
    assert output["outcome"] == "deployed"
    assert set(output["urls"]) == {"writer"}
    assert output["next"] == f"gluecode inspect {TWIN}"


def test_starting_the_same_thing_twice_is_one_execution(
    product: Product, clients: Clients, project: Path, said: Said, aws: Aws
) -> None:
    again = product.sh(RECIPE, str(project))

    machine = installation_from(aws).machine_arn("deploy")
    started = clients("stepfunctions").list_executions(stateMachineArn=machine)["executions"]
    assert (again.code, again.out) == (0, said.out)
    assert [each["name"] for each in started if each["name"].startswith(TWIN)] == [json.loads(said.out)["run"]]


def test_gluecode_deploy_finds_the_same_thing_done(product: Product, project: Path, said: Said) -> None:
    again = product.done("deploy", str(project))

    assert {step["outcome"] for step in again["steps"]} <= {"unchanged", "present", "absent"}
    assert again["urls"] == json.loads(said.out)["urls"]


def test_a_project_that_cannot_be_deployed_ends_the_recipe_with_the_reason(product: Product, tmp_path: Path) -> None:
    (tmp_path / "half-a-twin").mkdir()
    (tmp_path / "half-a-twin" / "config.json").write_text("{}")

    said = product.sh(RECIPE, str(tmp_path / "half-a-twin"))

    assert (said.code, said.out) == (1, "")
    assert "config_providers.json" in said.err


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        pytest.param({"projct": TWIN}, "did you mean project", id="a misspelt field"),
        pytest.param({}, '{"project": "factory-twin"}', id="nothing"),
        pytest.param(["factory-twin"], "no JSON object", id="no object"),
        pytest.param({"project": "nowhere"}, "gluecode deploy nowhere", id="a project that was never uploaded"),
    ],
)
def test_a_malformed_input_fails_with_what_to_type(clients: Clients, aws: Aws, request_: Any, told: str) -> None:
    machine = installation_from(aws).machine_arn("deploy")
    started = clients("stepfunctions").start_execution(stateMachineArn=machine, input=json.dumps(request_))

    ended = account.ended(lambda: clients("stepfunctions").describe_execution(executionArn=started["executionArn"]))

    assert ended["status"] == "FAILED"
    assert told in ended["cause"]
