"""The event checker starts what the conditions ask for, each action whatever became of the others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lambda_functions.aws.cloud import client
from lambda_functions.event_checker.actions import topic
from lambda_functions.event_checker.handler import lambda_handler
from lambda_functions.shared.errors import Unavailable
from tests.unit.lambda_functions.support import (
    TELEMETRY,
    TRACE_ID,
    Context,
    Recorded,
    an_envelope,
    lines_of,
    metrics_of,
    twin_document,
)

HOT = "oven-1.temperature > DOUBLE(240)"
COLD = "oven-1.temperature < DOUBLE(20)"
VERY_HOT = "oven-1.temperature > DOUBLE(241)"
WARM = "oven-1.temperature > INTEGER(0)"


def rule(condition: str, function: str, **action: Any) -> dict[str, Any]:
    return {"condition": condition, "action": {"type": "lambda", "functionName": function, **action}}


@pytest.fixture
def rules(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets the twin's rules."""
    return lambda *given: monkeypatch.setenv("DIGITAL_TWIN_INFO", twin_document(config_events=given))


@pytest.fixture
def published(aws: None) -> Iterator[Recorded]:
    """What was published on MQTT topics."""
    recorded, events = Recorded(), client("iot-data").meta.events
    events.register("provide-client-params.iot-data-plane.Publish", recorded.note)
    yield recorded
    events.unregister("provide-client-params.iot-data-plane.Publish", recorded.note)


@pytest.fixture
def broken_functions(aws: None) -> Iterator[list[str]]:
    """The functions named in it do not take invocations."""
    names: list[str] = []
    events = client("lambda").meta.events

    def refuse(params: dict[str, Any], **_: Any) -> None:
        if params["FunctionName"] in names:
            raise ClientError(
                {"Error": {"Code": "ResourceNotFoundException", "Message": "Function not found"}}, "Invoke"
            )

    events.register("provide-client-params.lambda.Invoke", refuse)
    yield names
    events.unregister("provide-client-params.lambda.Invoke", refuse)


def test_a_condition_that_holds_starts_its_function_with_event_condition_and_trace_id(
    rules: Any, invocations: Recorded
) -> None:
    rules(rule(HOT, "alarm"), rule(COLD, "heater"))

    answer = lambda_handler(an_envelope().as_dict(), Context())

    assert answer == {"trace_id": TRACE_ID, "outcome": "checked"}
    assert invocations.payloads() == [("alarm", {"event": TELEMETRY, "condition": HOT, "trace_id": TRACE_ID})]


def test_an_event_that_fulfils_nothing_starts_nothing(rules: Any, invocations: Recorded) -> None:
    rules(rule(COLD, "heater"))

    lambda_handler(an_envelope().as_dict(), Context())

    assert invocations.calls == []


def test_feedback_is_published_on_the_devices_topic(rules: Any, invocations: Recorded, published: Recorded) -> None:
    feedback = {"type": "mqtt", "iotDeviceId": "press-1", "payload": {"slow": "down é"}}
    rules(rule(HOT, "alarm", feedback=feedback), rule(VERY_HOT, "siren"))

    lambda_handler(an_envelope().as_dict(), Context())

    assert [(call["topic"], json.loads(call["payload"])) for call in published.calls] == [
        ("factory/press-1/feedback", {"slow": "down é"})
    ]
    assert [function for function, _ in invocations.payloads()] == ["alarm", "siren"]


def test_a_devices_topic_is_never_the_one_that_telemetry_arrives_on() -> None:
    assert topic("factory", "iot-data") == "factory/iot-data/feedback"


def test_one_failing_action_does_not_stop_the_others(
    rules: Any,
    invocations: Recorded,
    broken_functions: list[str],
    failure_queue: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    broken_functions.append("alarm")
    rules(rule(HOT, "alarm"), rule(VERY_HOT, "siren"), {"condition": WARM})

    answer = lambda_handler(an_envelope().as_dict(), Context(function_name="factory-event-checker"))

    assert answer["outcome"] == "checked"
    assert "siren" in [call["FunctionName"] for call in invocations.calls]
    failed = [line["reason"] for line in lines_of(capsys.readouterr().out) if line["hop"] == "failed"]
    assert failed[0] == "Invoke: ResourceNotFoundException Function not found"
    [document] = failure_queue()
    assert document.pop("failed_at")
    assert document == {
        "reason": "action_failed",
        "function": "factory-event-checker",
        "trace_id": TRACE_ID,
        "event": {**an_envelope(target_layer="L2").as_dict(), "actions": [f"{HOT} -> alarm", f"{WARM} -> None"]},
    }


def test_put_back_in_only_the_failed_actions_start(
    rules: Any, invocations: Recorded, published: Recorded, broken_functions: list[str], failure_queue: Any
) -> None:
    feedback = {"type": "mqtt", "iotDeviceId": "press-1", "payload": {}}
    rules(rule(HOT, "alarm", feedback=feedback), rule(HOT, "lamp"), rule(VERY_HOT, "siren"))
    broken_functions.append("alarm")
    lambda_handler(an_envelope().as_dict(), Context())
    [document] = failure_queue()
    first = [function for function, _ in invocations.payloads()], len(published.calls)
    invocations.calls.clear()
    broken_functions.clear()

    lambda_handler(document["event"], Context())

    assert first == (["alarm", "lamp", "siren"], 1)
    assert [function for function, _ in invocations.payloads()] == ["alarm"]
    assert len(published.calls) == 1


def test_without_a_failure_queue_a_failed_action_fails_the_invocation_after_the_others_ran(
    rules: Any, invocations: Recorded, broken_functions: list[str]
) -> None:
    rules(rule(HOT, "alarm"), rule(VERY_HOT, "siren"))
    broken_functions.append("alarm")

    with pytest.raises(Unavailable, match="1 actions failed"):
        lambda_handler(an_envelope().as_dict(), Context())

    assert "siren" in [call["FunctionName"] for call in invocations.calls]


def test_a_condition_that_cannot_be_read_does_not_stop_the_others(
    rules: Any, invocations: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    rules(rule("oven-1.temperature is hot", "alarm"), {"action": {}}, rule(HOT, "siren"))

    lambda_handler(an_envelope().as_dict(), Context())

    assert [function for function, _ in invocations.payloads()] == ["siren"]
    output = capsys.readouterr().out
    errors = [line["message"] for line in lines_of(output) if line["level"] == "ERROR"]
    assert len(errors) == 2
    assert "'oven-1.temperature is hot'" in errors[0]
    assert [metrics["Failures"] for metrics in metrics_of(output)] == [[1.0, 1.0]]


def test_a_plain_event_is_checked_too(rules: Any, invocations: Recorded) -> None:
    rules(rule(HOT, "alarm"))

    lambda_handler(TELEMETRY, Context())

    assert len(invocations.calls) == 1
