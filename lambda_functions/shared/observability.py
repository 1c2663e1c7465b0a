"""Logs, metrics and trace segments of every function: the one place that knows Powertools.

Every line is one JSON object on standard output. A line that tells of an event's way has these fields, from which the
way can be rebuilt over all functions of a twin (they share one log group):

    timestamp     when, RFC 3339 in UTC with milliseconds
    trace_id      the event's trace id: the same in every function on its way
    hop           what happened to the event here:
                    received   the function has it
                    forwarded  it is with the next one: `to` names the function, the other cloud's host or the topic
                    stored     it is in the hot table: `to` names the table
                    dropped    the device's own code wants no more of it
                    refused    it will never be accepted as it is, or was tried often enough: `reason` says why, `to`
                               who has it: the twin's `failure-queue`, its `sender` (who was told), or `lambda` (which
                               tries again, as a queue does)
                    failed     this attempt broke off: `reason`; its sender or Lambda tries again
    service       the function's role in the twin: `dispatcher`, …, `event_checker`
    function      the function's name
    device        the event's iotDeviceId, once it is known
    source_cloud  the cloud that the event came from, once it is known
    cold_start    whether this was the worker's first invocation
    request_id    Lambda's id of the invocation
    message       one sentence for people

No line at INFO or above holds a payload or a token.

Metrics (EMF, dimension `service`): EventsIn, EventsOut, EventsDropped, EventsRefused (also by `reason`), Failures,
Retries, CrossCloudLatency (milliseconds: in a receiver from the envelope's timestamp to its arrival, in a sender from
its first attempt to the acceptance, once for a batch), BreakerState (0 closed, 0.5 half open, 1 open). The namespace is
POWERTOOLS_METRICS_NAMESPACE, so that each twin can have one of its own.
"""

from __future__ import annotations

import functools
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit, single_metric
from botocore.exceptions import ClientError

from lambda_functions.shared import tracing
from lambda_functions.shared.envelope import Envelope
from lambda_functions.shared.errors import GluecodeError
from lambda_functions.shared.event import DEVICE

Handler = Callable[[Any, Any], Any]

_NAMESPACE = os.environ.get("POWERTOOLS_METRICS_NAMESPACE") or "gluecode"
_LONGEST_DEVICE = 128  # of a name that IoT takes
_OF_ONE_EVENT = ("trace_id", "device", "source_cloud")
_MANY_VALUES = 80  # of one metric; at 100 Powertools would write them out itself, before they have their dimension
_COUNTED = {
    "received": "EventsIn",
    "forwarded": "EventsOut",
    "stored": "EventsOut",
    "dropped": "EventsDropped",
    "failed": "Failures",
}


class _StandardOutput(logging.StreamHandler[Any]):
    """Writes to what standard output is at that moment, not to what it was when the worker started."""

    @property
    def stream(self) -> Any:
        return sys.stdout

    @stream.setter
    def stream(self, _ignored: Any) -> None:
        """The base class sets it once."""


_logger = Logger(service="gluecode", logger_handler=_StandardOutput(), utc=True, use_rfc3339=True)
_metrics = Metrics(namespace=_NAMESPACE, service="gluecode")
_LEVELS: dict[int, Callable[..., None]] = {
    logging.INFO: _logger.info,
    logging.WARNING: _logger.warning,
    logging.ERROR: _logger.error,
}


class _Worker:
    """What one Lambda worker remembers between invocations."""

    cold = True
    service = "gluecode"
    segment: Any = None


def observed(service: str) -> Callable[[Handler], Handler]:
    """Make a handler's every line and metric carry who it is, and tell of an invocation that breaks off."""

    def decorate(handler: Handler) -> Handler:
        @functools.wraps(handler)
        def run(event: Any, context: Any) -> Any:
            _begin(service, context)
            with tracing.segment(service) as _Worker.segment:
                try:
                    return handler(event, context)
                except Exception as error:
                    hop("failed", "This attempt broke off.", level=logging.ERROR, reason=describe(error))
                    raise
                finally:
                    _flush()

        return run

    return decorate


def bind(**keys: Any) -> None:
    """Put keys (`trace_id`, `device`, `source_cloud`) on every further line of this invocation."""
    _logger.append_keys(**keys)
    if _Worker.segment is not None:
        for key, value in keys.items():
            _Worker.segment.put_annotation(key, value)


def bind_envelope(envelope: Envelope) -> None:
    """Put on every further line whose event this is."""
    device = envelope.payload.get(DEVICE)
    known = {"device": _printable(device[:_LONGEST_DEVICE])} if isinstance(device, str) else {}
    bind(trace_id=envelope.trace_id, source_cloud=envelope.source_cloud, **known)


@contextmanager
def one_of_several() -> Iterator[None]:
    """One event of a batch: what is bound in the block goes with it, and it has a segment of its own."""
    whole = _Worker.segment
    with tracing.segment(_Worker.service) as _Worker.segment:
        try:
            yield
        finally:
            _logger.remove_keys(_OF_ONE_EVENT)
            _Worker.segment = whole
    if any(len(metric["Value"]) >= _MANY_VALUES for metric in _metrics.metric_set.values()):
        _flush()


def hop(name: str, message: str, *, level: int = logging.INFO, counted: bool = True, **fields: Any) -> None:
    """Tell what happened to the event here; see the table above for the names."""
    _log(level, message, hop=name, **fields)
    if name == "refused":
        # What the other cloud gave as its own reason stands behind a colon, and makes no metric: it could be anything.
        _count_refusal(fields["reason"].partition(":")[0])
    elif counted:
        count(_COUNTED[name])


def note(message: str, *, level: int = logging.INFO, **fields: Any) -> None:
    """Tell something that is no station on the event's way."""
    _log(level, message, **fields)


def warn(message: str, **fields: Any) -> None:
    """Tell what someone should look at."""
    _log(logging.WARNING, message, **fields)


def count(metric: str, value: float = 1) -> None:
    """Add to a counter."""
    _metrics.add_metric(metric, MetricUnit.Count, value)


def gauge(metric: str, value: float) -> None:
    """Report a state."""
    _metrics.add_metric(metric, MetricUnit.NoUnit, value)


def took(metric: str, seconds: float) -> None:
    """Report a duration; a clock that runs ahead of ours makes none negative."""
    _metrics.add_metric(metric, MetricUnit.Milliseconds, max(0.0, seconds) * 1000)


def describe(error: BaseException) -> str:
    """What may be said of an error in a log: never what the event held.

    Our own errors' texts are written for that. AWS's are too, but for a ValidationException, which may quote a value.
    """
    if isinstance(error, GluecodeError):
        return str(error)
    if isinstance(error, ClientError):
        code = error.response.get("Error", {}).get("Code", "")
        detail = "" if code == "ValidationException" else error.response.get("Error", {}).get("Message", "")
        return f"{error.operation_name}: {code} {detail}".rstrip()
    return type(error).__name__ + _place(error)


def _printable(text: str) -> str:
    """The text without what standard output cannot write: half of a surrogate pair."""
    return text.encode("utf-8", "replace").decode()


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f" at {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""


def _begin(service: str, context: Any) -> None:
    _Worker.service = service
    function = getattr(context, "function_name", None) or os.environ.get("AWS_LAMBDA_FUNCTION_NAME", service)
    _logger.structure_logs(
        service=service,
        function=function,
        cold_start=_Worker.cold,
        request_id=getattr(context, "aws_request_id", None),
    )
    _Worker.cold = False


def _log(level: int, message: str, **fields: Any) -> None:
    _LEVELS[level](message, extra=fields, stacklevel=4)


def _count_refusal(reason: str) -> None:
    count("EventsRefused")
    with single_metric(name="EventsRefused", unit=MetricUnit.Count, value=1, namespace=_NAMESPACE) as metric:
        metric.add_dimension("service", _Worker.service)
        metric.add_dimension("reason", reason)


def _flush() -> None:
    if _metrics.metric_set:  # Powertools warns of an invocation that has none
        _metrics.add_dimension("service", _Worker.service)
        _metrics.flush_metrics()
