"""Runs a device's own code on its event, if it has any, and hands the result to the persister."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Mapping
from typing import Any

from lambda_functions.processor import own_code
from lambda_functions.processor.own_code import Process
from lambda_functions.shared import invoked, observability, settings
from lambda_functions.shared.clients import client, ready
from lambda_functions.shared.envelope import L2, L3, Envelope
from lambda_functions.shared.errors import Refused
from lambda_functions.shared.http_request import MAX_BODY_BYTES
from lambda_functions.shared.invoking import hand_to, queue_for
from lambda_functions.shared.json_text import dump
from lambda_functions.shared.observability import observed

HandOn = Callable[[Mapping[str, Any]], None]
"""Hands an envelope to the persister."""

_process = own_code.load()
ready("sqs" if settings.text("PERSISTER_QUEUE_URL") else "lambda")


@observed("processor")
def lambda_handler(event: Any, context: Any) -> dict[str, str]:
    """Event: an envelope, or a plain telemetry event."""
    return invoked.run(event, context, layer=L2, act=lambda envelope: process(envelope, _process, to_persister()))


def to_persister() -> HandOn:
    """The way to the persister: through the queue in front of it, where there is one."""
    queue = settings.text("PERSISTER_QUEUE_URL")
    if queue:
        return functools.partial(queue_for, client("sqs"), queue)
    return functools.partial(hand_to, client("lambda"), settings.required("PERSISTER_LAMBDA_NAME"))


def process(envelope: Envelope, own: Process, hand_on: HandOn) -> invoked.Outcome:
    """Hand on what the device's code makes of the event.

    Raises Refused when that is no event, and whatever the device's code raises.
    """
    made = envelope.payload if own is own_code.unchanged else _made_by(own, envelope.payload)
    if made is None:
        observability.hop("dropped", "The device's own code dropped the event.")
        return "dropped"
    hand_on(envelope.addressed(L3).carrying(made).as_dict())
    return "forwarded"


def _made_by(own: Process, event: dict[str, Any]) -> dict[str, Any] | None:
    made = own(copy.deepcopy(event))
    if made is None:
        return None
    if not isinstance(made, dict):
        raise Refused("processor_made_no_object")
    try:
        size = len(dump(made))
    except (TypeError, ValueError, RecursionError):
        raise Refused("processor_made_no_json") from None
    if size > MAX_BODY_BYTES:
        raise Refused("processor_made_too_much")
    return made
