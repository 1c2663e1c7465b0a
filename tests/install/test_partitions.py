"""The orchestrator in GovCloud and China: no ARN and no address names another part of AWS than the one it runs in."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import state_machines
from deploy_steps.kinds.shared.dashboard_content import widgets
from deploy_steps.registry import all_tasks
from orchestrator.core.names import Installation
from orchestrator.core.plan import Code, Footprint, Request, plan
from orchestrator.core.spec_json import read_spec
from orchestrator.core.specs import DashboardSpec
from orchestrator.install import packages, template
from orchestrator.install.machines import machines
from orchestrator.operations.iam_check.places import Places
from orchestrator.operations.iam_check.required import COMMAND_LINE, INSTALL, LAYERS, uses
from tests.harness.parts import Product
from tests.install.resolved import HERE, resolved
from tests.unit.orchestrator.projects import MAPPINGS, project

PLACES = [
    Installation("gluecode", partition, region, "123456789012")
    for partition, region in (("aws", "eu-central-1"), ("aws-us-gov", "us-gov-west-1"), ("aws-cn", "cn-north-1"))
]
QUEUES = {"aws": ".amazonaws.com/", "aws-us-gov": ".amazonaws.com/", "aws-cn": ".amazonaws.com.cn/"}
EVERYWHERE = pytest.mark.parametrize("here", PLACES, ids=lambda here: here.partition)

SHIPPED = ("deploy_steps", "lambda_functions", "orchestrator", "state_machines")
NOT_SHIPPED = ("orchestrator/demo/", "orchestrator/reference/")
EXEMPT = {
    "orchestrator/local/": "the embedded cloud is in the partition `aws`, wherever it runs",
    "orchestrator/cli/permissions.py": "it tells a person what an ARN looks like",
}
OTHERS = ("arn:aws:", "arn:aws-cn:", "arn:aws-us-gov:", "console.aws.amazon.com")


def texts(data: Any) -> Iterator[str]:
    """Every text in the data."""
    if isinstance(data, dict):
        data = [*data, *data.values()]
    if isinstance(data, list | tuple):
        for each in data:
            yield from texts(each)
    elif isinstance(data, str):
        yield data


def of_other_partitions(data: Any, here: Installation) -> list[str]:
    """The texts with an ARN of another partition than that one."""
    found = [text for text in texts(data) if "arn:" in text]
    assert found, "there was nothing to look at"
    return [text for text in found if "arn:" in text.replace(f"arn:{here.partition}:", "")]


@pytest.fixture(scope="module")
def made() -> template.Template:
    code = template.Code("tasks", "functions", "sha", "functions-layer", "pydantic-layer")
    return template.orchestrator(all_tasks(), machines(), code, "0.0.0")


@EVERYWHERE
def test_the_policies_in_the_template_are_about_resources_of_the_partition(
    made: template.Template, here: Installation
) -> None:
    given = {
        **HERE,
        "AWS::Partition": here.partition,
        "AWS::Region": here.region,
        "AWS::StackId": here.arn("cloudformation", "stack/gluecode/1"),
        "TwinBoundary": here.arn("iam", "policy/boundary"),
    }
    kinds = ("AWS::IAM::Role", "AWS::IAM::ManagedPolicy")
    properties = [each["Properties"] for each in made["Resources"].values() if each["Type"] in kinds]

    policies = [resolved(each.get("Policies", each.get("PolicyDocument")), given) for each in properties]

    assert len(policies) > 30
    assert of_other_partitions(policies, here) == []


def test_a_machine_that_starts_others_learns_its_partition_from_cloudformation(made: template.Template) -> None:
    machines_ = [each for each in made["Resources"].values() if each["Type"] == "AWS::StepFunctions::StateMachine"]
    started = [each["Properties"]["DefinitionSubstitutions"].get("StartExecutionSync") for each in machines_]
    by_partition = {"Fn::Sub": "arn:${AWS::Partition}:states:::states:startExecution.sync:2"}

    assert [each["Properties"]["DefinitionString"].count("arn:") for each in machines_] == [0] * 7
    assert [each for each in started if each] == [by_partition] * 5


@EVERYWHERE
def test_the_state_machines_start_others_in_their_partition(here: Installation) -> None:
    rendered = Product().machines(here)

    assert set(rendered) == {here.machine_name(name) for name in state_machines.MACHINES}
    assert of_other_partitions([json.loads(text) for text in rendered.values()], here) == []


@EVERYWHERE
@pytest.mark.parametrize("mapping", [each for each in MAPPINGS if "aws" in each], ids="-".join)
def test_a_plan_names_nothing_of_another_partition(here: Installation, mapping: tuple[str, str, str]) -> None:
    code = Code("artifacts", "code/functions.zip", "c2hh", layers=(here.arn("lambda", "layer:gluecode-functions:1"),))
    planned = plan(project(mapping), here, code, Footprint(), Request("run", "factory", "projects/factory/")).as_json()

    drawn = widgets(read_spec(DashboardSpec, planned["dashboard"]).shows)

    assert of_other_partitions([planned, drawn], here) == []
    queues = [text for text in texts(planned) if "https://sqs." in text]
    assert [url for url in queues if QUEUES[here.partition] not in url] == []


@EVERYWHERE
@pytest.mark.parametrize("group", [*LAYERS, COMMAND_LINE, INSTALL])
def test_a_policy_to_paste_is_about_resources_of_the_partition(here: Installation, group: str) -> None:
    places = [Places(here, twin).of(group, use) for twin in (None, "factory") for use in uses(group)]

    assert of_other_partitions([[place.asked, *place.granted] for place in places], here) == []


def test_no_shipped_source_names_a_partition() -> None:
    found = {
        path: [each for each in OTHERS if any(each in text for text in said)]
        for path, said in _shipped()
        if not path.startswith((*EXEMPT, *NOT_SHIPPED))
    }

    assert {path: named for path, named in found.items() if named} == {}


def _shipped() -> Iterator[tuple[str, list[str]]]:
    """Every source file that is shipped, with the texts in it. The comments and docstrings of code are none."""
    for package in SHIPPED:
        root = packages.folder(package)
        for path in root.rglob("*"):
            name = f"{package}/{path.relative_to(root).as_posix()}"
            if path.suffix == ".py":
                yield name, list(_said(path))
            elif path.suffix in {".json", ".toml", ".css"} and "sdk_models" not in path.parts:
                yield name, [path.read_text(encoding="utf-8")]


def _said(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documentation = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node.value
