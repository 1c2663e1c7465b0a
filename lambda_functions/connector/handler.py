"""Carries an event to the Ingestion endpoint of the cloud that L2 is on."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from lambda_functions.shared import invoked, observability, settings, tokens
from lambda_functions.shared.clients import ready
from lambda_functions.shared.deadline import Remaining, remaining
from lambda_functions.shared.envelope import L2, Envelope
from lambda_functions.shared.observability import observed
from lambda_functions.shared.sending import Sender, sender_to
from lambda_functions.shared.tokens import Tokens

if TYPE_CHECKING:
    from lambda_functions.shared import outgoing
    from lambda_functions.shared.sending_batches import Result

ready(*tokens.SERVICES)
if settings.text("OUTGOING_ATTEMPTS"):  # there is a queue in front, and what that needs had better be there in time
    import lambda_functions.shared.outgoing
    import lambda_functions.shared.sending_batches  # noqa: F401


@observed("connector")
def lambda_handler(event: Any, context: Any) -> dict[str, Any]:
    """Event: an envelope, a plain telemetry event, or messages of the outgoing queue.

    Raises MissingSetting (a ValueError) without a URL or a token.
    """
    if invoked.from_queue(event):
        from lambda_functions.shared import outgoing

        return outgoing.run(event, context, layer=L2, send=connect_all)
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
    return _accepted(sender.host)


def connect_all(envelopes: list[Envelope], left: Remaining) -> list[outgoing.Finish]:
    """Deliver the events in as few requests as they fit in. Raises MissingSetting and ConfigurationError."""
    from lambda_functions.shared.sending_batches import send_all

    sender = sender_to(settings.text("REMOTE_INGESTION_URL"))
    results = send_all(sender, [each.leaving(L2) for each in envelopes], tokens.for_sending(), left)
    return [functools.partial(_accepted, sender.host, result) for result in results]


def _accepted(host: str, result: Result = None) -> invoked.Outcome:
    if result is not None:
        raise result
    observability.hop("forwarded", "The other cloud accepted the event.", to=host)
    return "forwarded"
