"""A public endpoint of the inter-cloud contract: authenticate, read, validate, accept, answer. Never raises.

A request carries one event, or a batch of them. A batch is let in as one, and then each of its events is dealt with as
if it had come alone.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from lambda_functions.shared import authentication, batch, http_request, observability, responses, settings
from lambda_functions.shared.deadline import Remaining, remaining
from lambda_functions.shared.envelope import Envelope, as_trace_id, new_trace_id, open_envelope, trace_id_of
from lambda_functions.shared.errors import ConfigurationError, Refused, Unavailable
from lambda_functions.shared.event import device_of
from lambda_functions.shared.json_text import parse
from lambda_functions.shared.responses import Verdict
from lambda_functions.shared.signing import Verifier
from lambda_functions.shared.tokens import Tokens

Accept = Callable[[Envelope], None]
"""Makes the event durable. Raises Refused for one that it cannot take, anything else when it cannot take it now."""

BATCH_SECONDS = 8.0
"""So long may the events of a batch take; a sender waits ten seconds for its answer."""
_RESERVE_SECONDS = 1.0

_THROTTLES = {
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "TooManyRequestsException",
}


def serve(
    event: Any,
    context: Any,
    *,
    layer: str,
    devices: Callable[[], frozenset[str] | None],
    tokens: Callable[[], Tokens],
    accept: Accept,
) -> dict[str, Any]:
    """Answer one request.

    The order is the contract: who cannot authenticate learns nothing about what is wrong with the body. `devices` and
    `tokens` are asked for once they are needed, so that what is wrong with them becomes an answer too.
    """
    request = event if isinstance(event, Mapping) else {}
    trace_id = _entering_trace_id(request, context)
    observability.bind(trace_id=trace_id)
    reception = _Reception(layer, devices, accept)
    try:
        document = _read(request, tokens())
        documents = batch.documents_in(document)
    except Exception as error:  # noqa: BLE001  # the sender gets an answer that it can act on, whatever broke here
        return responses.to_one(_verdict(error, trace_id))
    if documents is None:
        return responses.to_one(reception.take(document, trace_id))
    return responses.to_batch(trace_id, reception.take_each(documents, remaining(context)))


@dataclass(frozen=True)
class _Reception:
    layer: str
    devices: Callable[[], frozenset[str] | None]
    accept: Accept

    def take(self, document: Any, trace_id: str, in_time: Callable[[], bool] = lambda: True) -> Verdict:
        """Make one event durable."""
        try:
            envelope = open_envelope(document, layer=self.layer, trace_id=trace_id, from_outside=True)
            trace_id = envelope.trace_id
            _arrived(envelope)
            device_of(envelope.payload, known=self.devices())
            if not in_time():
                raise Unavailable("The events before it in the batch have taken the time that there is.")
            self.accept(envelope)
        except Exception as error:  # noqa: BLE001  # as above
            return _verdict(error, trace_id)
        return Verdict(200, trace_id)

    def take_each(self, documents: Sequence[Any], left: Remaining) -> list[Verdict]:
        """Make the events durable one after the other; when time runs out, the rest is for later."""
        until = max(left() - BATCH_SECONDS, _RESERVE_SECONDS)
        return [self._take_one(document, lambda: left() >= until) for document in documents]

    def _take_one(self, document: Any, in_time: Callable[[], bool]) -> Verdict:
        with observability.one_of_several():
            trace_id = _own_trace_id(document) or new_trace_id()
            observability.bind(trace_id=trace_id)
            return self.take(document, trace_id, in_time)


def _entering_trace_id(request: Mapping[str, Any], context: Any) -> str:
    sent = http_request.header(request, "traceparent")
    return (trace_id_of(sent[0]) if sent else None) or new_trace_id(getattr(context, "aws_request_id", None))


def _own_trace_id(document: Any) -> str | None:
    return as_trace_id(document.get("trace_id")) if isinstance(document, Mapping) else None


def _read(request: Mapping[str, Any], tokens: Tokens) -> Any:
    authentication.authenticate(request, tokens)
    body = http_request.body(request)
    if settings.on("INTER_CLOUD_SIGNING"):
        _verifier().verify(request, body, tokens.accepted())
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


def _verdict(error: Exception, trace_id: str) -> Verdict:
    """Tell what kept the event, or the whole request, from being accepted."""
    if isinstance(error, Refused):
        observability.hop(
            "refused", "The request was refused.", level=logging.WARNING, reason=error.reason, to="sender"
        )
        return Verdict(error.status, trace_id, error.reason)
    reason = observability.describe(error)
    observability.hop("failed", "The request could not be served.", level=logging.ERROR, reason=reason, to="sender")
    if isinstance(error, Unavailable) or _is_throttle(error):
        return Verdict(429, trace_id, "throttled")
    return Verdict(500, trace_id, "misconfigured" if isinstance(error, ConfigurationError) else "internal_error")


def _is_throttle(error: Exception) -> bool:
    return isinstance(error, ClientError) and error.response.get("Error", {}).get("Code") in _THROTTLES
