"""Whatever lies in the failure queue is read into one shape, or named as something else."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_functions.aws import cloud
from lambda_functions.shared import failure_queue as queue
from lambda_functions.shared.failure_queue import FailedEvent, NotAFailedEvent, put, read
from tests.unit.lambda_functions.support import TELEMETRY, TRACE_ID, an_envelope

ENVELOPE = an_envelope().as_dict()
REQUEST_ID = "6f9619ff-8b86-d011-b42d-00c04fc964ff"


def from_lambda(payload: Any, **changes: Any) -> dict[str, Any]:
    return {
        "version": "1.0",
        "timestamp": "2026-11-23T10:00:00.123Z",
        "requestContext": {
            "requestId": REQUEST_ID,
            "functionArn": "arn:aws:lambda:eu-central-1:123456789012:function:factory-persister:$LATEST",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 3,
        },
        "requestPayload": payload,
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "responsePayload": {"errorType": "Unavailable", "errorMessage": "writer.example.com did not accept the event"},
        **changes,
    }


def from_iot_rule(payload: bytes) -> dict[str, Any]:
    return {
        "ruleName": "factory_trigger_dispatcher",
        "topic": "factory/iot-data",
        "cloudwatchTraceId": "7e146a2c-95b5-6caf-98b9-50e3969734c7",
        "clientId": "oven-1",
        "base64OriginalPayload": base64.b64encode(payload).decode(),
        "failures": [
            {
                "failedAction": "LambdaAction",
                "failedResource": "arn:aws:lambda:eu-central-1:123456789012:function:factory-dispatcher",
                "errorMessage": "Failed to invoke lambda function. Access denied.",
            }
        ],
    }


def test_what_a_function_put_there_is_read_back_as_it_was() -> None:
    failure: dict[str, Any] = {
        "reason": "remote_400",
        "function": "factory-connector",
        "trace_id": TRACE_ID,
        "event": ENVELOPE,
        "failed_at": "2026-11-23T10:00:00.000Z",
    }

    assert read(json.dumps(queue.document(**failure))) == FailedEvent(origin="function", **failure)


def test_what_a_function_tried_often_enough_is_read_with_a_sentence_on_its_last_attempt() -> None:
    document = queue.document(
        reason="Unavailable",
        function="factory-connector",
        trace_id=TRACE_ID,
        event=ENVELOPE,
        failed_at="2026-11-23T10:00:00.000Z",
        detail="ingestion.example.com did not accept the event in 4 attempts: remote_503.",
    )

    assert read(json.dumps(document)) == FailedEvent(**document, origin="function")


def test_what_sqs_moved_there_from_an_outbox_was_not_delivered() -> None:
    assert read(json.dumps({"function": "factory-connector", "event": ENVELOPE})) == FailedEvent(
        origin="outbox",
        reason="not_delivered",
        function="factory-connector",
        trace_id=TRACE_ID,
        event=ENVELOPE,
        failed_at=None,
    )


def test_what_lambda_put_there_is_read_with_the_error_as_its_reason() -> None:
    assert read(json.dumps(from_lambda(ENVELOPE))) == FailedEvent(
        origin="lambda",
        reason="Unavailable",
        function="factory-persister",
        trace_id=TRACE_ID,
        event=ENVELOPE,
        failed_at="2026-11-23T10:00:00.123Z",
        detail="writer.example.com did not accept the event",
    )


@pytest.mark.parametrize("error", [None, {}, "", "Task timed out"])
def test_without_an_error_lambdas_condition_is_the_reason(error: Any) -> None:
    document = from_lambda(ENVELOPE, responsePayload=error)

    assert (read(json.dumps(document)).reason, read(json.dumps(document)).detail) == ("RetriesExhausted", "")


def test_a_devices_own_message_that_lambda_kept_has_the_requests_id_as_its_trace_id() -> None:
    assert read(json.dumps(from_lambda(TELEMETRY))).trace_id == REQUEST_ID


def test_what_the_iot_rule_put_there_is_read_with_the_devices_message() -> None:
    assert read(json.dumps(from_iot_rule(json.dumps(TELEMETRY).encode()))) == FailedEvent(
        origin="iot-rule",
        reason="LambdaAction",
        function="factory-dispatcher",
        trace_id=None,
        event=TELEMETRY,
        failed_at=None,
        detail="Failed to invoke lambda function. Access denied.",
    )


def test_an_envelope_that_the_iot_rule_kept_keeps_its_trace_id() -> None:
    assert read(json.dumps(from_iot_rule(json.dumps(ENVELOPE).encode()))).trace_id == TRACE_ID


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("", "not JSON"),
        ("hello", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "not an object"),
        ("{}", "'reason'"),
        ('{"reason": "x", "function": 7, "trace_id": null, "event": {}, "failed_at": null}', "names no function"),
        ('{"requestContext": {}}', "'requestPayload'"),
        ('{"requestContext": 7, "requestPayload": {}}', "lacks something"),
        ('{"base64OriginalPayload": "e30="}', "'failures'"),
        ('{"base64OriginalPayload": "e30=", "failures": []}', "lacks something"),
        (json.dumps(from_iot_rule(b"\xff not json")), "The device's message is not JSON"),
        (json.dumps({**from_iot_rule(b"{}"), "base64OriginalPayload": "%"}), "The device's message is not JSON"),
    ],
)
def test_what_is_none_of_them_is_named_as_such(body: str, says: str) -> None:
    with pytest.raises(NotAFailedEvent) as raised:
        read(body)

    assert says in str(raised.value)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["reason", "function", "trace_id", "event", "failed_at", "requestContext", "requestPayload",
                 "responsePayload", "functionArn", "condition", "base64OriginalPayload", "failures", "failedAction",
                 "failedResource"]
            ),
            inner,
        ),
    )
)  # fmt: skip
def test_any_json_is_a_failed_event_or_none(document: Any) -> None:
    try:
        found = read(json.dumps(document))
    except NotAFailedEvent:
        return
    assert isinstance(found.function, str)


def test_an_event_with_any_character_fits_into_the_queue(failure_queue: Any) -> None:
    event = {"text": "\u0000\u0001\u001f é \ufffe\uffff \U0001f525 \\ufffe"}

    put(
        cloud,
        event,
        reason="why",
        function="factory-writer",
        trace_id=TRACE_ID,
    )

    assert [document["event"] for document in failure_queue()] == [event]
