"""What both public endpoints do with requests that nobody should send."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from lambda_functions.ingestion.handler import lambda_handler as ingestion
from lambda_functions.shared.http_request import MAX_BODY_BYTES
from lambda_functions.writer.handler import lambda_handler as writer
from tests.unit.lambda_functions.support import (
    TELEMETRY,
    TOKEN,
    TRACE_ID,
    Context,
    Handler,
    Recorded,
    an_envelope,
    body_of,
    lines_of,
    metrics_of,
    request,
)

pytestmark = pytest.mark.usefixtures("receiver")

LAYERS = {ingestion: "L2", writer: "L3"}
both = pytest.mark.parametrize("handler", [ingestion, writer], ids=["ingestion", "writer"])


@pytest.fixture
def untouched(stored: Any, invocations: Recorded) -> Callable[[], bool]:
    """Answers whether nothing was written and nothing was invoked."""
    return lambda: stored() == [] and invocations.calls == []


def envelope_for(handler: Handler, **changes: Any) -> dict[str, Any]:
    return {**an_envelope(target_layer=LAYERS[handler]).as_dict(), **changes}


def reason(answer: dict[str, Any]) -> tuple[int, str]:
    """Status and reason, after a look at whether the body holds anything else."""
    body = body_of(answer)
    assert set(body) == {"reason", "trace_id"}
    return answer["statusCode"], body["reason"]


# Who is let in.


@both
def test_a_token_that_is_not_ascii_is_wrong_and_not_an_error(handler: Handler, untouched: Callable[[], bool]) -> None:
    for token in ("tökén", "\U0001f511", "the-right-token\u0000", "\ud83d"):
        assert reason(handler(request(envelope_for(handler), token=token), Context())) == (403, "token_invalid")
    assert untouched()


@both
def test_a_token_that_stands_twice_is_refused_even_if_both_are_right(
    handler: Handler, untouched: Callable[[], bool]
) -> None:
    twice = request(envelope_for(handler), **{"X-Inter-Cloud-Token": TOKEN})
    joined = request(envelope_for(handler), token=f"{TOKEN},{TOKEN}")

    assert reason(handler(twice, Context())) == (403, "token_invalid")
    assert reason(handler(joined, Context())) == (403, "token_invalid")
    assert untouched()


@both
@pytest.mark.parametrize("token", [TOKEN.upper(), TOKEN[:-1], TOKEN + "x", f" {TOKEN}", f"{TOKEN} "])
def test_almost_the_right_token_is_a_wrong_one(handler: Handler, token: str, untouched: Callable[[], bool]) -> None:
    assert reason(handler(request(envelope_for(handler), token=token), Context())) == (403, "token_invalid")
    assert untouched()


@both
@pytest.mark.parametrize("configured", [None, "", "  "])
@pytest.mark.parametrize("presented", ["", "  ", "None", TOKEN])
def test_without_a_configured_token_everyone_is_refused(
    handler: Handler,
    configured: str | None,
    presented: str,
    monkeypatch: pytest.MonkeyPatch,
    untouched: Callable[[], bool],
) -> None:
    monkeypatch.delenv("INTER_CLOUD_TOKEN")
    if configured is not None:
        monkeypatch.setenv("INTER_CLOUD_TOKEN", configured)

    assert handler(request(envelope_for(handler), token=presented), Context())["statusCode"] == 403
    assert untouched()


@both
@pytest.mark.parametrize(
    "headers", [None, [], "x-inter-cloud-token", {"x-inter-cloud-token": None}, {"x-inter-cloud-token": 7}]
)
def test_headers_that_are_none_carry_no_token(handler: Handler, headers: Any, untouched: Callable[[], bool]) -> None:
    assert reason(handler({**request(envelope_for(handler)), "headers": headers}, Context())) == (403, "token_missing")
    assert untouched()


@both
@pytest.mark.parametrize("event", [{}, [], None, "text", 7])
def test_an_event_that_is_no_http_request_is_refused(
    handler: Handler, event: Any, untouched: Callable[[], bool]
) -> None:
    assert reason(handler(event, Context())) == (403, "token_missing")
    assert untouched()


@both
@pytest.mark.parametrize("body", [None, "not json", "[]", '{"payload": 1}', "x" * (MAX_BODY_BYTES + 1)])
def test_who_is_not_let_in_learns_nothing_about_the_body(handler: Handler, body: Any, aws: None) -> None:
    assert reason(handler(request(body, token="wrong"), Context())) == (403, "token_invalid")


@both
def test_a_direct_invocation_without_a_token_is_no_way_around_it(
    handler: Handler, untouched: Callable[[], bool]
) -> None:
    assert reason(handler(TELEMETRY, Context())) == (403, "token_missing")
    assert untouched()


# What is read.


@both
def test_a_base64_body_is_decoded(handler: Handler, aws: None) -> None:
    sent = request(base64.b64encode(json.dumps(envelope_for(handler)).encode()).decode())

    assert handler({**sent, "isBase64Encoded": True}, Context())["statusCode"] == 200


@both
def test_bytes_that_were_no_text_and_were_mended_on_the_way_are_refused(
    handler: Handler, untouched: Callable[[], bool]
) -> None:
    sent = json.dumps(envelope_for(handler, payload={**TELEMETRY, "note": "?"})).encode().replace(b"?", b"\xff")
    told = request(sent.decode(errors="replace"), **{"Content-Length": str(len(sent))})

    assert reason(handler(told, Context())) == (400, "body_not_json")
    assert untouched()


@both
def test_a_replacement_character_that_was_sent_is_text_as_any_other(handler: Handler, aws: None) -> None:
    sent = json.dumps(envelope_for(handler, payload={**TELEMETRY, "note": "\ufffd"}), ensure_ascii=False)

    told = request(sent, **{"Content-Length": str(len(sent.encode()))})

    assert handler(told, Context())["statusCode"] == 200


@both
@pytest.mark.parametrize("body", ["%%%", "YWJ", "äöü"])
def test_a_base64_body_that_is_none_is_refused(handler: Handler, body: str, untouched: Callable[[], bool]) -> None:
    status, why = reason(handler({**request(body), "isBase64Encoded": True}, Context()))

    assert (status, why) == (400, "body_not_base64")
    assert untouched()


@both
def test_a_body_of_exactly_the_limit_is_read_and_one_byte_more_is_not(
    handler: Handler, untouched: Callable[[], bool]
) -> None:
    document = json.dumps({"payload": 1})
    at_limit = document + " " * (MAX_BODY_BYTES - len(document))

    assert reason(handler(request(at_limit), Context())) == (400, "payload_not_object")
    assert reason(handler(request(at_limit + " "), Context())) == (413, "body_too_large")
    assert untouched()


@both
def test_the_limit_counts_bytes_and_not_characters(handler: Handler, aws: None) -> None:
    body = json.dumps({"payload": "é" * (MAX_BODY_BYTES // 2)}, ensure_ascii=False)

    assert reason(handler(request(body), Context())) == (413, "body_too_large")


@both
def test_a_base64_body_is_measured_after_it_is_decoded(handler: Handler, aws: None) -> None:
    def encoded(size: int) -> dict[str, Any]:
        return {**request(base64.b64encode(b" " * size).decode()), "isBase64Encoded": True}

    assert reason(handler(encoded(MAX_BODY_BYTES), Context())) == (400, "body_not_json")
    assert reason(handler(encoded(MAX_BODY_BYTES + 1), Context())) == (413, "body_too_large")


REFUSED_BODIES = [
    ("{", "body_not_json", "cut off"),
    ("\ufeff{}", "body_not_json", "a byte order mark"),
    ("{'a': 1}", "body_not_json", "Python, not JSON"),
    ("[]", "body_not_object", "a list"),
    ('"text"', "body_not_object", "a string"),
    ("null", "body_not_object", "nothing"),
    ("7", "body_not_object", "a number"),
    ('{"payload": {"iotDeviceId": "oven-1", "time": 1, "x": NaN}}', "number_not_finite", "not a number"),
    ('{"payload": {"iotDeviceId": "oven-1", "time": 1, "x": Infinity}}', "number_not_finite", "infinite"),
    ('{"payload": {"iotDeviceId": "oven-1", "time": 1, "x": -Infinity}}', "number_not_finite", "infinite"),
    ('{"priority": NaN, "payload": {"iotDeviceId": "oven-1", "time": 1}}', "number_not_finite", "outside the event"),
    ('{"payload": {"iotDeviceId": "oven-1", "time": NaN}}', "number_not_finite", "no moment"),
    ('{"payload": {"iotDeviceId": "oven-1", "time": 1, "x": 1e400}}', "number_out_of_range", "no store keeps it"),
    ('{"payload": {"iotDeviceId": "oven-1", "time": 1, "x": 1e-400}}', "number_out_of_range", "no store keeps it"),
    (
        '{"payload": {"iotDeviceId": "oven-1", "time": 1, "x": 1e99999999999999999999}}',
        "number_out_of_range",
        "huge exponent",
    ),
    (f'{{"payload": {{"iotDeviceId": "oven-1", "time": 1, "x": {"9" * 39}}}}}', "number_out_of_range", "39 digits"),
    (
        f'{{"payload": {{"iotDeviceId": "oven-1", "time": 1, "x": {"9" * 5000}}}}}',
        "number_out_of_range",
        "Python's limit",
    ),
    ('{"payload": {"iotDeviceId": "oven-1", "iotDeviceId": "press-1", "time": 1}}', "duplicate_key", "which device?"),
    ('{"payload": {"iotDeviceId": "oven-1", "time": 1, "x": {"a": 1, "a": 1}}}', "duplicate_key", "nested"),
    ("[" * 100_000, "nested_too_deeply", "deeper than Python's stack"),
    (
        '{"payload": {"iotDeviceId": "oven-1", "time": 1, "x": ' + "[" * 40 + "]" * 40 + "}}",
        "nested_too_deeply",
        "40 levels",
    ),
    ('{"payload": {"iotDeviceId": "oven-1", "time": 1, "x": "\\ud83d"}}', "text_not_unicode", "half a character"),
    (
        '{"payload": {"iotDeviceId": "oven-1", "time": 1, "\\ud83d": 1}}',
        "text_not_unicode",
        "half a character in a name",
    ),
    ('{"payload": {"iotDeviceId": "\\ud83d", "time": 1}}', "text_not_unicode", "half a character in the device"),
    ('{"payload": {"iotDeviceId": "oven-1", "time": 1, "": 1}}', "name_empty", "a value without a name"),
    ('{"payload": {"iotDeviceId": "oven-1", "time": 1, "x": {"": 1}}}', "name_empty", "nested"),
    ('{"payload": {"iotDeviceId": 7, "time": 1}}', "iot_device_id_invalid", "a number is no id"),
    ('{"payload": {"iotDeviceId": ["oven-1"], "time": 1}}', "iot_device_id_invalid", "a list is no id"),
    ('{"payload": {"iotDeviceId": "toaster", "time": 1}}', "unknown_device", "another twin's"),
    ('{"source_cloud": "azure"}', "payload_missing", "an envelope with nothing in it"),
    ('{"payload": [1]}', "payload_not_object", "a list"),
    ('{"payload": "text"}', "payload_not_object", "text"),
    ('{"payload": null}', "payload_not_object", "nothing"),
    ("{}", "iot_device_id_missing", "an event with nothing in it"),
]


@both
@pytest.mark.parametrize(("body", "why"), [row[:2] for row in REFUSED_BODIES], ids=[row[2] for row in REFUSED_BODIES])
def test_a_body_that_is_no_event_is_refused_with_a_reason(
    handler: Handler, body: str, why: str, untouched: Callable[[], bool]
) -> None:
    assert reason(handler(request(body), Context())) == (400, why)
    assert untouched()


@pytest.mark.parametrize(
    ("time", "why"),
    [
        ("true", "time_invalid"),
        ("[]", "time_invalid"),
        ('{"s": 1}', "time_invalid"),
        ('""', "time_invalid"),
        (f'"{"9" * 1025}"', "time_invalid"),
        ("null", "time_missing"),
        ("1e400", "number_out_of_range"),
        ('1, "id": "2"', "id_conflicts_with_time"),
    ],
)
def test_the_writer_refuses_a_time_that_cannot_be_a_key(time: str, why: str, untouched: Callable[[], bool]) -> None:
    answer = writer(request(f'{{"payload": {{"iotDeviceId": "oven-1", "time": {time}}}}}'), Context())

    assert reason(answer) == (400, why)
    assert untouched()


# What an envelope may be.


@both
def test_unknown_extra_fields_of_an_envelope_are_ignored(handler: Handler, aws: None) -> None:
    sent = envelope_for(handler, priority="high", schema={"version": 2}, iotDeviceId="oven-1")

    assert handler(request(sent), Context())["statusCode"] == 200


@both
def test_an_unknown_message_type_is_refused(handler: Handler, untouched: Callable[[], bool]) -> None:
    for kind in ("command", "", 7, ["telemetry"]):
        answer = handler(request(envelope_for(handler, message_type=kind)), Context())
        assert reason(answer) == (400, "unknown_message_type")
    assert untouched()


@both
def test_what_is_meant_for_another_layer_is_refused(handler: Handler, untouched: Callable[[], bool]) -> None:
    other = "L3" if LAYERS[handler] == "L2" else "L2"
    for layer in (other, "L1", "l2", 3):
        assert reason(handler(request(envelope_for(handler, target_layer=layer)), Context())) == (
            400,
            "wrong_target_layer",
        )
    assert untouched()


@both
def test_fields_that_the_source_document_leaves_null_may_be_null(handler: Handler, aws: None) -> None:
    nulls = dict.fromkeys(("source_cloud", "target_layer", "message_type", "timestamp", "trace_id"))

    assert handler(request({**envelope_for(handler), **nulls}), Context())["statusCode"] == 200


@both
@pytest.mark.parametrize("timestamp", ["soon", "", "\ud83d", 7, ["2026"]])
def test_a_timestamp_that_is_none_does_not_cost_the_event(handler: Handler, timestamp: Any, aws: None) -> None:
    assert handler(request(envelope_for(handler, timestamp=timestamp)), Context())["statusCode"] == 200


# The trace id.


@both
def test_the_senders_trace_id_comes_back_in_every_answer(handler: Handler, aws: None) -> None:
    accepted = handler(request(envelope_for(handler)), Context())
    refused = handler(request(envelope_for(handler, payload={})), Context())

    assert body_of(accepted)["trace_id"] == TRACE_ID
    assert body_of(refused)["trace_id"] == TRACE_ID


@both
def test_a_message_without_a_trace_id_takes_it_from_traceparent(handler: Handler, aws: None) -> None:
    header = {"Traceparent": f"00-{TRACE_ID.replace('-', '')}-00f067aa0ba902b7-01"}

    answer = handler(request(envelope_for(handler, trace_id=None), **header), Context())

    assert body_of(answer)["trace_id"] == TRACE_ID


@both
@pytest.mark.parametrize("trace_id", ["abc-123-xyz", "", 7, "00000000-0000-0000-0000-000000000000"])
def test_a_trace_id_that_is_no_uuid_is_replaced_and_the_event_kept(handler: Handler, trace_id: Any, aws: None) -> None:
    answer = handler(request(envelope_for(handler, trace_id=trace_id)), Context())

    assert answer["statusCode"] == 200
    assert body_of(answer)["trace_id"] == Context.aws_request_id


# What is told.


@both
def test_nothing_of_a_token_or_a_payload_stands_in_the_log(
    handler: Handler, aws: None, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = {"iotDeviceId": "oven-1", "time": 1, "pin": "a-secret-value"}
    for sent in (secret, {**secret, "time": []}, {**secret, "": 1}, {"pin": "a-secret-value"}):
        handler(request(envelope_for(handler, payload=sent), token=TOKEN), Context())
        handler(request(envelope_for(handler, payload=sent), token="a-wrong-token"), Context())

    output = capsys.readouterr().out
    assert len(lines_of(output)) > 8
    assert not [text for text in ("a-secret-value", TOKEN, "a-wrong-token") if text in output]


@both
def test_a_refusal_is_counted_by_its_reason(handler: Handler, aws: None, capsys: pytest.CaptureFixture[str]) -> None:
    handler(request(None), Context())

    counted = [(metrics.get("reason"), metrics["EventsRefused"]) for metrics in metrics_of(capsys.readouterr().out)]
    assert sorted(counted, key=str) == [("body_missing", [1.0]), (None, [1.0])]


def test_whatever_breaks_inside_becomes_a_500_that_says_nothing_of_it(
    receiver: None, monkeypatch: pytest.MonkeyPatch, aws: None, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DYNAMODB_TABLE_NAME", "not a table's name, says boto")

    answer = writer(request(envelope_for(writer)), Context())

    assert reason(answer) == (500, "internal_error")
    [failed] = [line for line in lines_of(capsys.readouterr().out) if line["hop"] == "failed"]
    assert "241.5" not in json.dumps(failed)
