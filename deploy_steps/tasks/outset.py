"""What a run starts from: what may be there already, what departs, and which roles it needs (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deploy_steps.tasks.leftovers import leftovers, wanted
from orchestrator.plan.footprint import Footprint
from orchestrator.plan.mapping import FUNCTIONS

_RULE = "iot_rule"


def outset(plan: Mapping[str, Any], before: Footprint, *, drain: bool) -> dict[str, Any]:
    """What `leftovers` says, and `roles`: the spec of each role that the mapping needs, and whether it may be there."""
    now = wanted(plan)
    return {**leftovers(plan["twin"], before, now, drain=drain), "roles": _roles(plan, before, now)}


def _roles(plan: Mapping[str, Any], before: Footprint, now: Footprint) -> list[dict[str, Any]]:
    """Devices' own processors are not among them: there can be hundreds, and each prepares its own."""
    specs = {name: plan["functions"][name]["role"] for name in FUNCTIONS if name in now.components}
    if _RULE in now.components:
        specs[_RULE] = plan["iot_role"]
    return [{"spec": spec, "was_there": name in before.components} for name, spec in specs.items()]
