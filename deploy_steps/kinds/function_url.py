"""The public HTTPS address of a function that other clouds post to.

The URL alone lets nobody in: the two statements that do are of the kind `permissions`.
"""

from __future__ import annotations

from typing import Any

from deploy_steps.contract import Changes, Live, Outputs, Wanted
from deploy_steps.engine import Calls, Facts, plain_kind
from deploy_steps.kinds.shared.function_ownership import READ_FUNCTION, ensure_function_ours
from orchestrator.core.specs import FunctionUrlSpec, Identity

_SETTINGS = {"AuthType": "NONE", "InvokeMode": "BUFFERED"}  # callers prove themselves by token, not by AWS signature


def _read(client: Any, wanted: Wanted) -> Live | None:
    try:
        live = client.get_function_url_config(FunctionName=wanted.name)
    except client.exceptions.ResourceNotFoundException:  # no URL, or no function: the same error
        return None
    mode = live.get("InvokeMode", "BUFFERED")  # absent on URLs made before response streaming came
    return Live({"auth_type": live["AuthType"], "invoke_mode": mode}, outputs={"url": live["FunctionUrl"]})


def _desired(_spec: FunctionUrlSpec) -> dict[str, Any]:
    return {"auth_type": _SETTINGS["AuthType"], "invoke_mode": _SETTINGS["InvokeMode"]}


def create(client: Any, spec: FunctionUrlSpec) -> Outputs:
    """Give the function its URL, or bring its authentication and mode back to the spec."""
    return {"url": client.create_function_url_config(FunctionName=spec.name, **_SETTINGS)["FunctionUrl"]}


def _update(client: Any, spec: FunctionUrlSpec, _live: Live, _changes: Changes) -> None:
    client.update_function_url_config(FunctionName=spec.name, **_SETTINGS)


def delete(client: Any, identity: Identity, _live: Live) -> None:
    """Take the URL away. A function that is gone took its URL along."""
    client.delete_function_url_config(FunctionName=identity.name)


kind = plain_kind(
    Facts(
        "function-url",
        "lambda",
        FunctionUrlSpec,
        Identity,
        outputs=("url",),
        name_taken="ResourceConflictException",  # "… function url exists for this Lambda function"
        ensure_parent_ours=ensure_function_ours,
    ),
    Calls(_read, _desired, create, _update, delete),
    read=("lambda:GetFunctionUrlConfig",),
    create=(*READ_FUNCTION, "lambda:CreateFunctionUrlConfig", "lambda:UpdateFunctionUrlConfig"),
    destroy=(*READ_FUNCTION, "lambda:DeleteFunctionUrlConfig"),
)
create_task, destroy_task, info_task = kind.handlers()
