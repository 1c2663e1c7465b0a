"""Whose a Function URL, a permission or an invoke setting is: they have no tags, so those of their function count."""

from __future__ import annotations

from typing import Any

from deploy_steps.contract import Wanted
from deploy_steps.errors import AccessDenied, NotReady
from deploy_steps.ownership import ensure_ours

READ_FUNCTION = ("lambda:GetFunction", "lambda:ListTags")
"""The actions that `read_function` needs."""


def read_function(client: Any, name: str) -> dict[str, Any] | None:
    """GetFunction's answer (configuration, location of the code, tags) in one call; None if there is no such function.

    Raises AccessDenied when AWS keeps the tags back: it answers without them to a caller who may not call ListTags,
    and our own function would look like someone else's.
    """
    try:
        answer: dict[str, Any] = client.get_function(FunctionName=name)
    except client.exceptions.ResourceNotFoundException:
        return None
    if denied := answer.get("TagsError"):
        raise AccessDenied(f"GetFunction kept the tags of '{name}' back: {denied['Message']} ({denied['ErrorCode']})")
    return answer


def ensure_function_ours(client: Any, kind: str, wanted: Wanted, required: bool) -> None:
    """Raise ForeignResource unless the function of that name is this twin's.

    One that does not exist (yet) is NotReady if it is required. A dry run does not require it, since the deployment
    creates it first; neither does a destroy, since the function may be gone already.
    """
    function = read_function(client, wanted.name)
    if function is not None:
        ensure_ours("function", wanted.name, wanted.owner, function.get("Tags", {}))
    elif required:
        raise NotReady(f"There is no function '{wanted.name}' (yet) for its {kind}.")
