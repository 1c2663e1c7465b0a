"""The required permissions are those of the code: of the steps, of the commands, of the templates."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import product
from pathlib import Path

import boto3
import pytest
from botocore import xform_name

import orchestrator
from deploy_steps.registry import KINDS, all_tasks
from deploy_steps.task import Actions
from orchestrator.cli import gluecode
from orchestrator.core.catalogue import COMPONENTS, needed
from orchestrator.core.placement import Placement
from orchestrator.install import template
from orchestrator.install.machines import machines
from orchestrator.install.template import Code
from orchestrator.operations.iam_check import COMMANDS, LAYERS, OFFLINE, REQUIRED_AWS_PERMISSIONS
from orchestrator.operations.iam_check.declared import INSTALLING, RESOURCE_TYPES
from orchestrator.operations.iam_check.required import Use, steps, uses
from tests.state_machines.decision_table import SINGLES, rows

FUNCTION_URLS = {
    "lambda:CreateFunctionUrlConfig",
    "lambda:GetFunctionUrlConfig",
    "lambda:UpdateFunctionUrlConfig",
    "lambda:DeleteFunctionUrlConfig",
    "lambda:AddPermission",
    "lambda:RemovePermission",
    "lambda:GetPolicy",
}
ALL, REMOVAL = ("create", "destroy", "info"), ("destroy",)
SHARED = {
    "iam-role": ALL,
    "function": ALL,
    "permissions": ALL,
    "secret": ALL,
    "alarms": ALL,
    **{
        SINGLES[component].kind: ALL
        for component in frozenset.intersection(*filter(None, rows().values())) & {*SINGLES}
    },
}
SENDING = {"outbox": ALL, "event-source": ALL}
PROVIDERS = ("layer_1_provider", "layer_2_provider", "layer_3_hot_provider")


@pytest.mark.parametrize("layer", ["layer_2", "layer_3"])
def test_a_layer_with_a_public_function_requires_what_function_urls_take(layer: str) -> None:
    assert set(REQUIRED_AWS_PERMISSIONS[layer]["lambda"]) >= FUNCTION_URLS


def test_no_url_is_created_in_the_first_layer() -> None:
    assert not {"lambda:CreateFunctionUrlConfig", "lambda:UpdateFunctionUrlConfig"} & set(
        REQUIRED_AWS_PERMISSIONS["layer_1"]["lambda"]
    )


@pytest.mark.parametrize(
    ("layer", "kinds"),
    [
        (
            "layer_1",
            SHARED | SENDING | {"iot-rule": ALL, "failure-queue": ALL, "invoke-config": ALL, "function-url": REMOVAL},
        ),
        ("layer_2", SHARED | SENDING | {"function-url": ALL, "failure-queue": ALL, "invoke-config": ALL}),
        ("layer_3", SHARED | {"function-url": ALL, "hot-table": ALL, "invoke-config": REMOVAL}),
    ],
)
def test_a_layer_takes_the_kinds_it_consists_of(layer: str, kinds: dict[str, tuple[str, ...]]) -> None:
    assert steps(layer) == kinds


def test_every_kind_and_every_component_belongs_to_a_layer() -> None:
    alone = [
        needed(Placement.of(dict(zip(PROVIDERS, providers, strict=True)), event_checking=True, batching=True))
        for providers in product(("aws", "azure"), repeat=3)
        if providers.count("aws") == 1
    ]

    assert frozenset().union(*alone) == set(COMPONENTS)
    assert set().union(*map(steps, LAYERS)) == set(KINDS)


def test_an_action_that_a_kind_comes_to_need_is_required_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    kind = KINDS["hot-table"]
    wider = Actions((*kind.actions.create, "dynamodb:UpdateTimeToLive"), kind.actions.destroy, kind.actions.info)
    monkeypatch.setitem(KINDS, "hot-table", replace(kind, actions=wider))

    assert Use("dynamodb:UpdateTimeToLive", "create-hot-table") in uses("layer_3")
    assert "dynamodb:UpdateTimeToLive" not in {use.action for use in uses("layer_2")}


def test_actions_stand_once_in_order_under_their_service() -> None:
    for services in REQUIRED_AWS_PERMISSIONS.values():
        for service, actions in services.items():
            assert actions == sorted(set(actions))
            assert [action for action in actions if not action.startswith(f"{service}:") or "*" in action] == []


def test_every_command_says_what_it_takes() -> None:
    context = gluecode.make_context("gluecode", [], resilient_parsing=True)
    commands = set(gluecode.list_commands(context))

    assert set(COMMANDS) | OFFLINE | {"install", "uninstall", "check-permissions"} == commands


def test_the_command_line_calls_nothing_that_it_does_not_declare() -> None:
    declared = {action for actions in COMMANDS.values() for action in actions}
    called = {call: path.name for path in _modules() for call in _calls(path)}

    assert {action: path for action, path in called.items() if action not in declared} == {}
    assert len(called) > 15


def test_everything_in_the_templates_can_be_installed() -> None:
    code = Code("code/tasks.zip", "code/functions.zip", "c2hhMjU2", "code/functions-layer.zip", "code/pydantic.zip")
    made = (template.artifacts(), template.orchestrator(all_tasks(), machines(), code, "0.1.0+abc"))

    types = {resource["Type"] for each in made for resource in each["Resources"].values()}

    assert types == set(RESOURCE_TYPES)


def test_installing_takes_the_calls_of_cloudformation_that_the_code_makes() -> None:
    called = {
        _iam_name("cloudformation", _operations("cloudformation")[name])
        for path in (_root() / "install").glob("*.py")
        for name in _names(path)
        if name in _operations("cloudformation")
    }

    assert called <= set(INSTALLING)
    assert len(called) > 5


def _root() -> Path:
    return Path(orchestrator.__file__).parent


def _modules() -> Iterator[Path]:
    """The modules behind the commands. `session` only asks who we are, which everybody may."""
    yield from (path for path in (_root() / "operations").glob("*.py") if path.name != "session.py")


def _calls(path: Path) -> Iterator[str]:
    """The IAM actions of the calls that a module makes on the clients it asks for."""
    services = {
        call.args[0].value
        for call in _method_calls(path)
        if call.func.attr == "client" and isinstance(call.args[0], ast.Constant)  # type: ignore[attr-defined]
    }
    names = set(_names(path))
    for service in map(str, services):
        for name, operation in _operations(service).items():
            if name in names:
                yield _iam_name(service, operation)


def _names(path: Path) -> Iterator[str]:
    """The names of methods that a module calls, and those it makes paginators of."""
    for call in _method_calls(path):
        name = call.func.attr  # type: ignore[attr-defined]  # every one is a method's
        if name == "get_paginator" and isinstance(call.args[0], ast.Constant):
            yield str(call.args[0].value)
        yield name


def _method_calls(path: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node


@cache
def _operations(service: str) -> dict[str, str]:
    client = boto3.client(
        service,  # type: ignore[call-overload]  # the service's name is data here
        region_name="eu-central-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    return {xform_name(name): name for name in client.meta.service_model.operation_names}


def _iam_name(service: str, operation: str) -> str:
    """The action that AWS checks for an operation: most bear its name, under the prefix of the service's own."""
    prefix = {"stepfunctions": "states", "iot-data": "iot"}.get(service, service)
    other = {
        "s3:DeleteObjects": "s3:DeleteObject",
        "s3:ListObjectsV2": "s3:ListBucket",
        "lambda:Invoke": "lambda:InvokeFunction",
        "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
        "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    }
    return other.get(f"{prefix}:{operation}", f"{prefix}:{operation}")
