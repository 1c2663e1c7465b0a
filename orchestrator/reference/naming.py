"""The name of every resource, from the naming module, shown for one twin."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator

from orchestrator.core import names
from orchestrator.core.catalogue import FUNCTIONS, SENDERS
from orchestrator.core.names import Installation, TwinNames
from orchestrator.reference import markdown

_TWIN = TwinNames("factory-twin")
_HERE = Installation("gluecode", "aws", "eu-central-1", "123456789012")
_ARGUMENTS: dict[str, tuple[str, ...]] = {
    "component": FUNCTIONS,
    "device": ("oven-1",),
    "alarm": names.ALARMS,
    "connection_id": ("aws_l1_to_azure_l2",),
    "sender": SENDERS,
    "machine": ("deploy",),
    "words": ("create-iam-role",),
}
_KEYS: tuple[tuple[Callable[..., str], tuple[str, ...]], ...] = (
    (names.project_files, ("factory-twin",)),
    (names.draft_files, ("factory-twin", "{digest}")),
    (names.configuration_key, ("factory-twin", "{sha256}")),
    (names.package_key, ("factory-twin", "oven-1", "{digest}")),
)


def page() -> str:
    """The page with the tables."""
    return markdown.page(
        "names",
        twin=_TWIN.twin,
        prefix=_HERE.prefix,
        name_rule=names.NAME_RULE,
        function_limit=str(names.FUNCTION_LIMIT),
        queue_limit=str(names.QUEUE_LIMIT),
        rule_limit=str(names.RULE_LIMIT),
        of_a_twin=markdown.table(("name", "what it is"), _of(_TWIN)),
        shared=markdown.table(("name", "what it is"), _shared()),
        of_the_installation=markdown.table(("name", "what it is"), _of(_HERE)),
        keys=markdown.table(("key", "what it is"), _keys()),
    )


def _of(holder: TwinNames | Installation) -> Iterator[tuple[str, str]]:
    for name, member in vars(type(holder)).items():
        if name.startswith(("_", "arn")) or name.endswith("_arn") or name in ("queue_url", "twin"):
            continue
        if isinstance(member, property):
            value = getattr(holder, name)
            shown = [value] if isinstance(value, str) else list(value)
            yield markdown.codes(shown), _about(member)
        elif inspect.isfunction(member):
            parameter = list(inspect.signature(member).parameters)[1]
            made = [str(getattr(holder, name)(argument)) for argument in _ARGUMENTS[parameter]]
            yield markdown.codes(made), _about(member)


def _shared() -> Iterator[tuple[str, str]]:
    """What all regions of an account share."""
    role = names.role_path(_HERE.scope) + names.role_name(_TWIN.function("dispatcher"), _HERE.scope)
    yield markdown.code(role), "The role of a function, with its path."
    rule_role = names.role_path(_HERE.scope) + names.role_name(_TWIN.iot_role, _HERE.scope)
    yield markdown.code(rule_role), "The role of the topic rule, with its path."
    yield markdown.code(names.dashboard_name(_TWIN.dashboard, _HERE.scope)), "The dashboard."


def _keys() -> Iterator[tuple[str, str]]:
    for function, arguments in _KEYS:
        yield markdown.code(function(*arguments)), _about(function)


def _about(member: object) -> str:
    """The first sentence of its docstring, without an example that would repeat the name beside it."""
    text = markdown.summary(member)
    before, arrow, _ = text.partition(": `")
    return before + "." if arrow and "->" in text else text
