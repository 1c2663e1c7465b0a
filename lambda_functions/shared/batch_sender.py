"""Sends several envelopes to another cloud in as few requests as they fit in.

What is refused, or cannot be taken now, is so for each event by itself. A cloud that refuses a batch as such, or does
not answer it with a result for each event, gets its events one by one from then on; nothing counts as delivered before
it was answered so.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence

from lambda_functions.shared import observability
from lambda_functions.shared.delivery import RemoteAnswer, results
from lambda_functions.shared.envelope import MAX_EVENTS, Envelope
from lambda_functions.shared.errors import Refused, Unavailable
from lambda_functions.shared.http_request import MAX_BODY_BYTES
from lambda_functions.shared.json_text import dump
from lambda_functions.shared.port import Remaining
from lambda_functions.shared.sending import Message, Sender, message_of
from lambda_functions.shared.tokens import Tokens

Result = Exception | None
"""How sending one event ended: None when the other cloud has it, else what `Sender.send` would have raised."""

_TAKES_NO_BATCHES = (400, 413, 415, 422)
_BATCHES = uuid.UUID("0b0f1d5c-6f3c-5f0e-8a45-6d3a0c3f2b7e")


def send_all(
    sender: Sender,
    envelopes: Sequence[Envelope],
    tokens: Tokens,
    remaining: Remaining,
    check: Callable[[Envelope], None] = lambda _: None,
) -> list[Result]:
    """Deliver the envelopes; answer how it ended for each. What `check` raises for one keeps it from being sent.

    The same event twice is sent once: a receiver of signed requests would take its second coming for a copy.
    """
    ended: dict[int, Result] = {}
    messages: dict[int, Message] = {}
    first: dict[tuple[str, bytes], int] = {}
    twins: dict[int, int] = {}
    for position, envelope in enumerate(envelopes):
        try:
            check(envelope)
            known = first.setdefault((envelope.trace_id, dump(envelope.payload)), position)
            if known == position:
                messages[position] = message_of(envelope)
            else:
                twins[position] = known
        except Exception as error:  # noqa: BLE001  # the result of this event alone
            ended[position] = error
    for group in _groups(messages):
        ended.update(
            zip(group, _send_group(sender, [messages[each] for each in group], tokens, remaining), strict=True)
        )
    ended.update({position: ended[known] for position, known in twins.items()})
    return [ended[position] for position in range(len(envelopes))]


def batch_id(trace_ids: Iterable[str]) -> str:
    """The id of a batch: the same whenever the same events travel together."""
    return str(uuid.uuid5(_BATCHES, " ".join(sorted(trace_ids))))


def _groups(messages: dict[int, Message]) -> Iterator[list[int]]:
    """The positions of the messages that travel together, within the limits of a request."""
    group: list[int] = []
    size = 1  # the brackets, without the comma that the first message does not have
    for position, message in messages.items():
        if group and (len(group) == MAX_EVENTS or size + len(message.body) + 1 > MAX_BODY_BYTES):
            yield group
            group, size = [], 1
        group.append(position)
        size += len(message.body) + 1
    if group:
        yield group


def _send_group(sender: Sender, messages: list[Message], tokens: Tokens, remaining: Remaining) -> list[Result]:
    if len(messages) > 1 and sender.takes_batches:
        ended = _send_together(sender, messages, tokens, remaining)
        if ended is not None:
            return ended
    return [_send_one(sender, message, tokens, remaining) for message in messages]


def _send_together(
    sender: Sender, messages: list[Message], tokens: Tokens, remaining: Remaining
) -> list[Result] | None:
    """How it ended for each; None when the other cloud takes no batches, so that none of the events was accepted."""
    try:
        answer = sender.post(lambda: _joined(messages), tokens, remaining)
    except Refused as refusal:
        if refusal.status not in _TAKES_NO_BATCHES:
            return [refusal] * len(messages)
        why = refusal.reason
    except Exception as error:  # noqa: BLE001  # none of them was accepted
        return [error] * len(messages)
    else:
        found = results(answer.content, [message.trace_id for message in messages])
        if found is not None:
            return [_result(sender, each) for each in found]
        why = "its answer does not have a result for each event"
    sender.takes_batches = False
    observability.warn("The other cloud takes no batches: it gets the events one by one.", reason=why)
    return None


def _send_one(sender: Sender, message: Message, tokens: Tokens, remaining: Remaining) -> Result:
    try:
        sender.post(lambda: message, tokens, remaining)
    except Exception as error:  # noqa: BLE001  # as above
        return error
    return None


def _joined(messages: Sequence[Message]) -> Message:
    body = b"[" + b",".join(message.body for message in messages) + b"]"
    return Message(body, batch_id(message.trace_id for message in messages), messages[0].layer, len(messages))


def _result(sender: Sender, answer: RemoteAnswer) -> Result:
    if answer.accepted:
        return None
    if answer.worth_retrying:
        return Unavailable(f"{sender.host} could not take the event now: {answer.why}.")
    return Refused(answer.why, answer.status or 400)
