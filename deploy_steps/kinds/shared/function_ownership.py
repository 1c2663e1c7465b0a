"""Whose a Function URL, a permission or an invoke setting is: they carry no tags, so their function's tags say it."""

from __future__ import annotations

from typing import Any

from deploy_steps.errors import AccessDenied, NotReady
from deploy_steps.ownership import ensure_ours
from orchestrator.core.specs import Owner


def read_function(client: Any, name: str) -> dict[str, Any] | None:
    """GetFunction's answer (configuration, where the code lies, tags) in one call; None if there is no such function.

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


def ensure_parent_ours(client: Any, kind: str, name: str, owner: Owner, *, dry_run: bool = False) -> None:
    """Raise ForeignResource unless the function of that name is this twin's. Asked only before a write.

    A function that is not there (yet) is NotReady; a dry run takes it for granted, since the deployment makes it first.
    """
    function = read_function(client, name)
    if function is not None:
        ensure_ours("function", name, owner, function.get("Tags", {}))
    elif not dry_run:
        raise NotReady(f"There is no function '{name}' (yet) for its {kind}.")
