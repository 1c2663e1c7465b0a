"""A Lambda function of the twin: its code, its settings, and where it logs."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from deploy_steps.contract import (
    NOT_SHOWN,
    UNKNOWN,
    Change,
    Result,
    differences,
    fields_among,
    tag_differences,
    tags_among,
)
from deploy_steps.errors import NotReady, Rejected
from deploy_steps.kinds.shared.function_ownership import read_function
from deploy_steps.ownership import ensure_ours
from deploy_steps.task import Actions, Kind
from orchestrator.core.specs import FunctionSpec, Identity

KIND = "function"
_CODE = {"code_sha256", "architecture"}  # what UpdateFunctionCode brings; UpdateFunctionConfiguration brings the rest


def create(client: Any, spec: FunctionSpec, *, dry_run: bool = False, new: bool = False) -> Result:
    """Bring the function's settings, code and tags to the spec.

    A new function is `Pending` for some seconds. We do not wait: AWS refuses the next step's calls until it is
    `Active` (ResourceConflictException, retried), and settings and code that both differ converge the same way.
    """
    if new:
        with suppress(client.exceptions.ResourceConflictException):  # "Function already exist: …"
            return Result(KIND, spec.name, "created", outputs={"arn": _create(client, spec)})
    live = _read(client, spec.name)
    if live is None:
        arn = UNKNOWN if dry_run else _create(client, spec)
        return Result(KIND, spec.name, "created", outputs={"arn": arn})
    ensure_ours(KIND, spec.name, spec.owner, live["tags"])
    _ensure_alive(spec.name, live)
    changes = _changes(spec, live)
    if not dry_run:
        _repair(client, spec, live["arn"], changes)
    return Result(KIND, spec.name, "updated" if changes else "unchanged", changes, {"arn": live["arn"]})


def destroy(client: Any, identity: Identity, *, dry_run: bool = False) -> Result:
    """Remove the function. Its role and its log group have steps of their own."""
    live = _read(client, identity.name)
    if live is None:
        return Result(KIND, identity.name, "absent")
    ensure_ours(KIND, identity.name, identity.owner, live["tags"])
    if not dry_run:
        client.delete_function(FunctionName=identity.name)
    return Result(KIND, identity.name, "deleted")


def info(client: Any, spec: FunctionSpec) -> Result:
    """Compare the live function with the spec."""
    live = _read(client, spec.name)
    if live is None:
        return Result(KIND, spec.name, "absent")
    changes = _changes(spec, live)
    if live["state"] == "Failed":
        changes = (Change("state", f"Failed: {live['state_reason']}", "Active"), *changes)
    return Result(KIND, spec.name, "drifted" if changes else "present", changes, {"arn": live["arn"]})


def _ensure_alive(name: str, live: Mapping[str, Any]) -> None:
    if live["state"] == "Deleting":
        raise NotReady(f"The function '{name}' is still being deleted.")
    if live["state"] == "Failed":  # made anew it would be, but a create step may not delete
        raise Rejected(
            f"Lambda could not make the function '{name}': {live['state_reason']} It cannot be repaired in place: "
            "destroy the twin (its data stays) and deploy it again."
        )


def _changes(spec: FunctionSpec, live: Mapping[str, Any]) -> tuple[Change, ...]:
    desired = {
        "role_arn": spec.role_arn,
        "handler": spec.handler,
        "runtime": spec.runtime,
        "description": spec.description,
        "memory_mb": spec.memory_mb,
        "timeout_seconds": spec.timeout_seconds,
        "layers": _layers(spec),
        "tracing": "Active",
        "log_format": "Text",
        "log_group": spec.log_group,
        "last_update": "Successful",
        "architecture": spec.architecture,
        "code_sha256": spec.code.sha256,
    }
    return (
        differences(desired, live)
        + _environment_changes(spec.environment, live["environment"])
        + tag_differences(spec.owner, live["tags"])
    )


def _environment_changes(desired: Mapping[str, str], live: Mapping[str, str]) -> tuple[Change, ...]:
    # A variable that someone added by hand may hold a secret: its name is told, its value is not.
    added = tuple(Change(f"environment {name}", NOT_SHOWN, None) for name in sorted(set(live) - set(desired)))
    return added + tuple(
        Change(f"environment {name}", live.get(name), value)
        for name, value in desired.items()
        if live.get(name) != value
    )


def _layers(spec: FunctionSpec) -> list[str]:
    return [*spec.layers, *([spec.configuration_layer] if spec.configuration_layer else [])]


def _configuration(spec: FunctionSpec) -> dict[str, Any]:
    return {
        "FunctionName": spec.name,
        "Role": spec.role_arn,
        "Handler": spec.handler,
        "Runtime": spec.runtime,
        "Description": spec.description,
        "MemorySize": spec.memory_mb,
        "Timeout": spec.timeout_seconds,
        "Environment": {"Variables": spec.environment},
        "Layers": _layers(spec),
        "TracingConfig": {"Mode": "Active"},
        # Text: the functions write JSON themselves, and Lambda's JSON format would wrap it once more.
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": spec.log_group},
    }


def _create(client: Any, spec: FunctionSpec) -> str:
    made = client.create_function(
        **_configuration(spec),
        Code={"S3Bucket": spec.code.bucket, "S3Key": spec.code.key},
        Architectures=[spec.architecture],
        Tags=spec.owner.tags,
    )
    return str(made["FunctionArn"])


def _repair(client: Any, spec: FunctionSpec, arn: str, changes: tuple[Change, ...]) -> None:
    fields = set(fields_among(changes))
    if fields - _CODE:
        client.update_function_configuration(**_configuration(spec))
    if fields & _CODE:
        client.update_function_code(
            FunctionName=spec.name,
            S3Bucket=spec.code.bucket,
            S3Key=spec.code.key,
            Architectures=[spec.architecture],
        )
    if tags := tags_among(changes):
        client.tag_resource(Resource=arn, Tags=tags)


def _read(client: Any, name: str) -> dict[str, Any] | None:
    function = read_function(client, name)
    if function is None:
        return None
    live = function["Configuration"]
    logging = live.get("LoggingConfig", {})
    # An update that failed leaves the old version running: `Failed` is drift, `InProgress` is on its way.
    failed = live.get("LastUpdateStatus") == "Failed"
    return {
        "arn": live["FunctionArn"],
        "state": live.get("State"),
        "state_reason": live.get("StateReason", ""),
        "last_update": f"Failed: {live.get('LastUpdateStatusReason', '')}" if failed else "Successful",
        "role_arn": live["Role"],
        "handler": live.get("Handler"),
        "runtime": live.get("Runtime"),
        "description": live.get("Description", ""),
        "memory_mb": live["MemorySize"],
        "timeout_seconds": live["Timeout"],
        "environment": live.get("Environment", {}).get("Variables", {}),
        "layers": [layer["Arn"] for layer in live.get("Layers", [])],
        "tracing": live.get("TracingConfig", {}).get("Mode"),
        "log_format": logging.get("LogFormat"),
        "log_group": logging.get("LogGroup"),
        "architecture": live.get("Architectures", ["x86_64"])[0],
        "code_sha256": live["CodeSha256"],
        "tags": function.get("Tags", {}),
    }


kind = Kind(
    name=KIND,
    service="lambda",
    spec=FunctionSpec,
    identity=Identity,
    create=create,
    destroy=destroy,
    info=info,
    create_first=True,
    actions=Actions(
        create=(
            "lambda:GetFunction",
            "lambda:ListTags",
            "lambda:CreateFunction",
            "lambda:TagResource",
            "lambda:UpdateFunctionConfiguration",
            "lambda:UpdateFunctionCode",
            "lambda:GetLayerVersion",
            "iam:PassRole",
            "s3:GetObject",
        ),
        destroy=("lambda:GetFunction", "lambda:ListTags", "lambda:DeleteFunction"),
        info=("lambda:GetFunction", "lambda:ListTags"),
    ),
)
create_task = kind.task("create")
destroy_task = kind.task("destroy")
info_task = kind.task("info")
