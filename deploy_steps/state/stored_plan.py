"""The plan of the last successful deployment, kept in the state table.

It is what rollback returns to, what inspect measures by, and what a deployment of the very same files starts from.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from deploy_steps.errors import InvalidInput
from orchestrator.core.plan import Plan, Request, unchanged_since_deploy
from orchestrator.core.plan.prune import wanted

ITEM = "plan"
VERSION = 2
"""Of what is stored. Whoever changes a name in the plan's JSON raises it, and teaches `migrated` the old one."""

_OF_THE_RUN = ("run", "dry_run", "on_failure", "retain_data", "results")
_NAMES_OF_1 = {"outgoing_queue": "outbox", "was_there": "may_exist"}


def kept(state: Mapping[str, Any]) -> dict[str, Any]:
    """The plan in a finished execution's state, with the configuration layer's version that came of it."""
    made = unchanged_since_deploy(Plan.from_json(state), wanted(state).components).as_json()
    layer = state["results"]["steps"].get("shared", {}).get("configuration_layer", {})
    return {
        **{name: value for name, value in made.items() if name not in _OF_THE_RUN},
        "basis": state["basis"],
        "configuration_layer_arn": layer.get("outputs", {}).get("arn", ""),
    }


def replanned(plan: Mapping[str, Any], request: Request) -> dict[str, Any]:
    """The plan of a run that asks for what was deployed last: only what it was started with is another."""
    asked = {name: value for name, value in asdict(request).items() if name != "adopt"}
    return {**plan, **asked, "results": {}}


def packed(plan: Mapping[str, Any]) -> dict[str, Any]:
    """The item's content: compressed, since a plan can have a hundred kilobytes and says the same thing often."""
    return {"content": gzip.compress(json.dumps({"version": VERSION, **plan}).encode(), mtime=0)}


def unpacked(item: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The plan in an item; None where there is none: no deployment of the twin has succeeded yet.

    Raises InvalidInput for one that a later release has stored.
    """
    return None if item is None else migrated(json.loads(gzip.decompress(item["content"])))


def migrated(stored: Mapping[str, Any]) -> dict[str, Any]:
    """A stored plan as this release would have stored it, without its version.

    Version 1, which had no number, was written before 0.2.0.
    """
    version = stored.get("version", 1)
    if version > VERSION:
        raise InvalidInput(
            f"The twin was deployed by a later release, whose plan (version {version}) this one cannot read. "
            "Bring the installation up to date with `gluecode install`."
        )
    plan = {name: value for name, value in stored.items() if name != "version"}
    if version == 1:
        plan = _renamed(plan)
        plan["device_processors"] = [_renamed(device) for device in plan["device_processors"]]
    return plan


def _renamed(old: Mapping[str, Any]) -> dict[str, Any]:
    return {_NAMES_OF_1.get(name, name): value for name, value in old.items()}
