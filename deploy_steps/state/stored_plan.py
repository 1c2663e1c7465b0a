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
from orchestrator.core.names import role_arn_beside
from orchestrator.core.plan import Plan, Request, unchanged_since_deploy
from orchestrator.core.plan.prune import wanted

ITEM = "plan"
VERSION = 3
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

    Version 1, which had no number, was written before 0.2.0, and version 2 before 0.3.0: its roles have no scope.
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


def scoped(plan: Mapping[str, Any], scope: str) -> dict[str, Any]:
    """The plan with roles and a dashboard that are named by this scope, as plans are made since release 0.3.0."""
    if plan.get("scope") == scope:
        return dict(plan)
    made: dict[str, Any] = {**_with_installation(plan, scope), "scope": scope}
    for function in made["functions"].values():
        settings = function["function"]
        settings["role_arn"] = role_arn_beside(settings["role_arn"], function["name"], scope)
    rule = made["iot_rule"]
    rule["error_role_arn"] = role_arn_beside(rule["error_role_arn"], made["iot_role"]["name"], scope)
    return made


def _with_installation(value: Any, scope: str) -> Any:
    """A copy in which every owner has the installation, and what has no mark of one counts as its."""
    if isinstance(value, list):
        return [_with_installation(each, scope) for each in value]
    if not isinstance(value, Mapping):
        return value
    copied = {name: _with_installation(each, scope) for name, each in value.items()}
    if "owner" in copied:
        copied["owner"] |= {"installation": scope, "unmarked": True}
    return copied


def _renamed(old: Mapping[str, Any]) -> dict[str, Any]:
    return {_NAMES_OF_1.get(name, name): value for name, value in old.items()}
