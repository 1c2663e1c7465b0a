"""A public endpoint of the inter-cloud contract: authenticate, read, validate, accept, answer. Never raises.

A request carries one event, or a batch of them. A batch is let in as one, and then each of its events is handled as if
it had come alone.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lambda_functions.shared import authentication, http_request, observability, responses, settings, tokens
from lambda_functions.shared.envelope import (
    Envelope,
    documents_in,
    new_trace_id,
    open_envelope,
    trace_id_in,
    trace_id_of,
)
from lambda_functions.shared.errors import ConfigurationError, Refused, Unavailable
from lambda_functions.shared.event import device_of
from lambda_functions.shared.json_text import parse
from lambda_functions.shared.port import Cloud, Invocation, Remaining
from lambda_functions.shared.responses import Verdict
from lambda_functions.shared.signing import Verifier

Accept = Callable[[Envelope], object]
"""Makes the event durable. Raises Refused for one that it cannot take, anything else when it cannot take it now."""

BATCH_SECONDS = 8.0
"""How long the events of a batch may take; a sender waits ten seconds for its answer."""
_RESERVE_SECONDS = 1.0


def serve(
    event: Any,
    context: Invocation,
    cloud: Cloud,
    layer: str,
    devices: Callable[[], frozenset[str] | None],
    accept: Accept,
) -> dict[str, Any]:
    """Answer one request, `{"headers", "body", "isBase64Encoded"}` as a Function URL gives it.

    The order is the contract: a caller that cannot authenticate learns nothing about what is wrong with the body.
    `devices` is called when it is needed, so that an error in it becomes an answer too.
    """
    request = event if isinstance(event, Mapping) else {}
    trace_id = _entering_trace_id(request, context.request_id)
    observability.bind(trace_id=trace_id)
    reception = _Reception(cloud, layer, devices, accept)
    try:
        document = _read(request, tokens.for_receiving(cloud))
        documents = documents_in(document)
    except Exception as error:  # noqa: BLE001  # whatever failed, the sender gets an answer that it can act on
        return responses.to_one(reception.verdict(error, trace_id))
    if documents is None:
        return responses.to_one(reception.take(document, trace_id))
    return responses.to_batch(trace_id, reception.take_each(documents, context.remaining))


@dataclass(frozen=True)
class _Reception:
    cloud: Cloud
    layer: str
    devices: Callable[[], frozenset[str] | None]
    accept: Accept

    def take(self, document: Any, trace_id: str, in_time: Callable[[], bool] = lambda: True) -> Verdict:
        """Make one event durable."""
        try:
            envelope = open_envelope(document, layer=self.layer, trace_id=trace_id, cloud=None)
            trace_id = envelope.trace_id
            _arrived(envelope)
            device_of(envelope.payload, known=self.devices())
            if not in_time():
                raise Unavailable("The events before it in the batch have taken the time that there is.")
            self.accept(envelope)
        except Exception as error:  # noqa: BLE001  # as above
            return self.verdict(error, trace_id)
        return Verdict(200, trace_id)

    def take_each(self, documents: Sequence[Any], left: Remaining) -> list[Verdict]:
        """Make the events durable one after the other; those for which no time is left are refused for now."""
        until = max(left() - BATCH_SECONDS, _RESERVE_SECONDS)
        return [self._take_one(document, lambda: left() >= until) for document in documents]

    def _take_one(self, document: Any, in_time: Callable[[], bool]) -> Verdict:
        with observability.one_of_several():
            trace_id = trace_id_in(document) or new_trace_id()
            observability.bind(trace_id=trace_id)
            return self.take(document, trace_id, in_time)

    def verdict(self, error: Exception, trace_id: str) -> Verdict:
        """Report what kept the event, or the whole request, from being accepted."""
        if isinstance(error, Refused):
            observability.hop(
                "refused", "The request was refused.", level=logging.WARNING, reason=error.reason, to="sender"
            )
            return Verdict(error.status, trace_id, error.reason)
        reason = observability.describe(error)
        observability.hop("failed", "The request could not be served.", level=logging.ERROR, reason=reason, to="sender")
        if isinstance(error, Unavailable) or self.cloud.is_throttle(error):
            return Verdict(429, trace_id, "throttled")
        return Verdict(500, trace_id, "misconfigured" if isinstance(error, ConfigurationError) else "internal_error")


def _entering_trace_id(request: Mapping[str, Any], request_id: str | None) -> str:
    sent = http_request.header(request, "traceparent")
    return (trace_id_of(sent[0]) if sent else None) or new_trace_id(request_id)


def _read(request: Mapping[str, Any], accepted: tokens.Tokens) -> Any:
    authentication.authenticate(request, accepted)
    body = http_request.body(request)
    if settings.on("INTER_CLOUD_SIGNING"):
        _verifier().verify(request, body, accepted.accepted())
    return parse(body)


@functools.cache
def _verifier() -> Verifier:
    return Verifier()


def _arrived(envelope: Envelope) -> None:
    observability.bind_envelope(envelope)
    observability.hop("received", "An event arrived from another cloud.")
    age = envelope.age_seconds()
    if age is not None:
        observability.took("CrossCloudLatency", age)
