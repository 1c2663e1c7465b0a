"""Finds the functions that are bound to a role which is gone, though there is one of its name (pure)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from deploy_steps.contract import Change, Result
from deploy_steps.kinds.function import ROLE_ID


def with_bindings(found: Collection[tuple[Mapping[str, Any], Result]], *, unmarked: bool) -> list[Result]:
    """What `info` reported of each spec, where a function that has to be bound again is `drifted`.

    `unmarked`: also one that does not show what it is bound to, because an earlier release deployed it. That is no
    drift, but the next deployment binds it.
    """
    there = {result.outputs["arn"]: result.outputs["id"] for _, result in found if _is(result, "iam-role")}
    return [
        _compared(result, there.get(spec["role_arn"]), unmarked=unmarked) if _is(result, "function") else result
        for spec, result in found
    ]


def _is(result: Result, kind: str) -> bool:
    return result.kind == kind and result.outcome != "absent"


def _compared(function: Result, role_id: str | None, *, unmarked: bool) -> Result:
    bound_to = function.outputs[ROLE_ID]
    if role_id in (None, bound_to) or (bound_to is None and not unmarked):
        return function
    return replace(function, outcome="drifted", changes=(*function.changes, Change(ROLE_ID, bound_to, role_id)))
