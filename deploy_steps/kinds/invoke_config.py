"""What happens to an event that an asynchronously invoked function cannot handle: retries, then the failure queue."""

from __future__ import annotations

from typing import Any

from deploy_steps.contract import Live, Wanted
from deploy_steps.engine import Calls, Facts, plain_kind
from deploy_steps.kinds.shared.function_ownership import READ_FUNCTION, ensure_function_ours
from orchestrator.core.specs import Identity, InvokeConfigSpec


def _read(client: Any, wanted: Wanted) -> Live | None:
    try:
        live = client.get_function_event_invoke_config(FunctionName=wanted.name)
    except client.exceptions.ResourceNotFoundException:  # no settings, or no function: the same error
        return None
    return Live(
        {
            "max_retries": live.get("MaximumRetryAttempts"),
            "max_event_age_seconds": live.get("MaximumEventAgeInSeconds"),
            "on_failure_arn": live.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination"),
        }
    )


def _desired(spec: InvokeConfigSpec) -> dict[str, Any]:
    return {
        "max_retries": spec.max_retries,
        "max_event_age_seconds": spec.max_event_age_seconds,
        "on_failure_arn": spec.on_failure_arn,
    }


def create(client: Any, spec: InvokeConfigSpec) -> None:
    """Set retries, event age and the on-failure destination; one call replaces all of them."""
    client.put_function_event_invoke_config(
        FunctionName=spec.name,
        MaximumRetryAttempts=spec.max_retries,
        MaximumEventAgeInSeconds=spec.max_event_age_seconds,
        DestinationConfig={"OnFailure": {"Destination": spec.on_failure_arn}},
    )


def delete(client: Any, identity: Identity, _live: Live) -> None:
    """Remove the settings. A function that is gone took them along."""
    client.delete_function_event_invoke_config(FunctionName=identity.name)


kind = plain_kind(
    Facts(
        "invoke-config",
        "lambda",
        InvokeConfigSpec,
        Identity,
        # The call replaces what exists; this error says that another change is under way.
        name_taken="ResourceConflictException",
        ensure_parent_ours=ensure_function_ours,
    ),
    Calls(_read, _desired, create, None, delete),
    read=("lambda:GetFunctionEventInvokeConfig",),
    create=(*READ_FUNCTION, "lambda:PutFunctionEventInvokeConfig"),
    destroy=(*READ_FUNCTION, "lambda:DeleteFunctionEventInvokeConfig"),
)
create_task, destroy_task, info_task = kind.handlers()
