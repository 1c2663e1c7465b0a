"""Runs a device's own code on its event, if it has any, and hands the result to the persister."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

from lambda_functions.processor import own_code
from lambda_functions.processor.own_code import Process
from lambda_functions.shared import observability
from lambda_functions.shared.async_handler import Outcome
from lambda_functions.shared.envelope import L3, Envelope
from lambda_functions.shared.errors import Refused
from lambda_functions.shared.hops import hand_on
from lambda_functions.shared.http_request import MAX_BODY_BYTES
from lambda_functions.shared.json_text import dump
from lambda_functions.shared.port import Cloud


def process(cloud: Cloud, envelope: Envelope, own: Process) -> Outcome:
    """Hand on what the device's code makes of the event.

    Raises Refused when that is not an event, and whatever the device's code raises.
    """
    made = envelope.payload if own is own_code.unchanged else _made_by(own, envelope.payload)
    if made is None:
        observability.hop("dropped", "The device's own code dropped the event.")
        return "dropped"
    hand_on(cloud, "persister", replace(envelope, target_layer=L3, payload=made).as_dict())
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
