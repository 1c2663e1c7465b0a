"""The way of scripts: nothing but the official `aws` command, with the exports of `gluecode local env`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.install.install import installation_from
from orchestrator.session import Aws
from tests.conftest import Clients
from tests.e2e import account
from tests.e2e.conftest import MakeProject
from tests.e2e.product import Product

TWIN = "factory-twin"


def _machines(product: Product) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = product.aws("stepfunctions", "list-state-machines")["stateMachines"]
    return listed


@pytest.fixture(scope="module")
def project(make_project: MakeProject) -> Path:
    """A twin with storage only, which is quick to deploy."""
    return make_project(TWIN, ("azure", "azure", "aws"), {"azure_l2_to_aws_l3": {}})


@pytest.fixture(scope="module")
def deployed(product: Product, project: Path) -> Iterator[dict[str, Any]]:
    """The execution that deployed the synchronized folder."""
    bucket = next(
        each["Name"] for each in product.aws("s3api", "list-buckets")["Buckets"] if "artifacts" in each["Name"]
    )
    product.aws("s3", "sync", str(project), f"s3://{bucket}/projects/{TWIN}")
    machine = next(each for each in _machines(product) if each["name"] == "gluecode-deploy")["stateMachineArn"]
    arguments = ("--state-machine-arn", machine, "--input", json.dumps({"project": TWIN}))
    started = product.aws("stepfunctions", "start-execution", *arguments)["executionArn"]
    yield account.ended(lambda: product.aws("stepfunctions", "describe-execution", "--execution-arn", started))
    product.run("destroy", TWIN, "--delete-data", "--yes")


def test_the_state_machines_are_listed(product: Product) -> None:
    names = {machine["name"] for machine in _machines(product)}

    assert {"gluecode-deploy", "gluecode-destroy", "gluecode-inspect"} <= names


def test_a_synchronized_project_is_deployed(deployed: dict[str, Any]) -> None:
    assert deployed["status"] == "SUCCEEDED", deployed
    output = json.loads(deployed["output"])
    assert output["outcome"] == "deployed"
    assert set(output["urls"]) == {"writer"}


def test_gluecode_deploy_finds_the_same_thing_done(product: Product, project: Path, deployed: dict[str, Any]) -> None:
    again = product.done("deploy", str(project))

    assert {step["outcome"] for step in again["steps"]} <= {"unchanged", "present", "absent"}
    assert again["urls"] == json.loads(deployed["output"])["urls"]


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
