"""Stores an event in the hot table, or carries it to the Writer endpoint of the cloud that L3 is on."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from lambda_functions.persister.destination import writes_remotely
from lambda_functions.shared import hot_table, invoked, observability, settings, tokens, twin_info
from lambda_functions.shared.clients import client, ready
from lambda_functions.shared.deadline import Remaining, remaining
from lambda_functions.shared.envelope import L3, Envelope
from lambda_functions.shared.event import check_storable
from lambda_functions.shared.invoking import hand_to
from lambda_functions.shared.observability import observed
from lambda_functions.shared.tokens import Tokens

if TYPE_CHECKING:
    from lambda_functions.shared import outgoing
    from lambda_functions.shared.sending import Sender
    from lambda_functions.shared.sending_batches import Result


@observed("persister")
def lambda_handler(event: Any, context: Any) -> dict[str, Any]:
    """Event: an envelope, a plain telemetry event, or messages of the outgoing queue.

    Raises ConfigurationError when it is unclear where to write, MissingSetting (a ValueError) without a token.
    """
    if invoked.from_queue(event):
        from lambda_functions.shared import outgoing

        return outgoing.run(event, context, layer=L3, send=persist_all)
    return invoked.run(event, context, layer=L3, act=lambda envelope: persist(envelope, remaining(context)))


def persist(envelope: Envelope, left: Remaining) -> invoked.Outcome:
    """Make the event durable where L3 is; then have its conditions checked, if that is switched on."""
    url = settings.text("REMOTE_WRITER_URL")
    if writes_remotely(url, twin_info.find()):
        outcome = write_remotely(envelope, _sender_to(url), tokens.for_sending(), left)
    else:
        outcome = write_here(envelope, client("dynamodb"), settings.required("DYNAMODB_TABLE_NAME"))
    _have_checked(envelope)
    return outcome


def persist_all(envelopes: list[Envelope], left: Remaining) -> list[outgoing.Finish]:
    """Make the events durable where L3 is, on another cloud in as few requests as they fit in.

    Raises ConfigurationError when it is unclear where that is.
    """
    url = settings.text("REMOTE_WRITER_URL")
    if not writes_remotely(url, twin_info.find()):
        return [functools.partial(persist, envelope, left) for envelope in envelopes]
    from lambda_functions.shared.sending_batches import send_all

    sender, known = _sender_to(url), tokens.for_sending()
    leaving = [each.leaving(L3) for each in envelopes]
    results = send_all(sender, leaving, known, left, check=lambda each: check_storable(each.payload))
    return [
        functools.partial(_finish, envelope, sender.host, result)
        for envelope, result in zip(envelopes, results, strict=True)
    ]


def _finish(envelope: Envelope, host: str, result: Result) -> invoked.Outcome:
    outcome = _accepted(host, result)
    _have_checked(envelope)
    return outcome


def _have_checked(envelope: Envelope) -> None:
    if settings.on("USE_EVENT_CHECKING"):
        hand_to(client("lambda"), settings.required("EVENT_CHECKER_LAMBDA_NAME"), envelope.as_dict(), counted=False)


def write_remotely(envelope: Envelope, sender: Sender, known: Tokens, left: Remaining) -> invoked.Outcome:
    """Deliver the event. Raises what `Sender.send` raises, and Refused for one that no store could keep."""
    check_storable(envelope.payload)
    sender.send(envelope.leaving(L3), known, left)
    return _accepted(sender.host)


def _accepted(host: str, result: Result = None) -> invoked.Outcome:
    if result is not None:
        raise result
    observability.hop("forwarded", "The other cloud stored the event.", to=host)
    return "forwarded"


def write_here(envelope: Envelope, dynamodb: Any, table: str) -> invoked.Outcome:
    """Store the event. Raises what `hot_table.put` raises."""
    hot_table.put(dynamodb, table, envelope.payload)
    observability.hop("stored", "The event is in the hot table.", to=table)
    return "stored"


def _sender_to(url: str) -> Sender:
    # The HTTP client takes longer to import than all the rest, and a persister that stores here never needs it.
    from lambda_functions.shared.sending import sender_to

    return sender_to(url)


if settings.text("REMOTE_WRITER_URL"):  # one that needs it had better pay while the worker starts
    import lambda_functions.shared.sending

    if settings.text("OUTGOING_ATTEMPTS"):
        import lambda_functions.shared.outgoing
        import lambda_functions.shared.sending_batches  # noqa: F401
    ready(*tokens.SERVICES)
else:
    ready("dynamodb")
if settings.on("USE_EVENT_CHECKING"):
    ready("lambda")
