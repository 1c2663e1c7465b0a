"""Every kind of resource that a step can create, inspect and remove: its spec and its actions, from the code."""

from __future__ import annotations

import inspect
import re
import sys
from dataclasses import MISSING, Field, fields
from typing import Any, get_args, get_type_hints

from deploy_steps import errors
from deploy_steps.registry import KINDS
from deploy_steps.task import Kind
from orchestrator.reference import markdown

_INTRODUCTION = """\
A kind is one module in `deploy_steps/` with three functions, each of which is deployed as a Lambda task of its own:
`create`, `destroy` and `info`. What they promise is in the [step contract](../architecture/step-contract.md).
"""
_ERRORS = """\
The closed list of errors that a step raises on purpose. State machines retry or catch them by these names, and an
execution that fails ends with one of them.
"""


def page() -> str:
    """The page with all kinds, and the errors that steps raise."""
    rows = [(f"`{error.__name__}`", _retried(error), _about(error)) for error in _errors()]
    return markdown.page(
        "Kinds of resources, and errors",
        "deploy_steps/*.py",
        _INTRODUCTION,
        *map(_kind, KINDS.values()),
        f"## Errors\n\n{_ERRORS}",
        markdown.table(("error", "retried", "what it means"), rows),
    )


def _kind(kind: Kind) -> str:
    module = sys.modules[f"deploy_steps.kinds.{kind.name.replace('-', '_')}"]
    hints = get_type_hints(kind.spec)
    rows = [(markdown.code(field.name), _type(hints[field.name]), _default(field)) for field in fields(kind.spec)]
    actions = [
        (verb, markdown.codes(kind.actions.of(verb), ", "), _about(getattr(kind, verb)))
        for verb in ("create", "info", "destroy")
    ]
    return "\n\n".join(
        (
            f"## `{kind.name}`",
            markdown.plain(_about(module)),
            markdown.table(("field of the spec", "type", "default"), rows),
            markdown.table(("verb", "IAM actions", "what it does"), actions),
        )
    )


def _type(hint: object) -> str:
    name = (
        hint.__name__ if isinstance(hint, type) and not get_args(hint) else re.sub(r"[\w.]+\.(\w+)", r"\1", str(hint))
    )
    return markdown.code(name)


def _default(field: Field[Any]) -> str:
    if field.default_factory is not MISSING:
        return markdown.code(repr(field.default_factory()))
    return "" if field.default is MISSING else markdown.code(repr(field.default))


def _errors() -> list[type[errors.StepError]]:
    found = [member for member in vars(errors).values() if inspect.isclass(member)]
    return [error for error in found if issubclass(error, errors.StepError) and error is not errors.StepError]


def _retried(error: type[errors.StepError]) -> str:
    return "yes" if issubclass(error, errors.RETRYABLE) else ""


def _about(thing: object) -> str:
    return markdown.plain((inspect.getdoc(thing) or "").split("\n\n")[0].replace("\n", " "))
