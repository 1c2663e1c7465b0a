"""Asks IAM's policy simulator what a user or a role may do, and reads its answer with care."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

Verdict = Literal["allowed", "missing", "conditional", "unknown"]
Access = tuple[str, str]
"""An action, and the ARN of the resource it is used on."""

_AT_ONCE = 100


@dataclass(frozen=True)
class Decision:
    """Whether an action is allowed, and why not. `conditional`: it depends on what only a real request has."""

    verdict: Verdict
    why: str = ""


ALLOWED = Decision("allowed")
NOT_GRANTED = Decision("missing", "no policy allows it")


def simulate(iam: Any, source_arn: str, wanted: Iterable[Access]) -> dict[Access, Decision]:
    """What the user or role of that ARN may do: one call for each resource. Raises ClientError as IAM does."""
    decided: dict[Access, Decision] = {}
    for resource, asks in groupby(sorted(set(wanted), key=_by_resource), key=lambda ask: ask[1]):
        actions = [action for action, _ in asks]
        for start in range(0, len(actions), _AT_ONCE):
            for result in _simulated(iam, source_arn, actions[start : start + _AT_ONCE], resource):
                decided[result["EvalActionName"], resource] = _decision(result)
    return decided


def _by_resource(ask: Access) -> tuple[str, str]:
    return ask[1], ask[0]


def _simulated(iam: Any, source_arn: str, actions: list[str], resource: str) -> Iterator[Mapping[str, Any]]:
    pages = iam.get_paginator("simulate_principal_policy").paginate(
        PolicySourceArn=source_arn, ActionNames=actions, ResourceArns=[resource]
    )
    for page in pages:
        yield from page.get("EvaluationResults", [])


def _decision(result: Mapping[str, Any]) -> Decision:
    if result["EvalDecision"] == "allowed":
        return ALLOWED
    if result.get("OrganizationsDecisionDetail", {}).get("AllowedByOrganizations") is False:
        # The simulator leaves conditions of service control policies out: "deny outside these regions" reads as a deny.
        return Decision("conditional", "a service control policy of the organization may deny it")
    keys = {key for each in (result, *result.get("ResourceSpecificResults", ())) for key in _absent_keys(each)}
    if keys:
        return Decision("conditional", f"it depends on {', '.join(sorted(keys))}")
    if result["EvalDecision"] == "explicitDeny":
        return Decision("missing", "a policy denies it")
    if result.get("PermissionsBoundaryDecisionDetail", {}).get("AllowedByPermissionsBoundary") is False:
        return Decision("missing", "the permissions boundary does not allow it")
    return NOT_GRANTED


def _absent_keys(result: Mapping[str, Any]) -> list[str]:
    keys: list[str] = result.get("MissingContextValues", [])
    return keys
