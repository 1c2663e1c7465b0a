"""Delivers events to the Ingestion endpoint of the cloud that L2 is on."""

from __future__ import annotations

import functools

from lambda_functions.shared import settings, tokens
from lambda_functions.shared.async_handler import Finish, Outcome, delivered
from lambda_functions.shared.envelope import L2, Envelope
from lambda_functions.shared.port import Cloud, Remaining
from lambda_functions.shared.sending import Sender, sender_to
from lambda_functions.shared.tokens import Tokens

_ACCEPTED = "The other cloud accepted the event."


def ingestion() -> Sender:
    """The sender to the endpoint. Raises MissingSetting without a URL."""
    return sender_to(settings.text("REMOTE_INGESTION_URL"))


def connect(cloud: Cloud, envelope: Envelope, sender: Sender, known: Tokens, remaining: Remaining) -> Outcome:
    """Deliver the event. Raises what `Sender.send` raises."""
    sender.send(envelope.leaving(cloud.name, L2), known, remaining)
    return delivered(sender.host, _ACCEPTED)


def connect_all(cloud: Cloud, envelopes: list[Envelope], remaining: Remaining) -> list[Finish]:
    """Deliver the events in as few requests as they fit in. Raises MissingSetting and ConfigurationError."""
    from lambda_functions.shared.batch_sender import send_all

    sender = ingestion()
    leaving = [each.leaving(cloud.name, L2) for each in envelopes]
    results = send_all(sender, leaving, tokens.for_sending(cloud), remaining)
    return [functools.partial(delivered, sender.host, _ACCEPTED, result) for result in results]
