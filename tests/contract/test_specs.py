"""A spec is read strictly: whatever is wrong with it is said with the field's name, before AWS is called."""

from __future__ import annotations

from typing import Any

import pytest

from deploy_steps.registry import KINDS
from orchestrator.core.spec_json import read_spec
from orchestrator.core.specs import (
    FunctionSpec,
    InvalidSpec,
    Owner,
    PermissionsSpec,
    SecretSpec,
    Statement,
    StoredObject,
    TokenSource,
)

FUNCTION: dict[str, Any] = {
    "name": "twin-writer",
    "owner": {"twin": "twin", "layer": "L3"},
    "role_arn": "arn:aws:iam::111122223333:role/twin-writer",
    "handler": "app.handler",
    "code": {"bucket": "artifacts", "key": "code/functions.zip", "sha256": "c2hh"},
    "runtime": "python3.13",
    "architecture": "arm64",
    "memory_mb": 256,
    "timeout_seconds": 30,
    "log_group": "/gluecode/twin",
    "environment": {"A": "1"},
    "layers": ["arn:layer"],
}


def test_nested_objects_lists_and_defaults_are_read_into_the_spec() -> None:
    spec = read_spec(FunctionSpec, FUNCTION)

    assert spec.owner == Owner("twin", "L3", adopt=False)
    assert spec.code == StoredObject("artifacts", "code/functions.zip", "c2hh")
    assert (spec.layers, spec.environment, spec.configuration_layer) == (("arn:layer",), {"A": "1"}, None)


def test_a_list_of_objects_is_read_into_a_tuple() -> None:
    statement = {"id": "gluecode-url", "principal": "*", "action": "lambda:InvokeFunctionUrl"}

    spec = read_spec(PermissionsSpec, {"name": "f", "owner": {"twin": "t"}, "statements": [statement]})

    assert spec.statements == (Statement("gluecode-url", "*", "lambda:InvokeFunctionUrl"),)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (None, None),
        ({"bucket": "b", "key": "k", "connection": "c"}, TokenSource("b", "k", "c")),
    ],
)
def test_an_optional_object_may_be_null(source: Any, expected: TokenSource | None) -> None:
    assert read_spec(SecretSpec, {"name": "s", "owner": {"twin": "t"}, "source": source}).source == expected


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param("text", "FunctionSpec: expected an object, got str.", id="not an object"),
        pytest.param(
            {**FUNCTION, "memory": 1}, "FunctionSpec does not know memory; it takes architecture", id="unknown"
        ),
        pytest.param({"name": "x"}, "FunctionSpec misses owner, role_arn, handler, code", id="missing"),
        pytest.param({**FUNCTION, "memory_mb": "256"}, "FunctionSpec.memory_mb: expected int, got str.", id="number"),
        pytest.param(
            {**FUNCTION, "memory_mb": True}, "FunctionSpec.memory_mb: expected int, got bool.", id="no number"
        ),
        pytest.param({**FUNCTION, "owner": "twin"}, "FunctionSpec.owner: expected an object, got str.", id="owner"),
        pytest.param({**FUNCTION, "owner": {}}, "FunctionSpec.owner misses twin.", id="owner of nobody"),
        pytest.param(
            {**FUNCTION, "code": {**FUNCTION["code"], "key": 1}}, "FunctionSpec.code.key: expected str", id="deep"
        ),
        pytest.param({**FUNCTION, "layers": "arn"}, "FunctionSpec.layers: expected a list, got str.", id="no list"),
        pytest.param(
            {**FUNCTION, "layers": ["a", 1]}, "FunctionSpec.layers[1]: expected str, got int.", id="in a list"
        ),
        pytest.param({**FUNCTION, "environment": []}, "FunctionSpec.environment: expected an object", id="no object"),
        pytest.param(
            {**FUNCTION, "environment": {"A": 1}}, "FunctionSpec.environment.A: expected str", id="in an object"
        ),
    ],
)
def test_what_is_wrong_with_a_spec_is_said_with_the_fields_name(data: Any, message: str) -> None:
    with pytest.raises(InvalidSpec) as error:
        read_spec(FunctionSpec, data)

    assert str(error.value).startswith(message)


@pytest.mark.parametrize("name", sorted(KINDS))
def test_an_identity_needs_nothing_but_name_and_owner(name: str) -> None:
    identity: Any = read_spec(KINDS[name].identity, {"name": "x", "owner": {"twin": "t"}})

    assert (identity.name, identity.owner) == ("x", Owner("t"))


@pytest.mark.parametrize("name", sorted(KINDS))
def test_a_kind_is_found_in_the_module_of_its_name_with_its_three_handlers(name: str) -> None:
    module = __import__(f"deploy_steps.kinds.{name.replace('-', '_')}", fromlist=["kind"])

    assert module.kind is KINDS[name]
    assert all(callable(getattr(module, f"{verb}_task")) for verb in ("create", "destroy", "info"))
