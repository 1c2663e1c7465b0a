"""The public HTTPS address of a function that other clouds post to.

The URL alone lets nobody in: the two statements that do are of the kind `permissions`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from deploy_steps.contract import UNKNOWN, Result, differences
from deploy_steps.kinds.shared.function_ownership import ensure_parent_ours
from deploy_steps.task import Actions, Kind
from orchestrator.core.specs import FunctionUrlSpec, Identity

KIND = "function-url"
_DESIRED = {"auth_type": "NONE", "invoke_mode": "BUFFERED"}  # callers prove themselves by token, not by AWS signature


def create(client: Any, spec: FunctionUrlSpec, *, dry_run: bool = False, new: bool = False) -> Result:
    """Give the function its URL, or bring its authentication and mode back to the spec.

    `new` is for a function that has just been made: it is ours, and has no URL.
    """
    if new:
        with suppress(client.exceptions.ResourceConflictException):  # "… function url exists for this Lambda function"
            url = _write(client.create_function_url_config, spec)
            return Result(KIND, spec.name, "created", outputs={"url": url})
    live = _read(client, spec.name)
    changes = differences(_DESIRED, live) if live else ()
    if live and not changes:
        return Result(KIND, spec.name, "unchanged", outputs={"url": live["url"]})
    ensure_parent_ours(client, KIND, spec.name, spec.owner, dry_run=dry_run)
    url = live["url"] if live else UNKNOWN
    if not dry_run:
        url = _write(client.update_function_url_config if live else client.create_function_url_config, spec)
    return Result(KIND, spec.name, "updated" if live else "created", changes, {"url": url})


def destroy(client: Any, identity: Identity, *, dry_run: bool = False) -> Result:
    """Take the URL away. A function that is gone took its URL along."""
    if _read(client, identity.name) is None:
        return Result(KIND, identity.name, "absent")
    ensure_parent_ours(client, KIND, identity.name, identity.owner)
    if not dry_run:
        client.delete_function_url_config(FunctionName=identity.name)
    return Result(KIND, identity.name, "deleted")


def info(client: Any, spec: FunctionUrlSpec) -> Result:
    """Compare the live URL with the spec."""
    live = _read(client, spec.name)
    if live is None:
        return Result(KIND, spec.name, "absent")
    changes = differences(_DESIRED, live)
    return Result(KIND, spec.name, "drifted" if changes else "present", changes, {"url": live["url"]})


def _write(call: Callable[..., Any], spec: FunctionUrlSpec) -> str:
    return str(call(FunctionName=spec.name, AuthType="NONE", InvokeMode="BUFFERED")["FunctionUrl"])


def _read(client: Any, name: str) -> dict[str, Any] | None:
    try:
        live = client.get_function_url_config(FunctionName=name)
    except client.exceptions.ResourceNotFoundException:  # no URL, or no function: the same error
        return None
    return {
        "url": live["FunctionUrl"],
        "auth_type": live["AuthType"],
        "invoke_mode": live.get("InvokeMode", "BUFFERED"),  # absent on URLs made before response streaming came
    }


kind = Kind(
    name=KIND,
    service="lambda",
    spec=FunctionUrlSpec,
    identity=Identity,
    create=create,
    destroy=destroy,
    info=info,
    create_first=True,
    actions=Actions(
        create=(
            "lambda:GetFunctionUrlConfig",
            "lambda:GetFunction",
            "lambda:ListTags",
            "lambda:CreateFunctionUrlConfig",
            "lambda:UpdateFunctionUrlConfig",
        ),
        destroy=(
            "lambda:GetFunctionUrlConfig",
            "lambda:GetFunction",
            "lambda:ListTags",
            "lambda:DeleteFunctionUrlConfig",
        ),
        info=("lambda:GetFunctionUrlConfig",),
    ),
)
create_task = kind.task("create")
destroy_task = kind.task("destroy")
info_task = kind.task("info")
