"""A Lambda function of the twin: its code, its settings, where it logs, and the role it is bound to.

Lambda binds a function to its role by the role's unique id: the grant on the key of its environment variables names
that id. A role that was deleted and made again under its name has another one, and each invocation fails with "Lambda
was unable to decrypt the environment variables because KMS access was denied" until the configuration is written with
an environment that differs. So the environment itself holds the id: it shows what the function is bound to, whatever
else was written since, and writing another id makes Lambda encrypt, and grant, anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deploy_steps.contract import NOT_SHOWN, UNKNOWN, Changes, Live, Outputs
from deploy_steps.engine import Calls, Facts, plain_kind
from deploy_steps.kinds.shared.function_ownership import READ_FUNCTION, read_function
from orchestrator.core.specs import FunctionSpec, Identity

ROLE_ID = "role_id"
"""The setting, and the output, that says which role the function is bound to."""

_ROLE_VARIABLE = "EXECUTION_ROLE_ID"
_CODE = {"code_sha256", "architecture"}  # what UpdateFunctionCode changes; UpdateFunctionConfiguration changes the rest
_FAILED = (
    "Lambda could not make the function '{name}'. {before} It cannot be repaired in place: destroy the twin (its data "
    "stays) and deploy it again."
)  # a create step may not delete, so it cannot make it anew


def _read(client: Any, wanted: FunctionSpec | Identity) -> Live | None:
    function = read_function(client, wanted.name)
    if function is None:
        return None
    live = function["Configuration"]
    deleting = live.get("State") == "Deleting"
    # A variable that someone added by hand may hold a secret: its name is reported, its value is not.
    shown = wanted.environment if isinstance(wanted, FunctionSpec) else ()
    variables = dict(live.get("Environment", {}).get("Variables", {}))
    bound_to = variables.pop(_ROLE_VARIABLE, None)
    settings = _settings(live, {name: value if name in shown else NOT_SHOWN for name, value in variables.items()})
    if isinstance(wanted, FunctionSpec) and wanted.roles:
        settings |= {ROLE_ID: bound_to}
    return Live(
        settings,
        function.get("Tags", {}),
        outputs={"arn": live["FunctionArn"], ROLE_ID: bound_to},
        in_transition="still being deleted" if deleting else "",
        deleting=deleting,
    )


def _desired(spec: FunctionSpec) -> dict[str, Any]:
    code = {"CodeSha256": spec.code.sha256, "Architectures": [spec.architecture]}
    layers = [{"Arn": arn} for arn in _layers(spec)]
    settings = _settings({**_configuration(spec), **code, "Layers": layers}, spec.environment)
    return settings | ({ROLE_ID: _role_id(spec)} if spec.roles else {})


def _settings(configuration: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    logging = configuration.get("LoggingConfig", {})
    return {
        "state": _unless_failed(configuration, "State", "Active"),
        # An update that failed leaves the old version running: `Failed` is drift, `InProgress` is on its way.
        "last_update": _unless_failed(configuration, "LastUpdateStatus", "Successful"),
        "role_arn": configuration["Role"],
        "handler": configuration.get("Handler"),
        "runtime": configuration.get("Runtime"),
        "description": configuration.get("Description", ""),
        "memory_mb": configuration["MemorySize"],
        "timeout_seconds": configuration["Timeout"],
        "layers": [layer["Arn"] for layer in configuration.get("Layers", [])],
        "tracing": configuration.get("TracingConfig", {}).get("Mode"),
        "log_format": logging.get("LogFormat"),
        "log_group": logging.get("LogGroup"),
        "architecture": configuration.get("Architectures", ["x86_64"])[0],
        "code_sha256": configuration["CodeSha256"],
        **{f"environment {name}": value for name, value in environment.items()},
    }


def _unless_failed(configuration: Mapping[str, Any], field: str, otherwise: str) -> str:
    failed = configuration.get(field) == "Failed"
    return f"Failed: {configuration.get(f'{field}Reason', '')}" if failed else otherwise


def _layers(spec: FunctionSpec) -> list[str]:
    return [*spec.layers, *([spec.configuration_layer] if spec.configuration_layer else [])]


def _role_id(spec: FunctionSpec) -> str:
    """Of a role that is not made yet, only a dry run asks: it will be another one than any before."""
    return next((role.id for role in spec.roles if role.arn == spec.role_arn), UNKNOWN)


def _configuration(spec: FunctionSpec) -> dict[str, Any]:
    bound_to = {_ROLE_VARIABLE: _role_id(spec)} if spec.roles else {}
    return {
        "FunctionName": spec.name,
        "Role": spec.role_arn,
        "Handler": spec.handler,
        "Runtime": spec.runtime,
        "Description": spec.description,
        "MemorySize": spec.memory_mb,
        "Timeout": spec.timeout_seconds,
        "Environment": {"Variables": {**spec.environment, **bound_to}},
        "Layers": _layers(spec),
        "TracingConfig": {"Mode": "Active"},
        # Text: the functions write JSON themselves, and Lambda's JSON format would wrap it once more.
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": spec.log_group},
    }


def create(client: Any, spec: FunctionSpec) -> Outputs:
    """Bring the function's settings, code and tags to the spec.

    A new function is `Pending` for some seconds. We do not wait: AWS refuses the next step's calls until it is
    `Active` (ResourceConflictException, retried), and settings and code that both differ converge the same way.
    """
    made = client.create_function(
        **_configuration(spec),
        Code={"S3Bucket": spec.code.bucket, "S3Key": spec.code.key},
        Architectures=[spec.architecture],
        Tags=spec.owner.tags,
    )
    return {"arn": made["FunctionArn"]}


def _update(client: Any, spec: FunctionSpec, live: Live, changes: Changes) -> None:
    fields = set(changes.fields)
    if fields - _CODE:
        client.update_function_configuration(**_configuration(spec))
    if fields & _CODE:
        client.update_function_code(
            FunctionName=spec.name,
            S3Bucket=spec.code.bucket,
            S3Key=spec.code.key,
            Architectures=[spec.architecture],
        )
    if changes.tags:
        client.tag_resource(Resource=live.outputs["arn"], Tags=changes.tags)


def delete(client: Any, identity: Identity, _live: Live) -> None:
    """Remove the function. Its role and its log group have steps of their own."""
    client.delete_function(FunctionName=identity.name)


kind = plain_kind(
    Facts(
        "function",
        "lambda",
        FunctionSpec,
        Identity,
        outputs=("arn",),
        name_taken="ResourceConflictException",  # "Function already exist: …"
        irreparable={"state": _FAILED},
    ),
    Calls(_read, _desired, create, _update, delete),
    read=READ_FUNCTION,
    create=(
        "lambda:CreateFunction",
        "lambda:TagResource",
        "lambda:UpdateFunctionConfiguration",
        "lambda:UpdateFunctionCode",
        "lambda:GetLayerVersion",
        "iam:PassRole",
        "s3:GetObject",
    ),
    destroy=("lambda:DeleteFunction",),
)
create_task, destroy_task, info_task = kind.handlers()
