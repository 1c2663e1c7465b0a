"""Holds an event against the twin's conditions, and starts what those that hold ask for.

An action's function is invoked asynchronously with `{"event": <the telemetry event>, "condition": …, "trace_id": …}`;
feedback is published on the device's topic, `{twin}/{device}/feedback`. Each of the two is tried, whatever became of
everything before. What failed goes to the failure queue together, as this event with the field `actions`, which lists
it: put back in, the event starts this only, so that nothing starts twice because something else failed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping
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
Start = Callable[[], None]

_condition = lru_cache(maxsize=None)(parse_condition)


def check(
    envelope: Envelope, info: TwinInfo, clients: Clients, *, function: str, only: Collection[str] | None = None
) -> invoked.Outcome:
    """Start what every condition that holds asks for. Raises Unavailable when some of it failed and nothing keeps it.

    `only` limits it to what an earlier attempt has left to do.
    """
    holding = [rule for rule in info.events if _holds(str(rule.get("condition", "")), envelope.payload)]
    wanted = [each for rule in holding for each in _asked_for(rule, envelope, info, clients)]
    failed = [name for name, start in wanted if (only is None or name in only) and not _started(name, start)]
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


def _asked_for(
    rule: Mapping[str, Any], envelope: Envelope, info: TwinInfo, clients: Clients
) -> Iterator[tuple[str, Start]]:
    """What a rule starts, each under a name that is the same whenever this event is held against this rule."""
    condition, action = rule["condition"], rule.get("action") or {}
    function, feedback = action.get("functionName"), action.get("feedback")
    told = {"event": envelope.payload, "condition": condition, "trace_id": envelope.trace_id}
    yield f"{condition} -> {function}", lambda: hand_to(clients("lambda"), action["functionName"], told)
    if feedback:
        to = topic(info.name, str(feedback.get("iotDeviceId")))
        yield f"{condition} -> {to}", lambda: _publish(clients("iot-data"), to, feedback["payload"])


def _started(name: str, start: Start) -> bool:
    try:
        start()
    except (ClientError, BotoCoreError, KeyError, TypeError) as error:
        observability.hop("failed", f"'{name}' failed.", level=logging.ERROR, reason=observability.describe(error))
        return False
    return True


def _publish(iot: Any, to: str, payload: Any) -> None:
    iot.publish(topic=to, qos=1, payload=dump(payload))
    observability.hop("forwarded", "Feedback is on its way to a device.", to=to)


def _keep(failed: list[str], envelope: Envelope, clients: Clients, function: str) -> None:
    url = settings.text("FAILURE_QUEUE_URL")
    if not url:
        raise Unavailable(f"{len(failed)} actions failed, and there is no failure queue.")
    again = {**envelope.as_dict(), "actions": failed}
    failure_queue.put(clients("sqs"), url, again, reason="action_failed", function=function, trace_id=envelope.trace_id)
