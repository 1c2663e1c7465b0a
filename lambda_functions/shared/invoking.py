"""Hands an event to the next function of the twin: Lambda then runs it by itself, or a queue in front of it does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambda_functions.shared import observability
from lambda_functions.shared.json_text import dump, message_text


def hand_to(client: Any, function: str, document: Mapping[str, Any], *, counted: bool = True) -> None:
    """Queue an asynchronous invocation. Once it returns, Lambda runs the function, retries it, and keeps what failed.

    Raises ClientError when Lambda does not take it. `counted` is off for a side branch of the event's way.
    """
    client.invoke(FunctionName=function, InvocationType="Event", Payload=dump(document))
    observability.hop("forwarded", "The event is with the next function.", to=function, counted=counted)


def queue_for(sqs: Any, url: str, document: Mapping[str, Any]) -> None:
    """Put an event into an outgoing queue, from which its function takes several at a time.

    The queue has the name of its function, which also stands in the message: should SQS move that to the failure queue,
    it is known where the event goes back in. Raises ClientError when SQS does not take it.
    """
    function = url.rpartition("/")[2]
    sqs.send_message(QueueUrl=url, MessageBody=message_text({"function": function, "event": document}))
    observability.hop("forwarded", "The event waits to leave this cloud.", to=function)
