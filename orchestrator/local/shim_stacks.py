"""Makes ministack's CloudFormation keep what a rollback could not delete in its stack: listed, and deleted with it."""

from __future__ import annotations

from typing import Any

from ministack.services.cloudformation import handlers

_OF_A_STACK = ("ListStackResources", "DeleteStack")
_KEPT = {"ResourceStatus": "DELETE_FAILED"}


def install() -> None:
    """Patch the calls that go through a stack's resources."""
    for name in _OF_A_STACK:
        handlers._ACTION_HANDLERS[name] = _whole(handlers._ACTION_HANDLERS[name])


def _whole(handler: Any) -> Any:
    def handle(asked: Any) -> Any:
        stack = handlers._resolve_stack(handlers._p(asked, "StackName") or "") or {}
        if stack.get("StackStatus") == "ROLLBACK_FAILED":
            for name, resource in stack.get("_rollback_failed", {}).items():
                stack["_resources"].setdefault(name, {**resource, **_KEPT, "Timestamp": stack["CreationTime"]})
        return handler(asked)

    return handle
