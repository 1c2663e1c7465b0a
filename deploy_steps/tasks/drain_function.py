"""Lets a function that nothing sends to any more work off its queue, before it is removed with what is left in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deploy_steps import aws
from deploy_steps.contract import Change, Result, differences
from deploy_steps.kinds.shared.function_ownership import read_function
from deploy_steps.ownership import ensure_ours
from deploy_steps.task import task
from orchestrator.core.spec_json import read_spec
from orchestrator.core.specs import Identity

KIND = "invoke-config"
ACTIONS = (
    "lambda:GetFunction",
    "lambda:ListTags",
    "lambda:GetFunctionEventInvokeConfig",
    "lambda:PutFunctionEventInvokeConfig",
)

RETRIES = 0
MAX_AGE_SECONDS = 60  # the least that Lambda takes


def drain(client: Any, identity: Identity, *, dry_run: bool = False) -> Result:
    """Have each queued event tried no more than once, or handed to the failure queue within a minute.

    A function that is not there, or that is invoked synchronously, has nothing to drain: `absent`.
    """
    function = read_function(client, identity.name)
    live = _read(client, identity.name) if function is not None else None
    if function is None or live is None:
        return Result(KIND, identity.name, "absent")
    ensure_ours("function", identity.name, identity.owner, function.get("Tags", {}))
    changes = _changes(live)
    if changes and not dry_run:
        client.put_function_event_invoke_config(
            FunctionName=identity.name,
            MaximumRetryAttempts=RETRIES,
            MaximumEventAgeInSeconds=MAX_AGE_SECONDS,
            DestinationConfig=live.get("DestinationConfig", {}),
        )
    return Result(KIND, identity.name, "updated" if changes else "unchanged", changes)


def _changes(live: Mapping[str, Any]) -> tuple[Change, ...]:
    before = {
        "max_retries": live.get("MaximumRetryAttempts"),
        "max_event_age_seconds": live.get("MaximumEventAgeInSeconds"),
    }
    return differences({"max_retries": RETRIES, "max_event_age_seconds": MAX_AGE_SECONDS}, before)


def _read(client: Any, name: str) -> dict[str, Any] | None:
    try:
        live: dict[str, Any] = client.get_function_event_invoke_config(FunctionName=name)
    except client.exceptions.ResourceNotFoundException:  # no settings: it is not invoked asynchronously
        return None
    return live


@task
def handler(event: Mapping[str, Any]) -> Result:
    """Handler. Event: run, dry_run, identity."""
    return drain(aws.client("lambda"), read_spec(Identity, event["identity"]), dry_run=event["dry_run"])
