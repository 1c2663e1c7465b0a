"""Carries an event to the Ingestion endpoint of the cloud that L2 is on."""

from __future__ import annotations

from typing import Any

from lambda_functions.shared import invoked, observability, settings, tokens
from lambda_functions.shared.clients import ready
from lambda_functions.shared.deadline import Remaining, remaining
from lambda_functions.shared.envelope import L2, Envelope
from lambda_functions.shared.observability import observed
from lambda_functions.shared.sending import Sender, sender_to
from lambda_functions.shared.tokens import Tokens

ready(*tokens.SERVICES)


@observed("connector")
def lambda_handler(event: Any, context: Any) -> dict[str, str]:
    """Event: an envelope, or a plain telemetry event. Raises MissingSetting (a ValueError) without a URL or a token."""
    return invoked.run(
        event,
        context,
        layer=L2,
        act=lambda envelope: connect(
            envelope, sender_to(settings.text("REMOTE_INGESTION_URL")), tokens.for_sending(), remaining(context)
        ),
    )


def connect(envelope: Envelope, sender: Sender, known: Tokens, left: Remaining) -> invoked.Outcome:
    """Deliver the event. Raises what `Sender.send` raises."""
    sender.send(envelope.leaving(L2), known, left)
    observability.hop("forwarded", "The other cloud accepted the event.", to=sender.host)
    return "forwarded"
