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

_INTRODUCTION = f"""\
Names are worked out from the twin's name alone: nothing is looked up, so a resource can always be found again. The
examples are for a twin `{_TWIN.twin}` of the installation `{_HERE.prefix}`.

A twin's and a device's name has {names.NAME_RULE}. Where AWS allows less ({names.FUNCTION_LIMIT} characters for
functions and roles, {names.QUEUE_LIMIT} for queues, {names.RULE_LIMIT} for IoT rules), a longer name is cut and ends in
a hash of the whole, so that it stays the same and stays unique. Everything carries the tags `DigitalTwin`, `Layer` and
`ManagedBy=multicloud-gluecode`.
"""


def page() -> str:
    """The page with the tables."""
    return markdown.page(
        "Names",
        "orchestrator/core/names.py",
        _INTRODUCTION,
        "## Of a twin",
        markdown.table(("name", "what it is"), _of(_TWIN)),
        "## Of the installation",
        markdown.table(("name", "what it is"), _of(_HERE)),
        "## In the artifact bucket",
        markdown.table(("key", "what it is"), _keys()),
    )


def _of(holder: TwinNames | Installation) -> Iterator[tuple[str, str]]:
    for name, member in vars(type(holder)).items():
        if name.startswith("_") or name.endswith("_arn") or name in ("arn", "queue_url", "twin"):
            continue
        if isinstance(member, property):
            value = getattr(holder, name)
            shown = [value] if isinstance(value, str) else list(value)
            yield markdown.codes(shown), _about(member)
        elif inspect.isfunction(member):
            parameter = list(inspect.signature(member).parameters)[1]
            made = [str(getattr(holder, name)(argument)) for argument in _ARGUMENTS[parameter]]
            yield markdown.codes(made), _about(member)


def _keys() -> Iterator[tuple[str, str]]:
    for function, arguments in _KEYS:
        yield markdown.code(function(*arguments)), _about(function)


def _about(member: object) -> str:
    """The first sentence of its docstring, without an example that would repeat the name beside it."""
    text = (inspect.getdoc(member) or "").split("\n\n")[0].replace("\n", " ")
    before, arrow, _ = text.partition(": `")
    return before + "." if arrow and "->" in text else text
