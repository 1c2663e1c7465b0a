"""Decides from policy documents whether an action is allowed: AWS's own rules for one account (pure).

A deny wins over every allow; what no policy allows is denied; a permissions boundary must allow it as well. Conditions
are not decided, because they ask for what only a real request has: what hangs on one is `conditional`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from deploy_steps.shared.simulation import ALLOWED, NOT_GRANTED, Decision

_VARIABLE = re.compile(r"\$\{[^}]*}")  # ${aws:username}: known only when a request is made


@dataclass(frozen=True)
class Policy:
    """A policy document, and what a person knows it by: `inline policy deployers`."""

    name: str
    document: Mapping[str, Any]


@dataclass(frozen=True)
class Policies:
    """What a user or role has: the policies that grant, its own and its groups', and the boundary if there is one."""

    granting: tuple[Policy, ...]
    boundary: Policy | None = None

    @property
    def all(self) -> tuple[Policy, ...]:
        """All of them: a deny counts wherever it stands."""
        return (*self.granting, *((self.boundary,) if self.boundary else ()))


def decide(policies: Policies, action: str, resource: str) -> Decision:
    """Whether the action is allowed on the resource (an ARN, or `*` for an action that knows no resource)."""
    denied = list(_matches("Deny", policies.all, action, resource))
    certain = next((match for match in denied if not match.conditional), None)
    if certain:
        return Decision("missing", f"the {certain.policy} denies it")
    granted = _granted(policies.granting, action, resource)
    if granted.verdict == "missing":
        return granted
    bounded = ALLOWED if policies.boundary is None else _granted((policies.boundary,), action, resource)
    if bounded.verdict == "missing":
        return Decision("missing", "the permissions boundary does not allow it")
    if denied:
        return Decision("conditional", f"the {denied[0].policy} denies it under a condition")
    return bounded if granted.verdict == "allowed" else granted


@dataclass(frozen=True)
class _Match:
    """A statement that speaks of the action and the resource."""

    policy: str
    conditional: bool


def _granted(policies: Iterable[Policy], action: str, resource: str) -> Decision:
    matches = list(_matches("Allow", policies, action, resource))
    if not matches:
        return NOT_GRANTED
    if any(not match.conditional for match in matches):
        return ALLOWED
    return Decision("conditional", f"the {matches[0].policy} allows it under a condition")


def _matches(effect: str, policies: Iterable[Policy], action: str, resource: str) -> Iterator[_Match]:
    for policy in policies:
        for statement in _listed(policy.document.get("Statement", ())):
            if statement.get("Effect") != effect or not _speaks_of(statement, "Action", action):
                continue
            if _speaks_of(statement, "Resource", resource):
                yield _Match(policy.name, bool(statement.get("Condition")) or _has_variable(statement))


def _speaks_of(statement: Mapping[str, Any], element: str, value: str) -> bool:
    """Whether `Action` (or `Resource`) names the value, or `NotAction` (`NotResource`) does not."""
    if element in statement:
        return any(_like(pattern, value, element) for pattern in _listed(statement[element]))
    return not any(_like(pattern, value, element) for pattern in _listed(statement.get(f"Not{element}", ())))


def _has_variable(statement: Mapping[str, Any]) -> bool:
    resources = (*_listed(statement.get("Resource", ())), *_listed(statement.get("NotResource", ())))
    return any(_VARIABLE.search(resource) for resource in resources)


def _like(pattern: str, value: str, element: str) -> bool:
    """Whether a pattern with `*` and `?` covers the value. Actions are compared without regard to case."""
    return _compiled(pattern, element == "Action").fullmatch(value) is not None


@cache
def _compiled(pattern: str, ignoring_case: bool) -> re.Pattern[str]:
    parts = re.split(r"(\*|\?)", _VARIABLE.sub("*", pattern))
    signs = {"*": ".*", "?": "."}
    text = "".join(signs.get(part, re.escape(part)) for part in parts)
    return re.compile(text, re.DOTALL | (re.IGNORECASE if ignoring_case else 0))


def _listed(value: Any) -> tuple[Any, ...]:
    """A policy may give one thing where it could give a list."""
    return tuple(value) if isinstance(value, list | tuple) else (value,)
