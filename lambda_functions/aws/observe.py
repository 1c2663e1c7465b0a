"""Logs, metrics and traces on AWS (`shared.port.Observer`): the one module that knows Powertools.

A log line is one JSON object on standard output. Metrics are CloudWatch's embedded format (EMF), in the namespace
POWERTOOLS_METRICS_NAMESPACE, so that each twin can have its own. X-Ray has segments of the invocations that it samples:
importing its SDK takes longer than everything else a function does (some 400 ms), so it is loaded only for those. The
W3C trace id travels in the envelope, sampled or not.
"""

from __future__ import annotations

import functools
import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import single_metric
from botocore.exceptions import ClientError

from lambda_functions.shared.port import Annotate, Unit

_NAMESPACE = os.environ.get("POWERTOOLS_METRICS_NAMESPACE") or "gluecode"
_MANY_VALUES = 80  # of one metric; at 100 Powertools would write them itself, without their dimension
# Frames from Powertools' logger up to the caller of `observability.hop`, which a line names as its location.
_CALLER = 5


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


def log(level: int, message: str, fields: Mapping[str, Any]) -> None:
    """One line on standard output."""
    _LEVELS[level](message, extra=fields, stacklevel=_CALLER)


def metric(name: str, unit: Unit, value: float, service: str, reason: str = "") -> None:
    """Collected until `flush`; one with a reason is written at once, because all others share their dimensions."""
    if reason:
        with single_metric(name=name, unit=unit, value=value, namespace=_NAMESPACE) as single:  # type: ignore[arg-type]
            single.add_dimension("service", service)
            single.add_dimension("reason", reason)
        return
    _metrics.add_metric(name, unit, value)
    if len(_metrics.metric_set[name]["Value"]) >= _MANY_VALUES:
        flush(service)


def flush(service: str) -> None:
    """One line with every metric."""
    if _metrics.metric_set:  # Powertools warns of an invocation that has none
        _metrics.add_dimension("service", service)
        _metrics.flush_metrics()


@contextmanager
def segment(name: str) -> Iterator[Annotate | None]:
    """One hop's sub-segment; None where X-Ray would not record it."""
    tracer = _tracer() if _sampled() else None
    if tracer is None:
        yield None
        return
    with tracer.provider.in_subsegment(name=f"## {name}") as subsegment:
        yield subsegment.put_annotation


def describe(error: BaseException) -> str | None:
    """Operation, code and message. A ValidationException's message is left out: it may quote a value."""
    if not isinstance(error, ClientError):
        return None
    code = error.response.get("Error", {}).get("Code", "")
    detail = "" if code == "ValidationException" else error.response.get("Error", {}).get("Message", "")
    return f"{error.operation_name}: {code} {detail}".rstrip()


def _sampled() -> bool:
    return "Sampled=1" in os.environ.get("_X_AMZN_TRACE_ID", "") and bool(os.environ.get("AWS_XRAY_DAEMON_ADDRESS"))


@functools.cache
def _tracer() -> Any:
    try:
        import aws_xray_sdk.core  # noqa: F401
        from aws_lambda_powertools import Tracer
    except ModuleNotFoundError:  # a layer built without it: events matter more than their traces
        return None
    return Tracer(auto_patch=False)
