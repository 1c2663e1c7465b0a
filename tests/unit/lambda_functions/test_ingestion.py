"""Ingestion lets in whoever has the token, and hands what they bring to the processor."""

from __future__ import annotations

from typing import Any

import pytest

from lambda_functions.ingestion.handler import lambda_handler
from tests.unit.lambda_functions.support import (
    TELEMETRY,
    TOKEN,
    TRACE_ID,
    Context,
    Recorded,
    Remote,
    an_envelope,
    body_of,
    lines_of,
    metrics_of,
    request,
    twin_document,
)

pytestmark = pytest.mark.usefixtures("receiver")

ENVELOPE = an_envelope(target_layer="L2").as_dict()


# The source document's tests.


def test_valid_token_invokes_processor(invocations: Recorded) -> None:
    answer = lambda_handler(request(ENVELOPE), Context())

    assert answer["statusCode"] == 200
    assert body_of(answer) == {"trace_id": TRACE_ID}
    assert invocations.payloads() == [("factory-processor", ENVELOPE)]


def test_invalid_token_returns_403(invocations: Recorded) -> None:
    answer = lambda_handler(request(ENVELOPE, token="the-wrong-token"), Context())

    assert answer["statusCode"] == 403
    assert body_of(answer) == {"reason": "token_invalid", "trace_id": Context.aws_request_id}
    assert invocations.payloads() == []


def test_missing_token_returns_403(invocations: Recorded) -> None:
    answer = lambda_handler(request(ENVELOPE, token=None), Context())

    assert answer["statusCode"] == 403
    assert body_of(answer)["reason"] == "token_missing"
    assert invocations.payloads() == []


def test_empty_token_returns_403(invocations: Recorded) -> None:
    answer = lambda_handler(request(ENVELOPE, token=""), Context())

    assert answer["statusCode"] == 403
    assert body_of(answer)["reason"] == "token_missing"
    assert invocations.payloads() == []


@pytest.mark.parametrize(
    "name", ["X-INTER-CLOUD-TOKEN", "X-Inter-Cloud-Token", "x-inter-cloud-token", "x-Inter-CLOUD-token"]
)
def test_case_insensitive_header(name: str, invocations: Recorded) -> None:
    answer = lambda_handler(request(ENVELOPE, token=None, **{name: TOKEN}), Context())

    assert answer["statusCode"] == 200
    assert len(invocations.payloads()) == 1


@pytest.mark.parametrize("device", [{}, {"iotDeviceId": None}, {"iotDeviceId": ""}])
def test_missing_iot_device_id_returns_400(device: dict[str, Any], invocations: Recorded) -> None:
    answer = lambda_handler(request({**ENVELOPE, "payload": {"time": 1, **device}}), Context())

    assert answer["statusCode"] == 400
    assert body_of(answer) == {"reason": "iot_device_id_missing", "trace_id": TRACE_ID}
    assert invocations.payloads() == []


def test_malformed_payload_returns_400(invocations: Recorded) -> None:
    answer = lambda_handler(request('{"payload": {"iotDeviceId": '), Context())

    assert answer["statusCode"] == 400
    assert body_of(answer)["reason"] == "body_not_json"
    assert invocations.payloads() == []


@pytest.mark.parametrize("body", [None, ""])
def test_missing_body_returns_400(body: str | None, invocations: Recorded) -> None:
    answer = lambda_handler(request(body), Context())

    assert answer["statusCode"] == 400
    assert body_of(answer)["reason"] == "body_missing"
    assert invocations.payloads() == []


@pytest.mark.parametrize(
    ("sent", "understood"),
    [("azure", "azure"), ("gcp", "gcp"), ("google", "gcp"), ("AWS", "aws"), ("heroku", "unknown"), (7, "unknown")],
)
def test_source_cloud_field_extraction(sent: Any, understood: str, invocations: Recorded) -> None:
    lambda_handler(request({**ENVELOPE, "source_cloud": sent}), Context())

    [(_, envelope)] = invocations.payloads()
    assert envelope["source_cloud"] == understood


def test_source_cloud_logging(aws: None, capsys: pytest.CaptureFixture[str]) -> None:
    lambda_handler(request(ENVELOPE), Context())

    received = [line for line in lines_of(capsys.readouterr().out) if line["hop"] == "received"]
    assert [(line["source_cloud"], line["device"], line["trace_id"]) for line in received] == [
        ("azure", "oven-1", TRACE_ID)
    ]


def test_processor_invoke_failure(lambda_over_http: Remote) -> None:
    lambda_over_http.answers = [(404, {"x-amzn-ErrorType": "ResourceNotFoundException"}, b'{"Message": "Not found"}')]

    answer = lambda_handler(request(ENVELOPE), Context())

    assert answer["statusCode"] == 500
    assert body_of(answer) == {"reason": "internal_error", "trace_id": TRACE_ID}


def test_missing_digital_twin_info_fails(monkeypatch: pytest.MonkeyPatch, invocations: Recorded) -> None:
    monkeypatch.delenv("DIGITAL_TWIN_INFO")

    answer = lambda_handler(request(ENVELOPE), Context())

    assert answer["statusCode"] == 500
    assert body_of(answer) == {"reason": "misconfigured", "trace_id": TRACE_ID}
    assert invocations.payloads() == []


# What the tables forget.


def test_a_plain_event_is_accepted_where_an_envelope_is_expected(invocations: Recorded) -> None:
    answer = lambda_handler(request(TELEMETRY), Context())

    assert answer["statusCode"] == 200
    [(_, envelope)] = invocations.payloads()
    assert envelope["payload"] == TELEMETRY
    assert envelope["source_cloud"] == "unknown"
    assert envelope["trace_id"] == body_of(answer)["trace_id"]


def test_a_device_with_code_of_its_own_goes_to_its_own_processor(
    monkeypatch: pytest.MonkeyPatch, invocations: Recorded
) -> None:
    monkeypatch.setenv("DIGITAL_TWIN_INFO", twin_document(processors={"oven-1": "oven-1-processor"}))

    lambda_handler(request(ENVELOPE), Context())

    assert [function for function, _ in invocations.payloads()] == ["oven-1-processor"]


def test_an_event_without_a_time_is_accepted_since_the_devices_own_code_may_add_it(invocations: Recorded) -> None:
    answer = lambda_handler(request({**ENVELOPE, "payload": {"iotDeviceId": "oven-1"}}), Context())

    assert answer["statusCode"] == 200


def test_a_device_that_the_twin_does_not_have_is_refused(invocations: Recorded) -> None:
    answer = lambda_handler(request({**ENVELOPE, "payload": {**TELEMETRY, "iotDeviceId": "toaster"}}), Context())

    assert answer["statusCode"] == 400
    assert body_of(answer)["reason"] == "unknown_device"
    assert invocations.payloads() == []


@pytest.mark.parametrize(
    ("devices", "status"),
    [
        pytest.param([], 400, id="it has none"),
        pytest.param(None, 200, id="its document does not say which it has"),
    ],
)
def test_a_twin_without_devices_takes_nothing_in(
    devices: list[Any] | None, status: int, monkeypatch: pytest.MonkeyPatch, invocations: Recorded
) -> None:
    monkeypatch.setenv("DIGITAL_TWIN_INFO", twin_document(config_iot_devices=devices))

    answer = lambda_handler(request({**ENVELOPE, "payload": {**TELEMETRY, "iotDeviceId": "toaster"}}), Context())

    assert answer["statusCode"] == status


def test_too_many_calls_at_once_are_answered_with_429_and_when_to_come_back(lambda_over_http: Remote) -> None:
    lambda_over_http.answers = [
        (429, {"x-amzn-ErrorType": "TooManyRequestsException"}, b'{"Message": "Rate exceeded"}')
    ]

    answer = lambda_handler(request(ENVELOPE), Context())

    assert answer["statusCode"] == 429
    assert answer["headers"]["Retry-After"] == "1"
    assert body_of(answer) == {"reason": "throttled", "trace_id": TRACE_ID}


def test_the_time_between_the_clouds_is_measured(aws: None, capsys: pytest.CaptureFixture[str]) -> None:
    lambda_handler(request({**ENVELOPE, "timestamp": "2020-01-01T00:00:00Z"}), Context())

    [metrics] = metrics_of(capsys.readouterr().out)
    assert metrics["CrossCloudLatency"][0] > 5 * 365 * 24 * 3600 * 1000
    assert (metrics["service"], metrics["EventsIn"], metrics["EventsOut"]) == ("ingestion", [1.0], [1.0])


def test_a_clock_that_runs_ahead_makes_no_negative_latency(aws: None, capsys: pytest.CaptureFixture[str]) -> None:
    lambda_handler(request({**ENVELOPE, "timestamp": "2999-01-01T00:00:00"}), Context())

    [metrics] = metrics_of(capsys.readouterr().out)
    assert metrics["CrossCloudLatency"] == [0.0]


def test_a_timestamp_that_is_none_costs_the_measurement_and_not_the_event(
    invocations: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = lambda_handler(request({**ENVELOPE, "timestamp": "yesterday"}), Context())

    assert answer["statusCode"] == 200
    [metrics] = metrics_of(capsys.readouterr().out)
    assert "CrossCloudLatency" not in metrics
