"""What happens to an event that an asynchronously invoked function cannot handle: retries, then the failure queue."""

from __future__ import annotations

from typing import Any

from deploy_steps.contract import Change, Result, differences
from deploy_steps.kinds.shared.function_ownership import ensure_parent_ours
from deploy_steps.task import Actions, Kind
from orchestrator.core.specs import Identity, InvokeConfigSpec

KIND = "invoke-config"


def create(client: Any, spec: InvokeConfigSpec, *, dry_run: bool = False, new: bool = False) -> Result:
    """Set retries, event age and the on-failure destination; one call replaces all of them.

    `new` is for a function that has just been made: it is ours, and has no settings.
    """
    live = None if new else _read(client, spec.name)
    changes = _changes(spec, live) if live else ()
    if live and not changes:
        return Result(KIND, spec.name, "unchanged")
    if not new:
        ensure_parent_ours(client, KIND, spec.name, spec.owner, dry_run=dry_run)
    if not dry_run:
        client.put_function_event_invoke_config(
            FunctionName=spec.name,
            MaximumRetryAttempts=spec.max_retries,
            MaximumEventAgeInSeconds=spec.max_event_age_seconds,
            DestinationConfig={"OnFailure": {"Destination": spec.on_failure_arn}},
        )
    return Result(KIND, spec.name, "updated" if live else "created", changes)


def destroy(client: Any, identity: Identity, *, dry_run: bool = False) -> Result:
    """Remove the settings. A function that is gone took them along."""
    if _read(client, identity.name) is None:
        return Result(KIND, identity.name, "absent")
    ensure_parent_ours(client, KIND, identity.name, identity.owner)
    if not dry_run:
        client.delete_function_event_invoke_config(FunctionName=identity.name)
    return Result(KIND, identity.name, "deleted")


def info(client: Any, spec: InvokeConfigSpec) -> Result:
    """Compare the live settings with the spec."""
    live = _read(client, spec.name)
    if live is None:
        return Result(KIND, spec.name, "absent")
    changes = _changes(spec, live)
    return Result(KIND, spec.name, "drifted" if changes else "present", changes)


def _changes(spec: InvokeConfigSpec, live: dict[str, Any]) -> tuple[Change, ...]:
    desired = {
        "max_retries": spec.max_retries,
        "max_event_age_seconds": spec.max_event_age_seconds,
        "on_failure_arn": spec.on_failure_arn,
    }
    return differences(desired, live)


def _read(client: Any, name: str) -> dict[str, Any] | None:
    try:
        live = client.get_function_event_invoke_config(FunctionName=name)
    except client.exceptions.ResourceNotFoundException:  # no settings, or no function: the same error
        return None
    return {
        "max_retries": live.get("MaximumRetryAttempts"),
        "max_event_age_seconds": live.get("MaximumEventAgeInSeconds"),
        "on_failure_arn": live.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination"),
    }


kind = Kind(
    name=KIND,
    service="lambda",
    spec=InvokeConfigSpec,
    identity=Identity,
    create=create,
    destroy=destroy,
    info=info,
    create_first=True,
    actions=Actions(
        create=(
            "lambda:GetFunctionEventInvokeConfig",
            "lambda:GetFunction",
            "lambda:ListTags",
            "lambda:PutFunctionEventInvokeConfig",
        ),
        destroy=(
            "lambda:GetFunctionEventInvokeConfig",
            "lambda:GetFunction",
            "lambda:ListTags",
            "lambda:DeleteFunctionEventInvokeConfig",
        ),
        info=("lambda:GetFunctionEventInvokeConfig",),
    ),
)
create_task = kind.task("create")
destroy_task = kind.task("destroy")
info_task = kind.task("info")
