"""The dispatcher gives an event its trace id and sends it to where L2 is."""

from __future__ import annotations

from typing import Any

import pytest

from lambda_functions.dispatcher.handler import lambda_handler
from lambda_functions.shared.errors import ConfigurationError, Refused
from tests.unit.lambda_functions.support import (
    TELEMETRY,
    TRACE_ID,
    Context,
    Recorded,
    Remote,
    an_envelope,
    lines_of,
    mapping,
    twin_document,
)


@pytest.fixture(autouse=True)
def deployed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGITAL_TWIN_INFO", twin_document(processors={"press-1": "press-1-processor"}))
    monkeypatch.setenv("PROCESSOR_LAMBDA_NAME", "factory-processor")
    monkeypatch.setenv("CONNECTOR_LAMBDA_NAME", "factory-connector")


def test_a_devices_message_goes_to_the_processor_in_an_envelope(invocations: Recorded) -> None:
    answer = lambda_handler(TELEMETRY, Context())

    [(function, envelope)] = invocations.payloads()
    assert function == "factory-processor"
    assert envelope.pop("timestamp").endswith("Z")
    assert envelope == {
        "source_cloud": "aws",
        "target_layer": "L2",
        "message_type": "telemetry",
        "payload": TELEMETRY,
        "trace_id": answer["trace_id"],
    }


def test_a_device_with_code_of_its_own_goes_to_its_own_processor(invocations: Recorded) -> None:
    lambda_handler({**TELEMETRY, "iotDeviceId": "press-1"}, Context())

    assert [function for function, _ in invocations.payloads()] == ["press-1-processor"]


@pytest.mark.parametrize("provider", ["azure", "gcp", "google"])
def test_an_event_whose_l2_is_on_another_cloud_goes_to_the_connector(
    provider: str, monkeypatch: pytest.MonkeyPatch, invocations: Recorded
) -> None:
    monkeypatch.setenv(
        "DIGITAL_TWIN_INFO", twin_document(config_providers=mapping(provider), processors={"oven-1": "x"})
    )

    lambda_handler(TELEMETRY, Context())

    assert [function for function, _ in invocations.payloads()] == ["factory-connector"]


@pytest.mark.parametrize("providers", [None, {}, {"layer_1_provider": "aws"}])
def test_without_a_mapping_the_event_goes_nowhere(
    providers: Any, monkeypatch: pytest.MonkeyPatch, invocations: Recorded
) -> None:
    monkeypatch.setenv("DIGITAL_TWIN_INFO", twin_document(config_providers=providers))

    with pytest.raises(ConfigurationError, match="L2"):
        lambda_handler(TELEMETRY, Context())

    assert invocations.calls == []


@pytest.mark.parametrize(("setting", "provider"), [("PROCESSOR_LAMBDA_NAME", "aws"), ("CONNECTOR_LAMBDA_NAME", "gcp")])
def test_without_the_next_functions_name_the_error_names_the_setting(
    setting: str, provider: str, monkeypatch: pytest.MonkeyPatch, invocations: Recorded
) -> None:
    monkeypatch.setenv("DIGITAL_TWIN_INFO", twin_document(config_providers=mapping(provider)))
    monkeypatch.delenv(setting)

    with pytest.raises(ConfigurationError, match=setting):
        lambda_handler(TELEMETRY, Context())

    assert invocations.calls == []


# The trace id.


def test_the_trace_id_is_the_id_of_lambdas_request_so_that_lambdas_own_retry_keeps_it(invocations: Recorded) -> None:
    lambda_handler(TELEMETRY, Context())
    lambda_handler(TELEMETRY, Context())

    assert [envelope["trace_id"] for _, envelope in invocations.payloads()] == [Context.aws_request_id] * 2


def test_without_a_request_id_every_event_gets_a_trace_id_of_its_own(invocations: Recorded) -> None:
    answers = [lambda_handler(TELEMETRY, Context(aws_request_id="")), lambda_handler(TELEMETRY, None)]

    assert len({answer["trace_id"] for answer in answers}) == 2


def test_an_envelope_keeps_its_trace_id_and_its_time(invocations: Recorded) -> None:
    sent = an_envelope(source_cloud="aws", target_layer="L2").as_dict()

    answer = lambda_handler(sent, Context())

    assert answer["trace_id"] == TRACE_ID
    assert [envelope for _, envelope in invocations.payloads()] == [sent]


# What goes wrong.


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ({"time": 1}, "iot_device_id_missing"),
        ({"iotDeviceId": "toaster"}, "unknown_device"),
        ({"payload": [1]}, "payload_not_object"),
        ([TELEMETRY], "body_not_object"),
        ("text", "body_not_object"),
        (None, "body_not_object"),
    ],
)
def test_a_message_that_is_no_event_goes_to_the_failure_queue(
    event: Any, reason: str, failure_queue: Any, invocations: Recorded
) -> None:
    answer = lambda_handler(event, Context(function_name="factory-dispatcher"))

    assert answer["outcome"] == "refused"
    [document] = failure_queue()
    assert (document["reason"], document["function"]) == (reason, "factory-dispatcher")
    assert document["trace_id"] == answer["trace_id"]
    assert invocations.calls == []


def test_without_a_failure_queue_a_message_that_is_no_event_is_raised(invocations: Recorded) -> None:
    with pytest.raises(Refused, match="unknown_device"):
        lambda_handler({"iotDeviceId": "toaster"}, Context())


def test_when_lambda_does_not_take_the_event_the_invocation_fails_so_that_lambda_tries_again(
    lambda_over_http: Remote, capsys: pytest.CaptureFixture[str]
) -> None:
    lambda_over_http.answers = [(403, {"x-amzn-ErrorType": "AccessDeniedException"}, b'{"Message": "not authorized"}')]

    with pytest.raises(Exception, match="AccessDenied"):
        lambda_handler(TELEMETRY, Context())

    assert [(line["hop"], line.get("reason")) for line in lines_of(capsys.readouterr().out)] == [
        ("received", None),
        ("failed", "Invoke: AccessDeniedException not authorized"),
    ]


def test_a_twin_without_a_list_of_devices_takes_any(monkeypatch: pytest.MonkeyPatch, invocations: Recorded) -> None:
    monkeypatch.setenv("DIGITAL_TWIN_INFO", twin_document(config_iot_devices=None))

    lambda_handler({"iotDeviceId": "toaster"}, Context())

    assert len(invocations.calls) == 1
