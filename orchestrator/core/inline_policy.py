"""A role's inline policy while functions that act under the role change: what it allows now and what it shall allow."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

Statement = dict[str, Any]

INLINE_LIMIT = 10_240
"""The characters that IAM allows for all inline policies of a role together."""


def widened(live: Mapping[str, Any] | None, desired: Mapping[str, Any]) -> dict[str, Any]:
    """The desired policy with what the live one allows besides; the desired one alone where IAM would refuse both.

    What is added has no `Sid`, since those of a policy differ.
    """
    added = [statement for statement in map(_without_sid, _statements(live)) if statement not in _contents(desired)]
    both = {**desired, "Statement": [*_statements(desired), *added]}
    return both if added and len(json.dumps(both, separators=(",", ":"))) <= INLINE_LIMIT else dict(desired)


def covers(live: Mapping[str, Any] | None, desired: Mapping[str, Any]) -> bool:
    """Whether the live policy has every statement of the desired one."""
    return all(statement in _contents(live) for statement in _contents(desired))


def _contents(policy: Mapping[str, Any] | None) -> list[Statement]:
    return list(map(_without_sid, _statements(policy)))


def _statements(policy: Mapping[str, Any] | None) -> list[Statement]:
    found = (policy or {}).get("Statement", [])
    return found if isinstance(found, list) else [found]


def _without_sid(statement: Statement) -> Statement:
    return {name: value for name, value in statement.items() if name != "Sid"}
