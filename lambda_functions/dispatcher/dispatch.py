"""Hands a device's event to L2, on this cloud or on another one."""

from __future__ import annotations

from lambda_functions.shared import twin_info
from lambda_functions.shared.async_handler import Outcome
from lambda_functions.shared.envelope import Envelope
from lambda_functions.shared.errors import ConfigurationError
from lambda_functions.shared.event import device_of
from lambda_functions.shared.hops import hand_on, process_event
from lambda_functions.shared.port import Cloud


def dispatch(cloud: Cloud, envelope: Envelope) -> Outcome:
    """Hand the event on: to the device's processor where L2 is on this cloud, to the connector where it is not.

    Raises Refused for a device that the twin does not have, ConfigurationError when it is unclear where L2 is.
    """
    info = twin_info.load()
    device_of(envelope.payload, known=info.devices)
    provider = info.provider("layer_2")
    if provider is None:
        raise ConfigurationError("The twin's document does not say which provider L2 is on: deploy the twin again.")
    if provider == cloud.name:
        process_event(cloud, envelope)
    else:
        hand_on(cloud, "connector", envelope.as_dict())
    return "forwarded"
