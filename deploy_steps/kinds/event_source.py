"""What has a sender run whenever events wait in its outbox: as many at once as wait, none held back for others.

Deleting a function leaves its event source mapping behind, and deleting the queue does so, too.
"""

from __future__ import annotations

from typing import Any

from deploy_steps.contract import Change, Result, differences
from deploy_steps.errors import NotReady
from deploy_steps.kinds.shared.function_ownership import ensure_parent_ours, read_function
from deploy_steps.ownership import ensure_ours
from deploy_steps.task import Actions, Kind
from orchestrator.core.specs import EventSourceSpec, Identity

KIND = "event-source"

_DESIRED = {
    "enabled": True,
    "batch_size": 10,  # the most that SQS hands over without a pause to gather them
    "window_seconds": 0,
    "response_types": ["ReportBatchItemFailures"],  # without it, one failed event brings back all of its batch
    "filters": [],  # what a filter leaves out is deleted unseen
}
_SETTINGS = {
    "Enabled": True,
    "BatchSize": 10,
    "MaximumBatchingWindowInSeconds": 0,
    "FunctionResponseTypes": ["ReportBatchItemFailures"],
}
_PASSING = ("Creating", "Enabling", "Updating", "Disabling", "Deleting")


def create(client: Any, spec: EventSourceSpec, *, dry_run: bool = False) -> Result:
    """Have the function work its queue off, or bring the way it does so to what it should be. NotReady until it does.

    While the role is seconds old, AWS answers that it "does not have permissions to call ReceiveMessage on SQS".
    """
    live = _read(client, spec.name)
    changes = _changes(live) if live else ()
    if live and not changes:
        return Result(KIND, spec.name, "unchanged")
    ensure_parent_ours(client, KIND, spec.name, spec.owner, dry_run=dry_run)
    result = Result(KIND, spec.name, "updated" if live else "created", changes)
    if not dry_run:
        _ensure_settled(spec.name, _written(client, spec, live), result)
    return result


def destroy(client: Any, identity: Identity, *, dry_run: bool = False) -> Result:
    """Take the function off its queue, also one that is gone already. NotReady until nothing is received any more."""
    live = _read(client, identity.name)
    if live is None:
        return Result(KIND, identity.name, "absent")
    function = read_function(client, identity.name)
    if function is not None:
        ensure_ours("function", identity.name, identity.owner, function.get("Tags", {}))
    result = Result(KIND, identity.name, "deleted")
    if not dry_run:
        client.delete_event_source_mapping(UUID=live["uuid"])
        _read(client, identity.name, achieved=result)
    return result


def info(client: Any, spec: EventSourceSpec) -> Result:
    """Compare the live mapping with what it should be."""
    live = _read(client, spec.name)
    if live is None:
        return Result(KIND, spec.name, "absent")
    changes = _changes(live)
    return Result(KIND, spec.name, "drifted" if changes else "present", changes)


def _changes(live: dict[str, Any]) -> tuple[Change, ...]:
    return differences(_DESIRED, live)


def _written(client: Any, spec: EventSourceSpec, live: dict[str, Any] | None) -> dict[str, Any]:
    if live is None:
        made: dict[str, Any] = client.create_event_source_mapping(
            FunctionName=spec.name, EventSourceArn=spec.queue_arn, **_SETTINGS
        )
    else:
        made = client.update_event_source_mapping(UUID=live["uuid"], FilterCriteria={"Filters": []}, **_SETTINGS)
    return made


def _read(client: Any, name: str, achieved: Result | None = None) -> dict[str, Any] | None:
    """The function's mapping of the queue of the same name; others are none of our business.

    Raises NotReady while AWS still works on it.
    """
    pages = client.get_paginator("list_event_source_mappings").paginate(FunctionName=name)
    try:
        mappings = [mapping for page in pages for mapping in page["EventSourceMappings"]]
    except client.exceptions.ResourceNotFoundException:  # no function
        return None
    found = next((mapping for mapping in mappings if _is_of(mapping["EventSourceArn"], name)), None)
    if found is None:
        return None
    _ensure_settled(name, found, achieved)
    return {
        "uuid": found["UUID"],
        "enabled": found["State"] == "Enabled",
        "batch_size": found["BatchSize"],
        "window_seconds": found.get("MaximumBatchingWindowInSeconds") or 0,
        "response_types": found.get("FunctionResponseTypes") or [],
        "filters": (found.get("FilterCriteria") or {}).get("Filters") or [],
    }


def _is_of(source_arn: str, queue: str) -> bool:
    parts = source_arn.split(":")
    return parts[2] == "sqs" and parts[-1] == queue


def _ensure_settled(name: str, mapping: dict[str, Any], achieved: Result | None) -> None:
    if mapping["State"] in _PASSING:
        why = mapping.get("StateTransitionReason", "")
        raise NotReady(f"The event source mapping of '{name}' is {mapping['State']} ({why}).", achieved)


kind = Kind(
    name=KIND,
    service="lambda",
    spec=EventSourceSpec,
    identity=Identity,
    create=create,
    destroy=destroy,
    info=info,
    actions=Actions(
        create=(
            "lambda:ListEventSourceMappings",
            "lambda:GetFunction",
            "lambda:ListTags",
            "lambda:CreateEventSourceMapping",
            "lambda:UpdateEventSourceMapping",
        ),
        destroy=(
            "lambda:ListEventSourceMappings",
            "lambda:GetFunction",
            "lambda:ListTags",
            "lambda:DeleteEventSourceMapping",
        ),
        info=("lambda:ListEventSourceMappings",),
    ),
)
create_task = kind.task("create")
destroy_task = kind.task("destroy")
info_task = kind.task("info")
