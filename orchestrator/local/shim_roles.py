"""Binds a function to its role by the role's unique id, as Lambda's grant on the key of its environment does.

A role that was deleted and made again under its name has another id. The function stays bound to the old one until its
configuration is written again, and none of its invocations gets as far as its code: KMSAccessDeniedException.
UpdateFunctionCode does not bind it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import iam, lambda_svc

ERROR = "KMSAccessDeniedException"
MESSAGE = (
    "Lambda was unable to decrypt the environment variables because KMS access was denied. Please check the function's "
    "KMS key settings. KMS Exception: AccessDeniedException KMS Message: The ciphertext refers to a customer master "
    "key that does not exist, does not exist in this region, or you are not allowed to access."
)

_BOUND = "bound_role_id"
_create, _update = lambda_svc._create_function, lambda_svc._update_config
_execute, _invoke = lambda_svc._execute_function_dispatch, lambda_svc._invoke


def install() -> None:
    """Patch what writes a function's configuration, and what runs it."""
    bind()
    lambda_svc._execute_function_dispatch = _execute_if_bound
    lambda_svc._invoke = _invoke_if_bound


def bind() -> None:
    """Patch only what writes a function's configuration: where functions do not run, `unbound` tells."""
    lambda_svc._create_function = _create_bound
    lambda_svc._update_config = _update_bound


def unbound(function: Mapping[str, Any]) -> bool:
    """Whether the role that a function was bound to is gone. `function` is Lambda's record of it."""
    bound = function.get(_BOUND)
    return bound is not None and bound != _role_id(function["config"]["Role"])


def _role_id(arn: str) -> str | None:
    role = iam._roles.get(arn.rpartition("/")[2])
    return str(role["RoleId"]) if role else None  # a role that IAM does not know: the emulator runs it all the same


def _bound(name: str, answer: tuple[int, Any, bytes]) -> tuple[int, Any, bytes]:
    if answer[0] < 300:
        function = lambda_svc._functions[name]
        function[_BOUND] = _role_id(function["config"]["Role"])
    return answer


def _create_bound(data: dict[str, Any]) -> Any:
    return _bound(str(data.get("FunctionName", "")).rpartition(":")[2], _create(data))


def _update_bound(name: str, data: dict[str, Any]) -> Any:
    return _bound(name, _update(name, data))


def _execute_if_bound(function: dict[str, Any], *arguments: Any) -> Any:
    if unbound(function):
        return {"body": {"errorType": ERROR, "errorMessage": MESSAGE}, "error": True}
    return _execute(function, *arguments)


async def _invoke_if_bound(name: str, event: Any, headers: Any, *arguments: Any, **options: Any) -> Any:
    kind = headers.get("x-amz-invocation-type") or headers.get("X-Amz-Invocation-Type") or "RequestResponse"
    if kind == "RequestResponse" and unbound(lambda_svc._functions.get(name) or {}):
        return error_response_json(ERROR, MESSAGE, 502)
    return await _invoke(name, event, headers, *arguments, **options)
