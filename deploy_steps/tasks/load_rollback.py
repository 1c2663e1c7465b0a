"""Fetches the plan that a failed deployment goes back to: the last one that succeeded, or none of the twin at all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from deploy_steps import aws
from deploy_steps.contract import Result
from deploy_steps.shared import settings
from deploy_steps.state import state_table, stored_plan
from deploy_steps.task import task

ACTIONS = ("dynamodb:GetItem",)

_NOWHERE = "nowhere"
_KEPT = ("run", "project", "dry_run", "on_failure", "retain_data", "drain_seconds", "expected_steps")


def rolled_back(state: Mapping[str, Any], last: Mapping[str, Any] | None) -> dict[str, Any]:
    """The state with which the deploy machine goes round once more; `rolled_back_from` keeps why.

    `last` is the plan of the last successful deployment; one of before release 0.3.0 gets the names of roles that this
    run has begun to give. Without one the twin is planned with no layer on AWS.
    """
    of_this_run = {**{name: state[name] for name in _KEPT}, "results": {}, "rolled_back_from": state["failure"]}
    if last is not None:
        return {**stored_plan.scoped(last, state["scope"]), **of_this_run}
    plan = {name: value for name, value in state.items() if name not in ("failure", "previous")}
    nothing = {
        "providers": dict.fromkeys(state["providers"], _NOWHERE),
        "secrets": [],
        "device_processors": [],
        "nothing_to_go_back_to": True,
    }
    return {**plan, **nothing, **of_this_run}


@task
def handler(event: Mapping[str, Any]) -> tuple[Result, dict[str, Any]]:
    """Handler. Event: run, dry_run, state (with `failure`).

    Answers also `steps_ended_by`: until then a step beside the failed one may still be at work.
    """
    item = state_table.read(aws.client("dynamodb"), settings.state_table(), event["state"]["twin"], stored_plan.ITEM)
    ended_by = datetime.now(UTC) + settings.longest_step()
    plan = {
        **rolled_back(event["state"], stored_plan.unpacked(item)),
        "steps_ended_by": ended_by.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return Result("rollback", plan["twin"], "absent" if plan.get("nothing_to_go_back_to") else "present"), plan
