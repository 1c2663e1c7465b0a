"""Turns the error that a state machine caught into a sentence for a person: which step, what, how to go on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

LONGEST = 8_000
"""Characters of a cause: a Fail state takes 32,768, and the item of the history 400 KB."""


def explained(caught: Mapping[str, Any]) -> tuple[str, str]:
    """The name of the innermost error, and its message, cut to LONGEST.

    `caught` is what a Catch puts down: Error, and as Cause a text, a Lambda error ({"errorMessage": …}), or the
    description of a nested execution, whose own Error and Cause are inside.
    """
    error, cause = str(caught.get("Error") or "Unknown"), str(caught.get("Cause") or "")
    told = _object(cause)
    if "errorMessage" in told:
        return error, _cut(str(told["errorMessage"]))
    if "ExecutionArn" in told:
        return _nested(error, told)
    return error, _cut(cause) or "The engine gave no cause; the execution's graph shows the step."


def _nested(error: str, execution: Mapping[str, Any]) -> tuple[str, str]:
    inner, message = error, f"It ended as {execution.get('Status')}: {execution['ExecutionArn']}"
    if execution.get("Error"):
        inner, message = explained(execution)
    subject = _subject(execution.get("Input"))
    return inner, message if subject in message else _cut(f"{subject}: {message}")


def _subject(given: Any) -> str:
    """The function that a nested execution worked on."""
    request = _object(given) if isinstance(given, str) else given
    if not isinstance(request, Mapping):
        return ""
    part = request.get("component") or request.get("identity") or {}
    return str(part.get("name", ""))


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
