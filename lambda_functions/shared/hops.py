"""The hops of an event on this cloud, each with its report: to the next function, or into the hot table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from lambda_functions.shared import observability, twin_info
from lambda_functions.shared.envelope import Envelope
from lambda_functions.shared.event import DEVICE
from lambda_functions.shared.port import Cloud


def hand_on(cloud: Cloud, component: str, document: Mapping[str, Any], *, counted: bool = True) -> None:
    """Hand a document to the twin's function of that kind. `counted` is off for a side branch of the event's path."""
    function, outbox = cloud.hand_on(component, document)
    message = "The event waits to leave this cloud." if outbox else "The event is with the next function."
    observability.hop("forwarded", message, to=function, counted=counted)


def invoke(cloud: Cloud, function: str, document: Mapping[str, Any]) -> None:
    """Run a function by its name."""
    cloud.invoke(function, document)
    observability.hop("forwarded", "The event is with the next function.", to=function)


def process_event(cloud: Cloud, envelope: Envelope) -> None:
    """Hand the event to its device's own processor, or to the one that serves all other devices."""
    own = twin_info.load().processors.get(envelope.payload[DEVICE])
    if own:
        invoke(cloud, own, envelope.as_dict())
    else:
        hand_on(cloud, "processor", envelope.as_dict())


def store(cloud: Cloud, envelope: Envelope) -> Literal["stored"]:
    """Store the event in the hot table. Raises what `Cloud.store` raises."""
    table = cloud.store(envelope.payload)
    observability.hop("stored", "The event is in the hot table.", to=table)
    return "stored"
