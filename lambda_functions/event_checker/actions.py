"""Holds an event against the twin's conditions, and starts what those that hold ask for.

An action's function is invoked asynchronously with `{"event": <the telemetry event>, "condition": …, "trace_id": …}`;
feedback is published on the device's topic, `{twin}/{device}/feedback`. Every action is tried, whatever became of the
one before. Those that failed go to the failure queue together, as this event with the field `conditions`: put back in,
the event is held against these only, so that no action starts twice because another one failed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from lambda_functions.shared import failure_queue, invoked, observability, settings
from lambda_functions.shared.conditions import Condition, ConditionError, parse_condition
from lambda_functions.shared.envelope import Envelope
from lambda_functions.shared.errors import Unavailable
from lambda_functions.shared.invoking import hand_to
from lambda_functions.shared.json_text import dump
from lambda_functions.shared.twin_info import TwinInfo

Clients = Callable[[str], Any]
"""Answers the client of a service."""

_condition = lru_cache(maxsize=None)(parse_condition)


def check(
    envelope: Envelope, info: TwinInfo, clients: Clients, *, function: str, only: Collection[str] | None = None
) -> invoked.Outcome:
    """Start the actions of every condition that holds. Raises Unavailable when some failed and nothing keeps them."""
    failed = []
    for rule in info.events:
        text = str(rule.get("condition", ""))
        if (
            (only is None or text in only)
            and _holds(text, envelope.payload)
            and not _started(rule, envelope, info, clients)
        ):
            failed.append(text)
    if failed:
        _keep(failed, envelope, clients, function)
    return "checked"


def topic(twin: str, device: str) -> str:
    """The MQTT topic on which a device gets feedback."""
    return f"{twin}/{device}/feedback"


def _holds(text: str, event: Mapping[str, Any]) -> bool:
    try:
        condition: Condition = _condition(text)
    except ConditionError as error:
        # A deployment refuses such a condition; this one came another way, and must not stop the others.
        observability.note(f"A condition cannot be read: {error}.", level=logging.ERROR)
        observability.count("Failures")
        return False
    return condition.holds(event)


def _started(rule: Mapping[str, Any], envelope: Envelope, info: TwinInfo, clients: Clients) -> bool:
    condition = rule["condition"]
    try:
        action = rule["action"]
        told = {"event": envelope.payload, "condition": condition, "trace_id": envelope.trace_id}
        hand_to(clients("lambda"), action["functionName"], told)
        feedback = action.get("feedback")
        if feedback:
            _publish(clients("iot-data"), topic(info.name, feedback["iotDeviceId"]), feedback["payload"])
    except (ClientError, BotoCoreError, KeyError, TypeError) as error:
        observability.hop(
            "failed", f"An action of '{condition}' failed.", level=logging.ERROR, reason=observability.describe(error)
        )
        return False
    return True


def _publish(iot: Any, to: str, payload: Any) -> None:
    iot.publish(topic=to, qos=1, payload=dump(payload))
    observability.hop("forwarded", "Feedback is on its way to a device.", to=to)


def _keep(failed: list[str], envelope: Envelope, clients: Clients, function: str) -> None:
    url = settings.text("FAILURE_QUEUE_URL")
    if not url:
        raise Unavailable(f"{len(failed)} actions failed, and there is no failure queue.")
    again = {**envelope.as_dict(), "conditions": failed}
    failure_queue.put(clients("sqs"), url, again, reason="action_failed", function=function, trace_id=envelope.trace_id)
