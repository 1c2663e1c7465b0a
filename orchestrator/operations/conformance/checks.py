"""The checks: each holds one sentence of the contract against the endpoint, in the order of `checks.json`.

A check is a list of exchanges, or, where it takes more than that, the function of its name in `procedures`.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from orchestrator.operations.conformance import procedures
from orchestrator.operations.conformance.exchange import Exchange
from orchestrator.operations.conformance.probe import Probe

LISTED = Path(__file__).with_name("checks.json")


@dataclass(frozen=True)
class Check:
    """One check. `layers` are the endpoints it applies to; `signing` says that it needs a connection that signs."""

    name: str
    group: str
    says: str
    test: Callable[[Probe], None]
    layers: Collection[str] = ("L2", "L3")
    signing: bool = False


def _check(listed: Mapping[str, Any], **group: Any) -> Check:
    name, layers = listed["name"], listed.get("layers", Check.layers)
    if "exchanges" in listed:
        exchanges = [Exchange(**each) for each in listed["exchanges"]]
        return Check(name, says=listed["says"], test=partial(_run, exchanges), layers=layers, **group)
    procedure = getattr(procedures, name.replace("-", "_"))
    return Check(name, says=inspect.getdoc(procedure) or "", test=procedure, layers=layers, **group)


def _run(exchanges: Sequence[Exchange], probe: Probe) -> None:
    for exchange in exchanges:
        exchange.run(probe)


CHECKS = tuple(
    _check(listed, group=group["group"], signing=group.get("signing", False))
    for group in json.loads(LISTED.read_text(encoding="utf-8"))
    for listed in group["checks"]
)
"""All of them, in the order in which they run."""
