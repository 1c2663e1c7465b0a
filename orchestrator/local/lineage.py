"""Counts how often each function has run in one chain of requests, as Lambda's recursive loop detection does (pure).

Lambda hands the counts to a function in the trace header, and botocore sends that header with every call of the
function's (`X-Amzn-Trace-Id`). It ends in `Lineage=a87bd80c:1|68fd508a:5`: a function's hash, and how often it has run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from urllib.parse import unquote

HEADER = "X-Amzn-Trace-Id"
LIMIT = 16
"""How many times a function runs in one chain; Lambda stops the next invocation. AWS says "approximately"."""

Lineage = Mapping[str, int]
_FIELD = "Lineage"


def read(header: str) -> Lineage:
    """The counts in a trace header, as it was written or as botocore has quoted it; empty if it has none."""
    fields = (field.partition("=") for field in unquote(header).split(";"))
    counts = next((value for name, _, value in fields if name == _FIELD), "")
    entries = (entry.rpartition(":") for entry in counts.split("|"))
    return {function: int(count) for function, _, count in entries if function and count.isdigit()}


def written(lineage: Lineage, header: str) -> str:
    """A trace header with these counts in place of its own."""
    others = [field for field in header.split(";") if not field.startswith(f"{_FIELD}=")]
    counts = "|".join(f"{function}:{count}" for function, count in lineage.items())
    return ";".join([*others, f"{_FIELD}={counts}"])


def joined(lineages: Iterable[Lineage]) -> Lineage:
    """The highest count of each function: the lineage of an invocation for several messages."""
    found: dict[str, int] = {}
    for lineage in lineages:
        found |= {function: max(count, found.get(function, 0)) for function, count in lineage.items()}
    return found


def invoked(lineage: Lineage, function_arn: str) -> Lineage:
    """The lineage inside of an invocation: one more of that function."""
    function = _hash(function_arn)
    return {**lineage, function: lineage.get(function, 0) + 1}


def is_loop(lineage: Lineage, function_arn: str) -> bool:
    """Whether Lambda stops the invocation of that function."""
    return lineage.get(_hash(function_arn), 0) >= LIMIT


def _hash(function_arn: str) -> str:
    unqualified = ":".join(function_arn.split(":")[:7])
    return hashlib.sha256(unqualified.encode()).hexdigest()[:8]
