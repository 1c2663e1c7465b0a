"""Hands an event to the next function of the twin, which Lambda then runs by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambda_functions.shared import observability
from lambda_functions.shared.json_text import dump


def hand_to(client: Any, function: str, document: Mapping[str, Any], *, counted: bool = True) -> None:
    """Queue an asynchronous invocation. Once it returns, Lambda runs the function, retries it, and keeps what failed.

    Raises ClientError when Lambda does not take it. `counted` is off for a side branch of the event's way.
    """
    client.invoke(FunctionName=function, InvocationType="Event", Payload=dump(document))
    observability.hop("forwarded", "The event is with the next function.", to=function, counted=counted)
