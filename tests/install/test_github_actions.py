"""The workflow that is offered, and the roles it takes: valid, narrow, and enough for the commands that it runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # it comes without types
from cfnlint import lint
from cfnlint.config import ManualArgs
from cfnlint.decode.cfn_yaml import load

EXAMPLE = Path(__file__).parents[2] / "examples" / "github-actions"
TEMPLATE = EXAMPLE / "roles.template.yaml"
# What the commands call where no token is in the repository; `orchestrator.operations.iam_check.declared` has the rest.
RUN = {"states:StartExecution", "states:ListExecutions", "states:DescribeExecution", "logs:FilterLogEvents"}
FILES = {"s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject", "secretsmanager:DescribeSecret"}


@pytest.fixture(scope="module")
def roles() -> dict[str, Any]:
    made: dict[str, Any] = load(str(TEMPLATE))["Resources"]
    return made


@pytest.fixture(scope="module")
def jobs() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((EXAMPLE / "deploy-twin.yml").read_text())["jobs"]
    return read


def actions(statements: Any) -> set[str]:
    listed = [each["Action"] if isinstance(each["Action"], list) else [each["Action"]] for each in statements]
    return {action for each in listed for action in each}


def of_role(roles: dict[str, Any], name: str) -> set[str]:
    own = roles[name]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    shared = roles["RunDeployments"]["Properties"]["PolicyDocument"]["Statement"]
    return actions([*own, *shared])


def test_cfn_lint_finds_nothing_in_the_template_of_the_roles() -> None:
    found = lint(TEMPLATE.read_text(), config=ManualArgs(regions=["eu-central-1"]))

    assert [str(match) for match in found] == []


def test_the_roles_may_do_what_the_commands_do_and_no_more(roles: dict[str, Any]) -> None:
    assert of_role(roles, "PlanRole") == RUN | FILES
    assert of_role(roles, "DeployRole") == RUN | FILES | {"s3:ListBucketVersions"}


@pytest.mark.parametrize(
    ("role", "subject"),
    [("PlanRole", "repo:${Repository}:pull_request"), ("DeployRole", "repo:${Repository}:ref:refs/heads/${Branch}")],
)
def test_a_role_is_lent_to_one_kind_of_job_of_one_repository(roles: dict[str, Any], role: str, subject: str) -> None:
    [trust] = roles[role]["Properties"]["AssumeRolePolicyDocument"]["Statement"]

    host = "token.actions.githubusercontent.com"
    assert trust["Condition"] == {
        "StringEquals": {f"{host}:aud": "sts.amazonaws.com", f"{host}:sub": {"Fn::Sub": subject}}
    }


def test_the_workflow_plans_on_a_pull_request_and_deploys_on_a_merge(jobs: dict[str, Any]) -> None:
    commands = {name: re.findall(r"gluecode (\w+)", str(job["steps"])) for name, job in jobs.items()}

    assert commands == {"plan": ["plan"], "deploy": ["deploy"]}
    assert "pull_request" in jobs["plan"]["if"]
    assert jobs["deploy"]["if"] == "github.event_name == 'push'"
    for job in jobs.values():
        assert job["permissions"] == {"contents": "read", "id-token": "write"}
