"""An empty list or map may be missing in AWS's answer, so no code takes it for granted."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
from botocore import xform_name

ROOT = Path(__file__).parents[2]
SERVICES = (
    "cloudformation",
    "cloudwatch",
    "dynamodb",
    "events",
    "iam",
    "iot",
    "lambda",
    "logs",
    "s3",
    "secretsmanager",
    "sqs",
    "stepfunctions",
    "sts",
    "xray",
)
EMULATION = ("orchestrator/local/", "orchestrator/demo/", "orchestrator/reference/")
NEVER_EMPTY = {
    ("deploy_steps/kinds/shared/queue.py", "Attributes"),  # all of a queue's
    ("deploy_steps/kinds/hot_table.py", "AttributeDefinitions"),
    ("deploy_steps/kinds/hot_table.py", "KeySchema"),
    ("deploy_steps/tasks/build_processor_package.py", "Metadata"),  # we put it there
    ("deploy_steps/kinds/event_source.py", "FunctionResponseTypes"),  # of our own request
    ("deploy_steps/state/state_table.py", "Attributes"),  # where `get` has found it
    ("deploy_steps/state/state_table.py", "Item"),
    ("deploy_steps/state/lock.py", "Item"),  # of an error that has it
    ("orchestrator/operations/failure_queue.py", "Attributes"),  # the ones that were asked for
    ("orchestrator/install/stacks.py", "Stacks"),  # of a name that there is
}
OURS = {"orchestrator/install/template.py", "orchestrator/install/install.py"}  # templates that we write


@functools.cache
def _models() -> dict[str, Any]:
    session = botocore.session.get_session()
    return {service: session.get_service_model(service) for service in SERVICES}


def optional_members(methods: set[str]) -> set[str]:
    """The lists and maps that AWS may leave out of the answers of these methods, given by boto3's names."""
    return {
        name
        for model in _models().values()
        for operation in model.operation_names
        if xform_name(operation) in methods
        for name in _optional(model.operation_model(operation).output_shape)
    }


def _optional(shape: Any) -> set[str]:
    members = shape.members.items() if shape else ()
    return {
        name for name, inner in members if inner.type_name in ("list", "map") and name not in shape.required_members
    }


def sources() -> Iterator[Path]:
    for package in ("deploy_steps", "orchestrator", "lambda_functions"):
        for path in sorted((ROOT / package).rglob("*.py")):
            name = str(path.relative_to(ROOT))
            if not name.startswith(EMULATION) and name not in OURS:
                yield path


def taken_for_granted(path: Path) -> Iterator[tuple[str, str]]:
    """File and member of each subscript that reads an optional list or map of a call that the file makes."""
    tree = ast.parse(path.read_text())
    nodes = list(ast.walk(tree))
    called = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    paginated = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    members = optional_members(called | paginated)
    read = (node for node in nodes if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load))
    for subscript in read:
        if isinstance(subscript.slice, ast.Constant) and subscript.slice.value in members:
            yield str(path.relative_to(ROOT)), str(subscript.slice.value)


def test_an_optional_list_or_map_of_an_answer_is_read_with_a_default() -> None:
    found = {each for path in sources() for each in taken_for_granted(path)}

    assert sorted(found - NEVER_EMPTY) == []
