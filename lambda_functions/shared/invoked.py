"""A function that Lambda runs by itself: open the envelope, act on it, keep what will never be accepted."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, Literal

from lambda_functions.shared import failure_queue, observability
from lambda_functions.shared.envelope import Envelope, new_trace_id, open_envelope
from lambda_functions.shared.errors import Refused

Outcome = Literal["forwarded", "stored", "dropped", "checked", "refused"]
Act = Callable[[Envelope], Outcome]
"""Takes the event one hop further. Raises Refused for good, anything else when Lambda shall try again."""


def run(event: Any, context: Any, *, layer: str, act: Act) -> dict[str, str]:
    """Take one event one hop further; answer `{"trace_id", "outcome"}`, which is for people who invoke it by hand."""
    trace_id, original = new_trace_id(getattr(context, "aws_request_id", None)), event
    observability.bind(trace_id=trace_id)
    try:
        envelope = open_envelope(event, layer=layer, trace_id=trace_id)
        trace_id, original = envelope.trace_id, envelope.as_dict()
        observability.bind_envelope(envelope)
        observability.hop("received", "An event arrived.")
        outcome = act(envelope)
    except Refused as refusal:
        failure_queue.keep(refusal, original, function=function_name(context), trace_id=trace_id)
        outcome = "refused"
    return {"trace_id": trace_id, "outcome": outcome}


def from_queue(event: Any) -> bool:
    """Whether Lambda was given messages of a queue: then it is `outgoing` that knows how to run."""
    records = event.get("Records") if isinstance(event, Mapping) else None
    return isinstance(records, list) and all(
        isinstance(each, Mapping) and each.get("eventSource") == "aws:sqs" for each in records
    )


def function_name(context: Any) -> str:
    """The function's own name: what a failed event is given back to."""
    return getattr(context, "function_name", None) or os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "")
