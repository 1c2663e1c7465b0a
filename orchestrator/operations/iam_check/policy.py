"""Writes the policies that grant what is missing, to be pasted into IAM (pure)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from orchestrator.core.iam_resources import service_of
from orchestrator.operations.iam_check.checking import Finding

Document = dict[str, Any]

LIMIT = 6_144
"""Characters of a managed policy, white space not counted."""

_PASSED_TO = ["lambda.amazonaws.com", "iot.amazonaws.com", "states.amazonaws.com"]


def policies(findings: Iterable[Finding]) -> tuple[Document, ...]:
    """As few policy documents as IAM's limit allows, which together allow what the findings say no policy allows."""
    documents: list[list[Document]] = [[]]
    for statement in _statements(findings):
        if len(_text([*documents[-1], statement])) > LIMIT:
            documents.append([])
        documents[-1].append(statement)
    return tuple(_document(statements) for statements in documents if statements)


def _statements(findings: Iterable[Finding]) -> list[Document]:
    """One statement for each service and set of resources; passing a role stands alone, for its condition."""
    grouped: dict[tuple[str, tuple[str, ...]], set[str]] = {}
    passing: set[str] = set()
    for finding in filter(lambda each: each.grantable, findings):
        if finding.action == "iam:PassRole":
            passing.update(finding.place.granted)
        else:
            grouped.setdefault((service_of(finding.action), finding.place.granted), set()).add(finding.action)
    made: list[Document] = [
        {"Effect": "Allow", "Action": sorted(actions), "Resource": list(resources)}
        for (_, resources), actions in sorted(grouped.items())
    ]
    if passing:
        condition = {"StringEquals": {"iam:PassedToService": _PASSED_TO}}
        made.append(
            {"Effect": "Allow", "Action": ["iam:PassRole"], "Resource": sorted(passing), "Condition": condition}
        )
    return made


def _document(statements: list[Document]) -> Document:
    return {"Version": "2012-10-17", "Statement": statements}


def _text(statements: list[Document]) -> str:
    return json.dumps(_document(statements), separators=(",", ":"))
