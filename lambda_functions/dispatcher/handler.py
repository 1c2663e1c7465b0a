"""Takes a device's message from the IoT rule, gives it its trace id, and hands it to L2, here or on another cloud."""

from __future__ import annotations

from typing import Any

from lambda_functions.shared import invoked, settings, twin_info
from lambda_functions.shared.clients import client, ready
from lambda_functions.shared.envelope import L2, THIS_CLOUD, Envelope
from lambda_functions.shared.errors import ConfigurationError
from lambda_functions.shared.event import device_of
from lambda_functions.shared.invoking import hand_to
from lambda_functions.shared.observability import observed
from lambda_functions.shared.twin_info import TwinInfo

ready("lambda")


@observed("dispatcher")
def lambda_handler(event: Any, context: Any) -> dict[str, str]:
    """Event: a telemetry event, or an envelope with one."""
    return invoked.run(
        event, context, layer=L2, act=lambda envelope: dispatch(envelope, twin_info.load(), client("lambda"))
    )


def dispatch(envelope: Envelope, info: TwinInfo, lambda_client: Any) -> invoked.Outcome:
    """Hand the event to the next function on its way. Raises Refused for a device that the twin does not have."""
    device = device_of(envelope.payload, known=info.devices)
    hand_to(lambda_client, next_function(device, info), envelope.as_dict())
    return "forwarded"


def next_function(device: str, info: TwinInfo) -> str:
    """The device's processor where L2 is on this cloud, the connector where it is not. Raises ConfigurationError."""
    provider = info.provider("layer_2")
    if provider is None:
        raise ConfigurationError("The twin's document does not say which provider L2 is on: deploy the twin again.")
    if provider != THIS_CLOUD:
        return settings.required("CONNECTOR_LAMBDA_NAME")
    return info.processors.get(device) or settings.required("PROCESSOR_LAMBDA_NAME")
