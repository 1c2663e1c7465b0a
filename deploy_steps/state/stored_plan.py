"""The plan of the last successful deployment, kept in the state table.

It is what rollback returns to, what inspect measures by, and what a deployment of the very same files starts from.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from orchestrator.core.plan import Request, unchanged_since_deploy
from orchestrator.core.plan.prune import wanted

ITEM = "plan"

_OF_THE_RUN = (
    *("run", "dry_run", "on_failure", "retain_data", "drain_seconds", "expected_steps"),
    *("unchanged_since_deploy", "results", "previous", "deployed_by"),
)
_OF_A_FAILURE = ("failure", "rollback_failure", "rolled_back_from", "nothing_to_go_back_to", "outcome")


def kept(state: Mapping[str, Any]) -> dict[str, Any]:
    """The plan in a finished execution's state, with the configuration layer's version that came of it."""
    plan = {name: value for name, value in state.items() if name not in (*_OF_THE_RUN, *_OF_A_FAILURE)}
    layer = state["results"]["steps"].get("shared", {}).get("configuration_layer", {})
    there = frozenset(wanted(plan).components)
    return {**unchanged_since_deploy(plan, there), "configuration_layer_arn": layer.get("outputs", {}).get("arn", "")}


def replanned(plan: Mapping[str, Any], request: Request) -> dict[str, Any]:
    """The plan of a run that asks for what was deployed last: only what it was started with is another."""
    asked = {name: value for name, value in asdict(request).items() if name != "adopt"}
    return {**plan, **asked, "results": {}}


def packed(plan: Mapping[str, Any]) -> dict[str, Any]:
    """The item's content: compressed, since a plan can have a hundred kilobytes and says the same thing often."""
    return {"content": gzip.compress(json.dumps(plan).encode(), mtime=0)}


def unpacked(item: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The plan in an item; None where there is none: no deployment of the twin has succeeded yet."""
    if item is None:
        return None
    plan: dict[str, Any] = json.loads(gzip.decompress(item["content"]))
    return plan
