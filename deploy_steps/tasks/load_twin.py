"""Finds everything that can belong to a twin, for `destroy` and `inspect`, which work when the project is gone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from deploy_steps import aws
from deploy_steps.contract import Result
from deploy_steps.errors import InvalidInput
from deploy_steps.shared import settings
from deploy_steps.shared.execution_input import read_twin
from deploy_steps.state import state_table, stored_plan
from deploy_steps.state.record import run_start
from deploy_steps.task import journal
from orchestrator.core.names import is_name, project_files

KIND = "twin"
ACTIONS = ("s3:ListBucket", "s3:GetObject", "dynamodb:BatchGetItem")


def load(s3: Any, dynamodb: Any, event: Mapping[str, Any]) -> dict[str, Any]:
    """What flows through the machine. Event: verb, run, execution, request (whatever was typed).

    For `destroy` it is the twin alone: what is to go is listed under the lock, by the step that records the start. For
    `inspect` it is the plan of the last successful deployment, run dry.
    Raises InvalidInput, also when there is nothing that `inspect` could measure by.
    """
    request = read_twin(event["request"])
    bucket, scope = settings.artifact_bucket(), settings.installation(event["execution"]).scope
    twin = request.get("twin") or _twin_of(s3, bucket, request["project"])
    items = state_table.read_together(dynamodb, settings.state_table(), twin, state_table.RECORD, stored_plan.ITEM)
    record = items.get(state_table.RECORD)
    if event["verb"] == "inspect":
        plan = _deployed(stored_plan.unpacked(items.get(stored_plan.ITEM)), twin)
        inspected = {**plan, "run": event["run"], "dry_run": True, "retain_data": True, "drain_seconds": 0}
        return {**inspected, "results": {}, "previous": run_start(inspected, record, "inspect", scope)}
    return {
        "run": event["run"],
        "twin": twin,
        "project": (record or {}).get("project") or request.get("project", ""),
        "digest": (record or {}).get("digest", ""),
        "dry_run": request["dry_run"],
        "retain_data": request["retain_data"],
        "drain_seconds": request["drain_seconds"],
        "results": {},
    }


def _deployed(last: dict[str, Any] | None, twin: str) -> dict[str, Any]:
    if last is None:
        raise InvalidInput(
            f"There is nothing to compare the twin '{twin}' with: no deployment of it has succeeded yet. "
            f"Deploy it with `gluecode deploy`, or look at what a deployment would change with `gluecode plan`."
        )
    return last


def _twin_of(s3: Any, bucket: str, project: str) -> str:
    """The name of a project's twin, as far as its files still tell; else they are one and the same."""
    try:
        body = s3.get_object(Bucket=bucket, Key=f"{project_files(project)}config.json")["Body"].read()
        twin = json.loads(body)["digital_twin_name"]
    except s3.exceptions.NoSuchKey:
        return project
    except (ValueError, KeyError, TypeError):
        twin = None
    if not isinstance(twin, str) or not is_name(twin):
        raise InvalidInput(
            f"The config.json of project '{project}' does not say which twin it is. "
            f'Name the twin itself: {{"twin": "factory-twin"}}.'
        )
    return twin


def handler(event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
    """Handler of `load`."""
    with journal(event, KIND, "load") as note, aws.translated():
        made = load(aws.client("s3"), aws.client("dynamodb"), event)
        note(Result(KIND, made["twin"], "present"))
    return made
