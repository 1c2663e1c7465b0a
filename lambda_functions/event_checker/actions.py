"""Checks an event against the twin's conditions, and starts the actions of those that hold.

An action's function is invoked asynchronously with `{"event": <the telemetry event>, "condition": …, "trace_id": …}`;
feedback is published on the device's topic, `{twin}/{device}/feedback`. Each of the two is tried, whether or not those
before it failed. All that failed goes to the failure queue as one document, this event with a list of it in the field
`actions`: when replayed, the event starts only this, so that nothing starts twice because something else failed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any

from lambda_functions.shared import failure_queue, observability
from lambda_functions.shared.async_handler import Outcome
from lambda_functions.shared.conditions import Condition, ConditionError, parse_condition
from lambda_functions.shared.envelope import Envelope
from lambda_functions.shared.errors import Unavailable
from lambda_functions.shared.hops import invoke
from lambda_functions.shared.json_text import dump
from lambda_functions.shared.port import Cloud
from lambda_functions.shared.twin_info import TwinInfo

Start = Callable[[], None]

_condition = lru_cache(maxsize=None)(parse_condition)


def check(
    cloud: Cloud, envelope: Envelope, info: TwinInfo, *, function: str, only: Collection[str] | None = None
) -> Outcome:
    """Start what every condition that holds asks for. Raises Unavailable when some of it failed and nothing keeps it.

    `only` limits it to what an earlier attempt has left to do.
    """
    holding = [rule for rule in info.events if _holds(str(rule.get("condition", "")), envelope.payload)]
    wanted = [each for rule in holding for each in _asked_for(cloud, rule, envelope, info)]
    failed = [name for name, start in wanted if (only is None or name in only) and not _started(name, start)]
    if failed:
        _keep(cloud, failed, envelope, function)
    return "checked"


def topic(twin: str, device: str) -> str:
    """The MQTT topic on which a device gets feedback."""
    return f"{twin}/{device}/feedback"


def _holds(text: str, event: Mapping[str, Any]) -> bool:
    try:
        condition: Condition = _condition(text)
    except ConditionError as error:
        # A deployment refuses such a condition. This one was not deployed by us, and must not stop the others.
        observability.note(f"A condition cannot be read: {error}.", level=logging.ERROR)
        observability.count("Failures")
        return False
    return condition.holds(event)


def _asked_for(
    cloud: Cloud, rule: Mapping[str, Any], envelope: Envelope, info: TwinInfo
) -> Iterator[tuple[str, Start]]:
    """What a rule starts, each under a name that is the same whenever this event is checked against this rule."""
    condition, action = rule["condition"], rule.get("action") or {}
    function, feedback = action.get("functionName"), action.get("feedback")
    arguments = {"event": envelope.payload, "condition": condition, "trace_id": envelope.trace_id}
    yield f"{condition} -> {function}", lambda: invoke(cloud, action["functionName"], arguments)
    if feedback:
        to = topic(info.name, str(feedback.get("iotDeviceId")))
        yield f"{condition} -> {to}", lambda: _publish(cloud, to, feedback["payload"])


def _started(name: str, start: Start) -> bool:
    try:
        start()
    except Exception as error:  # noqa: BLE001  # whatever it was, the others are started
        observability.hop("failed", f"'{name}' failed.", level=logging.ERROR, reason=observability.describe(error))
        return False
    return True


def _publish(cloud: Cloud, to: str, payload: Any) -> None:
    cloud.publish_feedback(to, dump(payload))
    observability.hop("forwarded", "Feedback is on its way to a device.", to=to)


def _keep(cloud: Cloud, failed: list[str], envelope: Envelope, function: str) -> None:
    again = {**envelope.as_dict(), "actions": failed}
    if not failure_queue.put(cloud, again, reason="action_failed", function=function, trace_id=envelope.trace_id):
        raise Unavailable(f"{len(failed)} actions failed, and there is no failure queue.")
