"""Where Lambda enters a function: its context as the core's `Invocation`, observed from start to end."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from typing import Any

from lambda_functions.aws import observe
from lambda_functions.shared import observability
from lambda_functions.shared.port import Invocation, Remaining

Function = Callable[[Any, Invocation], Any]
Handler = Callable[[Any, Any], Any]

_WITHOUT_LAMBDA = 60.0

observability.use(observe)


def observed(service: str) -> Callable[[Function], Handler]:
    """Make a handler of a function: every line and metric of an invocation carries the service's name."""

    def decorate(function: Function) -> Handler:
        @functools.wraps(function)
        def run(event: Any, context: Any) -> Any:
            name = getattr(context, "function_name", None) or os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "")
            invocation = Invocation(name, getattr(context, "aws_request_id", None), remaining(context))
            with observability.invocation(service, invocation):
                return function(event, invocation)

        return run

    return decorate


def remaining(context: Any) -> Remaining:
    """What Lambda's context says, in seconds; a fixed minute without Lambda (in a test or a console)."""
    if not hasattr(context, "get_remaining_time_in_millis"):
        return lambda: _WITHOUT_LAMBDA
    return lambda: context.get_remaining_time_in_millis() / 1000


def from_queue(event: Any) -> bool:
    """Whether the event holds messages of a queue: then `sqs_handler` runs it."""
    records = event.get("Records") if isinstance(event, Mapping) else None
    return isinstance(records, list) and all(
        isinstance(each, Mapping) and each.get("eventSource") == "aws:sqs" for each in records
    )
