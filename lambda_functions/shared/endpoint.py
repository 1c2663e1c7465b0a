"""A public endpoint of the inter-cloud contract: authenticate, read, validate, accept, answer. Never raises."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from lambda_functions.shared import authentication, http_request, observability, responses, settings
from lambda_functions.shared.envelope import Envelope, new_trace_id, open_envelope, trace_id_of
from lambda_functions.shared.errors import ConfigurationError, Refused
from lambda_functions.shared.event import device_of
from lambda_functions.shared.json_text import parse
from lambda_functions.shared.signing import Verifier
from lambda_functions.shared.tokens import Tokens

Accept = Callable[[Envelope], None]
"""Makes the event durable. Raises Refused for one that it cannot take, anything else when it cannot take it now."""

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
    try:
        envelope = _open(request, layer, trace_id, tokens())
        trace_id = envelope.trace_id
        _arrived(envelope)
        device_of(envelope.payload, known=devices())
        accept(envelope)
    except Refused as refusal:
        observability.hop(
            "refused", "The request was refused.", level=logging.WARNING, reason=refusal.reason, to="sender"
        )
        return responses.refused(refusal.status, refusal.reason, trace_id)
    except ConfigurationError as error:
        return _failed("misconfigured", error, trace_id)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in _THROTTLES:
            _tell_failure(error)
            return responses.throttled(trace_id)
        return _failed("internal_error", error, trace_id)
    except Exception as error:  # noqa: BLE001  # the sender gets an answer that it can act on, whatever broke here
        return _failed("internal_error", error, trace_id)
    return responses.accepted(trace_id)


def _entering_trace_id(request: Mapping[str, Any], context: Any) -> str:
    sent = http_request.header(request, "traceparent")
    return (trace_id_of(sent[0]) if sent else None) or new_trace_id(getattr(context, "aws_request_id", None))


def _open(request: Mapping[str, Any], layer: str, trace_id: str, tokens: Tokens) -> Envelope:
    authentication.authenticate(request, tokens)
    body = http_request.body(request)
    if settings.on("INTER_CLOUD_SIGNING"):
        _verifier().verify(request, body, tokens.accepted())
    return open_envelope(parse(body), layer=layer, trace_id=trace_id, from_outside=True)


@functools.cache
def _verifier() -> Verifier:
    return Verifier()


def _arrived(envelope: Envelope) -> None:
    observability.bind_envelope(envelope)
    observability.hop("received", "An event arrived from another cloud.")
    age = envelope.age_seconds()
    if age is not None:
        observability.took("CrossCloudLatency", age)


def _failed(reason: str, error: Exception, trace_id: str) -> dict[str, Any]:
    _tell_failure(error)
    return responses.failed(reason, trace_id)


def _tell_failure(error: Exception) -> None:
    observability.hop(
        "failed",
        "The request could not be served.",
        level=logging.ERROR,
        reason=observability.describe(error),
        to="sender",
    )
