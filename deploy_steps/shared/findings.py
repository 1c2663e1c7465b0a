"""The findings of an inspection: what is missing, what has drifted and how, what is left over."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from deploy_steps.contract import Result

Finding = dict[str, Any]
"""kind, name, problem (`missing`, `drifted` or `left over`), changes (field; before: what is there; after: what should
be)."""

_PROBLEMS = {"absent": "missing", "drifted": "drifted"}
_LONGEST_VALUE = 2_000  # characters of one side of a change
_LARGEST = 90_000  # characters of all findings: a state machine carries 262,144 bytes
_MOST = 500


def compared(result: Result) -> Finding | None:
    """The finding that a comparison with the plan comes to, if it is one."""
    problem = _PROBLEMS.get(result.outcome)
    if problem is None:
        return None
    changes = [{"field": each.field, "before": each.before, "after": each.after} for each in result.changes]
    return {"kind": result.kind, "name": result.name, "problem": problem, "changes": changes}


def left_over(step: Mapping[str, Any]) -> Finding | None:
    """The finding that a step of a dry removal comes to: what would be deleted is left over."""
    if step["outcome"] != "deleted":
        return None
    return {"kind": step["kind"], "name": step["name"], "problem": "left over", "changes": []}


def cut(found: Iterable[Finding]) -> dict[str, Any]:
    """`findings` that fit what a state machine can carry, and `counts` of all by problem.

    Long values are cut first, then changes are left out, then findings.
    """
    listed = list(found)
    shown = [{**each, "changes": [_cut_change(change) for change in each["changes"]]} for each in listed[:_MOST]]
    size = 0
    for each in shown:
        size += len(json.dumps(each))
        if size > _LARGEST:
            each["changes"] = []
    return {"findings": shown, "counts": dict(Counter(each["problem"] for each in listed))}


def _cut_change(change: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _cut_value(value) if name != "field" else value for name, value in change.items()}


def _cut_value(value: Any) -> Any:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return value if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"
