"""Takes a device's message from the IoT rule, gives it its trace id, and hands it to L2, here or on another cloud."""

from __future__ import annotations

from typing import Any

from lambda_functions.shared import invoked, settings, twin_info
from lambda_functions.shared.clients import client, ready
from lambda_functions.shared.envelope import L2, THIS_CLOUD, Envelope
from lambda_functions.shared.errors import ConfigurationError
from lambda_functions.shared.event import device_of
from lambda_functions.shared.invoking import hand_to, queue_for
from lambda_functions.shared.observability import observed
from lambda_functions.shared.twin_info import TwinInfo

ready("sqs" if settings.text("CONNECTOR_QUEUE_URL") else "lambda")


@observed("dispatcher")
def lambda_handler(event: Any, context: Any) -> dict[str, str]:
    """Event: a telemetry event, or an envelope with one."""
    return invoked.run(event, context, layer=L2, act=lambda envelope: dispatch(envelope, twin_info.load()))


def dispatch(envelope: Envelope, info: TwinInfo) -> invoked.Outcome:
    """Hand the event on: to the device's processor where L2 is on this cloud, to the connector where it is not.

    Raises Refused for a device that the twin does not have, ConfigurationError when it is unclear where L2 is.
    """
    device, leaves = device_of(envelope.payload, known=info.devices), leaves_this_cloud(info)
    queue = settings.text("CONNECTOR_QUEUE_URL") if leaves else ""
    if queue:
        queue_for(client("sqs"), queue, envelope.as_dict())
    elif leaves:
        hand_to(client("lambda"), settings.required("CONNECTOR_LAMBDA_NAME"), envelope.as_dict())
    else:
        function = info.processors.get(device) or settings.required("PROCESSOR_LAMBDA_NAME")
        hand_to(client("lambda"), function, envelope.as_dict())
    return "forwarded"


def leaves_this_cloud(info: TwinInfo) -> bool:
    """Whether L2 is on another cloud. Raises ConfigurationError when the mapping does not say."""
    provider = info.provider("layer_2")
    if provider is None:
        raise ConfigurationError("The twin's document does not say which provider L2 is on: deploy the twin again.")
    return provider != THIS_CLOUD
