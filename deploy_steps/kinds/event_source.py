"""What has a sender run whenever events wait in its outbox: as many at once as wait, none held back for others.

Deleting a function leaves its event source mapping behind, and deleting the queue does so, too. A mapping that was left
behind would start to work again with the next function and queue of these names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from deploy_steps.contract import Changes, Live, Wanted
from deploy_steps.engine import Calls, Facts, plain_kind
from deploy_steps.errors import NotReady
from deploy_steps.kinds.shared.function_ownership import READ_FUNCTION, ensure_function_ours
from orchestrator.core.specs import EventSourceSpec, Identity

_SETTINGS = {
    "Enabled": True,
    "BatchSize": 10,  # the most that SQS hands over without a pause to gather them
    "MaximumBatchingWindowInSeconds": 0,
    "FunctionResponseTypes": ["ReportBatchItemFailures"],  # without it, one failed event brings back all of its batch
}
_PASSING = ("Creating", "Enabling", "Updating", "Disabling", "Deleting")


def _read(client: Any, wanted: Wanted) -> Live | None:
    """The function's mapping of the queue of the same name; others are not ours. NotReady while AWS works on it."""
    found = next((each for each in _mappings(client, wanted.name) if _is_of(each, wanted.name)), None)
    if found is None:
        return None
    _ensure_settled(wanted.name, found)
    return Live(
        {
            "enabled": found["State"] == "Enabled",
            "batch_size": found["BatchSize"],
            "window_seconds": found.get("MaximumBatchingWindowInSeconds") or 0,
            "response_types": found.get("FunctionResponseTypes") or [],
            "filters": (found.get("FilterCriteria") or {}).get("Filters") or [],
        },
        id=found["UUID"],
    )


def _mappings(client: Any, function: str) -> list[dict[str, Any]]:
    """The function's mappings. AWS may answer that there is no such function, and its mapping is there all the same."""
    listed = client.get_paginator("list_event_source_mappings")
    try:
        return _all(listed.paginate(FunctionName=function))
    except client.exceptions.ResourceNotFoundException:
        return _all(listed.paginate())  # of the whole account, a hundred at a time


def _all(pages: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [mapping for page in pages for mapping in page.get("EventSourceMappings", [])]


def _is_of(mapping: Mapping[str, Any], name: str) -> bool:
    """Whether it is between function and queue of that name. A source that is no queue may have no ARN (Kafka)."""
    source, function = mapping.get("EventSourceArn", "").split(":"), mapping.get("FunctionArn", "").split(":")
    return bool(source[2:3] == ["sqs"] and source[-1] == name and function[6:7] == [name])


def _ensure_settled(name: str, mapping: dict[str, Any]) -> None:
    if mapping["State"] in _PASSING:
        why = mapping.get("StateTransitionReason", "")
        raise NotReady(f"The event source mapping of '{name}' is {mapping['State']} ({why}).")


def _desired(_spec: EventSourceSpec) -> dict[str, Any]:
    return {
        "enabled": True,
        "batch_size": _SETTINGS["BatchSize"],
        "window_seconds": _SETTINGS["MaximumBatchingWindowInSeconds"],
        "response_types": _SETTINGS["FunctionResponseTypes"],
        "filters": [],  # what a filter leaves out is deleted unseen
    }


def create(client: Any, spec: EventSourceSpec) -> None:
    """Have the function work its queue off, or bring the way it does so to what it should be. NotReady until it does.

    While the role is seconds old, AWS answers that it "does not have permissions to call ReceiveMessage on SQS".
    """
    made = client.create_event_source_mapping(FunctionName=spec.name, EventSourceArn=spec.queue_arn, **_SETTINGS)
    _ensure_settled(spec.name, made)


def _update(client: Any, spec: EventSourceSpec, live: Live, _changes: Changes) -> None:
    made = client.update_event_source_mapping(UUID=live.id, FilterCriteria={"Filters": []}, **_SETTINGS)
    _ensure_settled(spec.name, made)


def delete(client: Any, identity: Identity, live: Live) -> None:
    """Take the function off its queue, also one that is gone already. NotReady until nothing is received any more."""
    client.delete_event_source_mapping(UUID=live.id)
    _read(client, identity)


kind = plain_kind(
    Facts("event-source", "lambda", EventSourceSpec, Identity, ensure_parent_ours=ensure_function_ours),
    Calls(_read, _desired, create, _update, delete),
    read=("lambda:ListEventSourceMappings",),
    create=(*READ_FUNCTION, "lambda:CreateEventSourceMapping", "lambda:UpdateEventSourceMapping"),
    destroy=(*READ_FUNCTION, "lambda:DeleteEventSourceMapping"),
)
create_task, destroy_task, info_task = kind.handlers()
