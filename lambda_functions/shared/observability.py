"""What the functions report: log lines, metrics and trace segments. The adapter writes them (`port.Observer`).

A line on an event's path has these fields. From them the path can be rebuilt over all functions of a twin (they share
one log group):

    timestamp     when, RFC 3339 in UTC with milliseconds
    trace_id      the event's trace id: the same in every function on its path
    hop           what happened to the event here:
                    received   the function has it
                    forwarded  the next one has it: `to` names the function, the other cloud's host or the topic
                    stored     it is in the hot table: `to` names the table
                    dropped    the device's own code returned nothing
                    refused    it will never be accepted as it is, or was tried often enough: `reason` says why, `to`
                               who has it: the twin's `failure-queue`, its `sender` (who got an answer), or `lambda`
                               (which tries again, as a queue does)
                    failed     this attempt failed: `reason`; its sender or Lambda tries again
    service       the function's role in the twin: `dispatcher`, …, `event_checker`
    function      the function's name
    device        the event's iotDeviceId, once it is known
    source_cloud  the cloud that the event came from, once it is known
    cold_start    whether this was the worker's first invocation
    request_id    the cloud's id of the invocation
    message       one sentence for people

No line at INFO or above holds a payload or a token.

Metrics (dimension `service`): EventsIn, EventsOut, EventsDropped, EventsRefused (also by `reason`), Failures, Retries,
CrossCloudLatency (milliseconds: in a receiver from the envelope's timestamp to its arrival, in a sender from its first
attempt to the acceptance, once for a batch), BreakerState (0 closed, 0.5 half open, 1 open).

The current event is kept in context variables, so that several events can run on threads of one worker.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from lambda_functions.shared.envelope import Envelope
from lambda_functions.shared.errors import GluecodeError
from lambda_functions.shared.event import DEVICE
from lambda_functions.shared.port import Annotate, Invocation, Observer, Unit

_LONGEST_DEVICE = 128  # of a name that IoT takes
_COUNTED = {
    "received": "EventsIn",
    "forwarded": "EventsOut",
    "stored": "EventsOut",
    "dropped": "EventsDropped",
    "failed": "Failures",
}

_fields: ContextVar[Mapping[str, Any]] = ContextVar("fields", default={"service": "gluecode"})  # noqa: B039  # never changed
_annotate: ContextVar[Annotate | None] = ContextVar("annotate", default=None)


class _Worker:
    """What one worker remembers between invocations."""

    cold = True
    observer: Observer


def use(observer: Observer) -> None:
    """Bind the adapter's observer, once, while a worker starts."""
    _Worker.observer = observer


@contextmanager
def invocation(service: str, run: Invocation) -> Iterator[None]:
    """One invocation of a function: its lines say whose they are, and an error is reported before it is raised."""
    fields = {"service": service, "function": run.function or service, "cold_start": _Worker.cold}
    _Worker.cold = False
    with _scope({**fields, "request_id": run.request_id}):
        try:
            yield
        except Exception as error:
            hop("failed", "This attempt broke off.", level=logging.ERROR, reason=describe(error))
            raise
        finally:
            _Worker.observer.flush(service)


@contextmanager
def one_of_several() -> Iterator[None]:
    """One event of a batch: what is bound in the block ends with it, and it has a segment of its own."""
    with _scope(_fields.get()):
        yield


@contextmanager
def _scope(fields: Mapping[str, Any]) -> Iterator[None]:
    before = _fields.set(fields)
    try:
        with _Worker.observer.segment(fields["service"]) as annotate:
            outer = _annotate.set(annotate)
            try:
                yield
            finally:
                _annotate.reset(outer)
    finally:
        _fields.reset(before)


def bind(**fields: Any) -> None:
    """Put fields (`trace_id`, `device`, `source_cloud`) on every further line of this event."""
    _fields.set({**_fields.get(), **fields})
    annotate = _annotate.get()
    if annotate is not None:
        for key, value in fields.items():
            annotate(key, value)


def bind_envelope(envelope: Envelope) -> None:
    """Put on every further line whose event this is."""
    device = envelope.payload.get(DEVICE)
    known = {"device": _printable(device[:_LONGEST_DEVICE])} if isinstance(device, str) else {}
    bind(trace_id=envelope.trace_id, source_cloud=envelope.source_cloud, **known)


def hop(name: str, message: str, *, level: int = logging.INFO, counted: bool = True, **fields: Any) -> None:
    """Report what happened to the event here; see the table above for the names."""
    _log(level, message, hop=name, **fields)
    if name == "refused":
        # A reason that the other cloud gave follows a colon. It makes no metric: it could be anything.
        count("EventsRefused")
        _metric("EventsRefused", "Count", 1, fields["reason"].partition(":")[0])
    elif counted:
        count(_COUNTED[name])


def note(message: str, *, level: int = logging.INFO, **fields: Any) -> None:
    """Report something that is not a hop of the event."""
    _log(level, message, **fields)


def warn(message: str, **fields: Any) -> None:
    """Report what someone should check."""
    _log(logging.WARNING, message, **fields)


def count(metric: str, value: float = 1) -> None:
    """Add to a counter."""
    _metric(metric, "Count", value)


def gauge(metric: str, value: float) -> None:
    """Report a state."""
    _metric(metric, "None", value)


def took(metric: str, seconds: float) -> None:
    """Report a duration; one that is negative, because another clock is ahead of ours, is zero."""
    _metric(metric, "Milliseconds", max(0.0, seconds) * 1000)


def describe(error: BaseException) -> str:
    """What may be logged of an error: never what the event held. The texts of our own errors are written for that."""
    if isinstance(error, GluecodeError):
        return str(error)
    return _Worker.observer.describe(error) or type(error).__name__ + _place(error)


def _printable(text: str) -> str:
    """The text without what standard output cannot write: half of a surrogate pair."""
    return text.encode("utf-8", "replace").decode()


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f" at {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""


def _log(level: int, message: str, **fields: Any) -> None:
    _Worker.observer.log(level, message, {**_fields.get(), **fields})


def _metric(name: str, unit: Unit, value: float, reason: str = "") -> None:
    _Worker.observer.metric(name, unit, value, _fields.get()["service"], reason)
