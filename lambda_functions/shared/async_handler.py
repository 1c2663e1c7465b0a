"""A function that runs asynchronously: open the envelope, act on it, keep an event that will never be accepted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from lambda_functions.shared import failure_queue, observability
from lambda_functions.shared.envelope import Envelope, new_trace_id, open_envelope
from lambda_functions.shared.errors import Refused
from lambda_functions.shared.port import Cloud, Invocation

Outcome = Literal["forwarded", "stored", "dropped", "checked", "refused"]
Act = Callable[[Envelope], Outcome]
"""Takes the event one hop further. Raises Refused for good, anything else for what is to be tried again."""
Finish = Callable[[], Outcome]
"""Takes the last steps with an event that was sent together with others. Raises what kept it from being delivered."""


def run(event: Any, context: Invocation, cloud: Cloud, layer: str, act: Act) -> dict[str, str]:
    """Take one event one hop further; answer `{"trace_id", "outcome"}`, for people who invoke it by hand."""
    trace_id, original = new_trace_id(context.request_id), event
    observability.bind(trace_id=trace_id)
    try:
        envelope = open_envelope(event, layer=layer, trace_id=trace_id, cloud=cloud.name)
        trace_id, original = envelope.trace_id, envelope.as_dict()
        observability.bind_envelope(envelope)
        observability.hop("received", "An event arrived.")
        outcome = act(envelope)
    except Refused as refusal:
        failure_queue.keep(cloud, refusal, original, function=context.function, trace_id=trace_id)
        outcome = "refused"
    return {"trace_id": trace_id, "outcome": outcome}


def delivered(to: str, message: str, result: Exception | None = None) -> Outcome:
    """Report that another cloud has the event. Raises a result that says what kept it from being delivered."""
    if result is not None:
        raise result
    observability.hop("forwarded", message, to=to)
    return "forwarded"
