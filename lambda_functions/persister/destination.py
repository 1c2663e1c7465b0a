"""Decides where an event is written: a URL alone, or a mapping alone, does not send data to another cloud."""

from __future__ import annotations

from lambda_functions.shared import observability
from lambda_functions.shared.errors import ConfigurationError
from lambda_functions.shared.twin_info import TwinInfo


def writes_remotely(url: str, info: TwinInfo | None) -> bool:
    """Whether the event leaves this cloud: there is a URL, and the mapping says that L2 and L3 are on different ones.

    Where the two disagree, the event is kept here, and a warning says so. Raises ConfigurationError when there is a URL
    and the mapping does not say.
    """
    l2, l3 = (info.provider("layer_2"), info.provider("layer_3_hot")) if info else (None, None)
    if not url:
        if l2 and l3 and l2 != l3:
            observability.warn(f"L2 is on {l2} and L3 on {l3}, but REMOTE_WRITER_URL is not set: storing here.")
        return False
    if info is None or info.providers is None:
        raise ConfigurationError("REMOTE_WRITER_URL is set, but the twin's document has no config_providers.")
    if l2 is None or l3 is None:
        raise ConfigurationError(
            f"REMOTE_WRITER_URL is set, but a provider is missing: layer_2_provider={l2}, layer_3_hot_provider={l3}."
        )
    if l2 == l3:
        observability.warn(f"REMOTE_WRITER_URL is set, but L2 and L3 are both on {l2}: storing here.")
        return False
    return True
