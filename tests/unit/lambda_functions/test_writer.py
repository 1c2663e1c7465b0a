"""The writer lets in whoever has the token, and answers 200 once the event is in the hot table."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from lambda_functions.writer.handler import lambda_handler
from tests.unit.lambda_functions.support import (
    TABLE,
    TELEMETRY,
    TRACE_ID,
    Context,
    an_envelope,
    body_of,
    lines_of,
    request,
)

pytestmark = pytest.mark.usefixtures("receiver")

ENVELOPE = an_envelope().as_dict()
ITEM = {"iotDeviceId": "oven-1", "id": "2026-11-23T10:00:00Z", "temperature": Decimal("241.5")}


def with_payload(**changes: Any) -> dict[str, Any]:
    return request({**ENVELOPE, "payload": {**TELEMETRY, **changes}})


# The source document's tests.


def test_valid_token_writes_to_dynamodb(stored: Any) -> None:
    answer = lambda_handler(request(ENVELOPE), Context())

    assert answer["statusCode"] == 200
    assert body_of(answer) == {"trace_id": TRACE_ID}
    assert stored() == [ITEM]


def test_invalid_token_returns_403(stored: Any) -> None:
    answer = lambda_handler(request(ENVELOPE, token="the-wrong-token"), Context())

    assert answer["statusCode"] == 403
    assert body_of(answer) == {"reason": "token_invalid", "trace_id": Context.aws_request_id}
    assert stored() == []


def test_missing_token_returns_403(stored: Any) -> None:
    answer = lambda_handler(request(ENVELOPE, token=None), Context())

    assert answer["statusCode"] == 403
    assert body_of(answer)["reason"] == "token_missing"
    assert stored() == []


def test_empty_token_returns_403(stored: Any) -> None:
    answer = lambda_handler(request(ENVELOPE, token=""), Context())

    assert answer["statusCode"] == 403
    assert body_of(answer)["reason"] == "token_missing"
    assert stored() == []


def test_raw_payload_mode(stored: Any) -> None:
    answer = lambda_handler(request(TELEMETRY), Context())

    assert answer["statusCode"] == 200
    assert stored() == [ITEM]


def test_wrapped_payload_mode(stored: Any) -> None:
    answer = lambda_handler(request({"payload": TELEMETRY}), Context())

    assert answer["statusCode"] == 200
    assert stored() == [ITEM]


@pytest.mark.parametrize("payload", [[TELEMETRY], [], "text", "", 7, True, None])
def test_non_dict_payload_returns_400(payload: Any, stored: Any) -> None:
    answer = lambda_handler(request({**ENVELOPE, "payload": payload}), Context())

    assert answer["statusCode"] == 400
    assert body_of(answer)["reason"] == "payload_not_object"
    assert stored() == []


@pytest.mark.parametrize("body", [None, ""])
def test_missing_body_returns_400(body: str | None, stored: Any) -> None:
    answer = lambda_handler(request(body), Context())

    assert answer["statusCode"] == 400
    assert body_of(answer)["reason"] == "body_missing"
    assert stored() == []


def test_missing_time_field_fails(stored: Any) -> None:
    answer = lambda_handler(request({**ENVELOPE, "payload": {"iotDeviceId": "oven-1"}}), Context())

    assert answer["statusCode"] == 400
    assert body_of(answer) == {"reason": "time_missing", "trace_id": TRACE_ID}
    assert stored() == []


def test_dynamodb_write_failure(monkeypatch: pytest.MonkeyPatch, aws: None, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("DYNAMODB_TABLE_NAME", "a-table-that-is-gone")

    answer = lambda_handler(request(ENVELOPE), Context())

    assert answer["statusCode"] == 500
    assert body_of(answer) == {"reason": "internal_error", "trace_id": TRACE_ID}
    failed = [line["reason"] for line in lines_of(capsys.readouterr().out) if line["hop"] == "failed"]
    assert failed == ["PutItem: ResourceNotFoundException Requested resource not found"]


def test_source_cloud_logging(aws: None, capsys: pytest.CaptureFixture[str]) -> None:
    lambda_handler(request(ENVELOPE), Context(function_name="factory-writer"))

    lines = lines_of(capsys.readouterr().out)
    assert [(line["hop"], line["source_cloud"], line["device"], line["function"]) for line in lines] == [
        ("received", "azure", "oven-1", "factory-writer"),
        ("stored", "azure", "oven-1", "factory-writer"),
    ]


def test_missing_table_name_env_fails(monkeypatch: pytest.MonkeyPatch, aws: None) -> None:
    monkeypatch.delenv("DYNAMODB_TABLE_NAME")

    answer = lambda_handler(request(ENVELOPE), Context())

    assert answer["statusCode"] == 500
    assert body_of(answer) == {"reason": "misconfigured", "trace_id": TRACE_ID}


# What the tables forget.


def test_writing_the_same_event_again_leaves_one_item(stored: Any) -> None:
    lambda_handler(request(ENVELOPE), Context())
    lambda_handler(request(ENVELOPE), Context())

    assert stored() == [ITEM]


@pytest.mark.parametrize(
    ("sent", "key", "why"),
    [
        ("1700000000", "1700000000", "a whole number"),
        ("1700000000.0", "1700000000", "the same moment, written as a fraction"),
        ("1.7E9", "1700000000", "the same moment, written with an exponent"),
        ("1700000000.125", "1700000000.125", "a fraction of a second"),
        ('"1700000000.0"', "1700000000.0", "text is taken as it stands"),
    ],
)
def test_a_time_becomes_one_key_however_it_is_written(sent: str, key: str, why: str, stored: Any) -> None:
    answer = lambda_handler(request(f'{{"payload": {{"iotDeviceId": "oven-1", "time": {sent}}}}}'), Context())

    assert answer["statusCode"] == 200
    assert stored() == [{"iotDeviceId": "oven-1", "id": key}]


def test_an_item_that_was_made_before_is_taken_by_its_id(stored: Any) -> None:
    answer = lambda_handler(request({"payload": {"iotDeviceId": "oven-1", "id": "now", "temperature": 1}}), Context())

    assert answer["statusCode"] == 200
    assert stored() == [{"iotDeviceId": "oven-1", "id": "now", "temperature": 1}]


def test_a_property_called_payload_does_not_make_an_event_an_envelope(stored: Any) -> None:
    answer = lambda_handler(request({**TELEMETRY, "payload": "12 kg"}), Context())

    assert answer["statusCode"] == 200
    assert stored() == [{**ITEM, "payload": "12 kg"}]


def test_numbers_are_stored_exactly_as_they_were_sent(stored: Any) -> None:
    numbers = '"a": 0.1, "b": 12345678901234567890123456789012345678, "c": -1.5e-130, "d": 0.30000000000000000000004'
    body = f'{{"payload": {{"iotDeviceId": "oven-1", "time": 1, {numbers}}}}}'

    answer = lambda_handler(request(body), Context())

    assert answer["statusCode"] == 200
    assert stored() == [
        {
            "iotDeviceId": "oven-1",
            "id": "1",
            "a": Decimal("0.1"),
            "b": Decimal("12345678901234567890123456789012345678"),
            "c": Decimal("-1.5e-130"),
            "d": Decimal("0.30000000000000000000004"),
        }
    ]


def test_every_kind_of_value_is_stored(stored: Any) -> None:
    values = {
        "text": "ofen é 🔥",
        "empty": "",
        "yes": True,
        "no": False,
        "nothing": None,
        "list": [1, [2, {"x": None}]],
        "map": {},
    }

    answer = lambda_handler(with_payload(**values), Context())

    assert answer["statusCode"] == 200
    assert stored() == [{**ITEM, **values}]


def test_an_item_over_400_kb_is_refused_with_a_reason(stored: Any) -> None:
    answer = lambda_handler(with_payload(picture="x" * 410_000), Context())

    assert answer["statusCode"] == 400
    assert body_of(answer) == {"reason": "item_too_large", "trace_id": TRACE_ID}
    assert stored() == []


def test_without_a_twin_document_any_device_is_taken(monkeypatch: pytest.MonkeyPatch, stored: Any) -> None:
    monkeypatch.delenv("DIGITAL_TWIN_INFO")

    answer = lambda_handler(with_payload(iotDeviceId="toaster"), Context())

    assert answer["statusCode"] == 200
    assert [item["iotDeviceId"] for item in stored()] == ["toaster"]


def test_a_stored_event_names_the_table_in_the_log(aws: None, capsys: pytest.CaptureFixture[str]) -> None:
    lambda_handler(request(ENVELOPE), Context())

    assert [line["to"] for line in lines_of(capsys.readouterr().out) if line["hop"] == "stored"] == [TABLE]
