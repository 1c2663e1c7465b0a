"""Sends an event into a twin, and finds its way through the twin's functions in their logs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from lambda_functions.shared import envelope
from lambda_functions.shared.event import DEVICE, TIME
from orchestrator.core.errors import UsageError
from orchestrator.core.names import TwinNames
from orchestrator.core.plan.components import ASYNC_RETRIES
from orchestrator.operations import log_group

PATIENCE_SECONDS = 60.0
_POLL_SECONDS = 0.5
_FINAL = ("stored", "dropped", "refused")  # the most telling one first
_SENDER = "sender"


@dataclass(frozen=True)
class Sent:
    """A published event: the id that every function on its way will log, and what it travels as."""

    trace_id: str
    topic: str
    event: Mapping[str, Any]


@dataclass(frozen=True)
class Hop:
    """What one function did with the event. The fields are those of `lambda_functions.shared.observability`."""

    at: datetime
    what: str
    service: str = ""
    function: str = ""
    twin: str = ""
    message: str = ""
    to: str = ""
    reason: str = ""
    cold_start: bool = False
    request_id: str = ""


@dataclass(frozen=True)
class Trace:
    """One event's way, in the order of time."""

    trace_id: str
    hops: tuple[Hop, ...] = field(default=())

    @property
    def end(self) -> Hop | None:
        """Where the event ended, as far as the logs tell; else the last that is known. None when no log knows of it.

        What failed or was refused, and was then tried again by the same function, is no end.
        """
        begun = {hop.function: hop.at for hop in self.hops if hop.what == "received"}
        left = [
            hop
            for hop in self.hops
            if hop.what not in ("failed", "refused") or hop.at >= begun.get(hop.function, hop.at)
        ]
        for what in _FINAL:
            for hop in reversed(left):
                if hop.what == what:
                    return hop
        return self.hops[-1] if self.hops else None

    @property
    def attempts(self) -> int:
        """How often the function at the end has begun the invocation that the end is about."""
        end = self.end
        same = [hop for hop in self.hops if end and (hop.function, hop.request_id) == (end.function, end.request_id)]
        return max(sum(hop.what == what for hop in same) for what in ("received", "failed")) if same else 0

    @property
    def given_up(self) -> bool:
        """Whether Lambda has made its last attempt, which failed: then the event is in the failure queue."""
        end = self.end
        return end is not None and end.what == "failed" and end.to != _SENDER and self.attempts > ASYNC_RETRIES

    @property
    def over(self) -> bool:
        """Whether the event has come to an end that nothing will follow. A refused sender may try again."""
        end = self.end
        return self.given_up or (end is not None and end.what in _FINAL and end.to != _SENDER)


def has_left(found: Trace, providers: Mapping[str, str]) -> bool:
    """Whether another cloud has accepted the event and nothing of it comes back, because L3 is not on AWS."""
    if providers.get("layer_3_hot_provider", "aws") == "aws":
        return False
    here = providers.get("layer_2_provider", "aws") == "aws"
    sender = "persister" if here else "connector"
    return any(
        (hop.what, hop.service) == ("forwarded", sender) and not hop.to.startswith(f"{hop.twin}-") for hop in found.hops
    )


def send(aws: Any, twin: str, event: Any) -> Sent:
    """Publish an event on the twin's topic, in an envelope, so that its trace id is known from the start.

    An event without `time` gets the present. Raises UsageError for what is no telemetry event.
    """
    if not isinstance(event, Mapping) or not isinstance(event.get(DEVICE), str) or not event[DEVICE]:
        raise UsageError(
            f"The event is no JSON object with '{DEVICE}'.",
            f"""Write it as in '{{"{DEVICE}": "press-1", "{TIME}": "{envelope.now()}", "temperature": 21.5}}'.""",
        )
    payload = {TIME: envelope.now(), **event}
    made = envelope.Envelope(
        source_cloud="aws",
        target_layer=envelope.L2,
        message_type=envelope.TELEMETRY,
        timestamp=envelope.now(),
        payload=payload,
        trace_id=envelope.new_trace_id(),
    )
    topic = TwinNames(twin).topic
    aws.client("iot-data").publish(topic=topic, qos=1, payload=json.dumps(made.as_dict()).encode())
    return Sent(made.trace_id, topic, payload)


def trace(aws: Any, trace_id: str, twins: Iterable[str]) -> Trace:
    """Read the logs of these twins for one event's way. Raises UsageError when the id is none."""
    known = read_trace_id(trace_id)
    logs = aws.client("logs")
    hops = [hop for twin in twins for hop in _hops(logs, twin, known)]
    return Trace(known, tuple(sorted(hops, key=lambda hop: hop.at)))


def read_trace_id(text: str) -> str:
    """A trace id in its usual form, however it was typed. Raises UsageError when it is none."""
    known = envelope.as_trace_id(text)
    if known is None:
        raise UsageError(
            f"'{text}' is no trace id.", "`gluecode send` prints it: a UUID, or its 32 hexadecimal digits."
        )
    return known


def wait(
    aws: Any,
    trace_id: str,
    twin: str,
    *,
    until: Callable[[Trace], bool] = lambda found: found.over,
    patience: float = PATIENCE_SECONDS,
    pause: Callable[[float], None] = time.sleep,
) -> Trace:
    """Look for the event's way until it is over, or until patience is (in seconds). Returns what was found last."""
    deadline = time.monotonic() + patience
    while True:
        found = trace(aws, trace_id, [twin])
        if until(found) or time.monotonic() > deadline:
            return found
        pause(_POLL_SECONDS)


def _hops(logs: Any, twin: str, trace_id: str) -> Iterator[Hop]:
    found = log_group.events(logs, TwinNames(twin).log_group, containing=trace_id)
    try:
        messages = dict.fromkeys(event["message"] for event in found)
    except logs.exceptions.ResourceNotFoundException:  # the twin was never deployed, or is gone with its logs
        return
    for message in messages:  # each once, whatever CloudWatch delivered twice
        hop = _hop(message, twin, trace_id)
        if hop:
            yield hop


def _hop(message: str, twin: str, trace_id: str) -> Hop | None:
    """One log line as a hop; None for a line that tells of something else."""
    line = log_group.document(message)
    if line is None or line.get("trace_id") != trace_id or "hop" not in line:
        return None
    known = {each.name: line[each.name] for each in fields(Hop) if line.get(each.name) is not None}
    return Hop(**{**known, "at": datetime.fromisoformat(line["timestamp"]), "what": line["hop"], "twin": twin})
