"""Makes an event durable where L3 is: in this cloud's hot table, or at the Writer endpoint of another cloud."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from lambda_functions.shared import observability, settings, tokens, twin_info
from lambda_functions.shared.async_handler import Finish, Outcome, delivered
from lambda_functions.shared.envelope import L3, Envelope
from lambda_functions.shared.errors import ConfigurationError
from lambda_functions.shared.event import check_storable
from lambda_functions.shared.hops import hand_on, store
from lambda_functions.shared.port import Cloud, Remaining
from lambda_functions.shared.tokens import Tokens
from lambda_functions.shared.twin_info import TwinInfo

if TYPE_CHECKING:
    from lambda_functions.shared.sending import Sender

_STORED = "The other cloud stored the event."


def persist(cloud: Cloud, envelope: Envelope, remaining: Remaining) -> Outcome:
    """Make the event durable where L3 is; then have its conditions checked, if that is switched on."""
    url = settings.text("REMOTE_WRITER_URL")
    if writes_remotely(url, twin_info.find()):
        outcome = write_remotely(cloud, envelope, _sender_to(url), tokens.for_sending(cloud), remaining)
    else:
        outcome = store(cloud, envelope)
    _have_checked(cloud, envelope)
    return outcome


def persist_all(cloud: Cloud, envelopes: list[Envelope], remaining: Remaining) -> list[Finish]:
    """Make the events durable where L3 is, on another cloud in as few requests as they fit in.

    Raises ConfigurationError when it is unclear where that is.
    """
    url = settings.text("REMOTE_WRITER_URL")
    if not writes_remotely(url, twin_info.find()):
        return [functools.partial(persist, cloud, envelope, remaining) for envelope in envelopes]
    from lambda_functions.shared.batch_sender import send_all

    sender, known = _sender_to(url), tokens.for_sending(cloud)
    leaving = [each.leaving(cloud.name, L3) for each in envelopes]
    results = send_all(sender, leaving, known, remaining, check=lambda each: check_storable(each.payload))
    return [
        functools.partial(_finish, cloud, envelope, sender.host, result)
        for envelope, result in zip(envelopes, results, strict=True)
    ]


def writes_remotely(url: str, info: TwinInfo | None) -> bool:
    """Whether the event leaves this cloud: there is a URL, and the mapping says that L2 and L3 are on different ones.

    Neither a URL nor a mapping alone sends data to another cloud: where the two disagree, the event is stored here, and
    a warning says so. Raises ConfigurationError when there is a URL and the mapping does not say.
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


def write_remotely(cloud: Cloud, envelope: Envelope, sender: Sender, known: Tokens, remaining: Remaining) -> Outcome:
    """Deliver the event. Raises what `Sender.send` raises, and Refused for one that no store could keep."""
    check_storable(envelope.payload)
    sender.send(envelope.leaving(cloud.name, L3), known, remaining)
    return delivered(sender.host, _STORED)


def _finish(cloud: Cloud, envelope: Envelope, host: str, result: Exception | None) -> Outcome:
    outcome = delivered(host, _STORED, result)
    _have_checked(cloud, envelope)
    return outcome


def _have_checked(cloud: Cloud, envelope: Envelope) -> None:
    if settings.on("USE_EVENT_CHECKING"):
        hand_on(cloud, "event_checker", envelope.as_dict(), counted=False)


def _sender_to(url: str) -> Sender:
    # The HTTP client takes longer to import than all the rest, and a persister that stores here never needs it.
    from lambda_functions.shared.sending import sender_to

    return sender_to(url)
