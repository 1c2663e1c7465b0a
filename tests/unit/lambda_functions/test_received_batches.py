"""Both public endpoints take batches: each event of one gets the answer that it would have got alone."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lambda_functions.ingestion.handler import lambda_handler as ingestion
from lambda_functions.shared.endpoint import BATCH_SECONDS
from lambda_functions.shared.envelope import MAX_EVENTS
from lambda_functions.shared.http_request import MAX_BODY_BYTES
from lambda_functions.shared.signing import signed
from lambda_functions.writer.handler import lambda_handler as writer
from tests.unit.lambda_functions.support import (
    TELEMETRY,
    TOKEN,
    Context,
    Handler,
    Recorded,
    Remote,
    an_envelope,
    body_of,
    lines_of,
    metrics_of,
    request,
)

pytestmark = pytest.mark.usefixtures("receiver")

LAYERS = {ingestion: "L2", writer: "L3"}
both = pytest.mark.parametrize("handler", [ingestion, writer], ids=["ingestion", "writer"])


def events(handler: Handler, number: int) -> list[dict[str, Any]]:
    """Envelopes with a moment and a trace id of their own each."""
    return [
        an_envelope(
            {**TELEMETRY, "time": f"2026-11-23T10:00:00.{n:03}Z"},
            target_layer=LAYERS[handler],
            trace_id=str(uuid.UUID(int=n + 1)),
        ).as_dict()
        for n in range(number)
    ]


def results(answer: dict[str, Any]) -> list[tuple[str, int, str]]:
    """Trace id, status and reason of each event, after a look at whether the answer says anything else."""
    assert answer["statusCode"] == 200
    body = body_of(answer)
    assert set(body) == {"trace_id", "results"}
    assert all(set(each) <= {"trace_id", "status", "reason"} for each in body["results"])
    return [(each["trace_id"], each["status"], each.get("reason", "")) for each in body["results"]]


@pytest.fixture
def taken(stored: Any, invocations: Recorded) -> Callable[[], list[str]]:
    """Answers the times of the events that were written or passed on, in their order."""

    def times() -> list[str]:
        passed_on = [envelope["payload"]["time"] for _, envelope in invocations.payloads()]
        return passed_on + sorted(item["id"] for item in stored())

    return times


@both
def test_the_events_of_a_batch_are_accepted_in_their_order(handler: Handler, taken: Callable[[], list[str]]) -> None:
    sent = events(handler, 12)

    answer = handler(request(sent), Context())

    assert results(answer) == [(each["trace_id"], 200, "") for each in sent]
    assert taken() == [each["payload"]["time"] for each in sent]


@both
def test_a_batch_may_hold_a_single_event(handler: Handler, taken: Callable[[], list[str]]) -> None:
    [sent] = events(handler, 1)

    assert results(handler(request([sent]), Context())) == [(sent["trace_id"], 200, "")]
    assert len(taken()) == 1


@both
def test_a_faulty_event_is_refused_alone(handler: Handler, taken: Callable[[], list[str]]) -> None:
    first, second, third, fourth, fifth = events(handler, 5)
    second["payload"]["iotDeviceId"] = "toaster"
    third["target_layer"] = "L1"
    fourth["payload"] = "text"

    found = results(handler(request([first, second, third, fourth, fifth, 7]), Context()))

    assert [each[1:] for each in found] == [
        (200, ""),
        (400, "unknown_device"),
        (400, "wrong_target_layer"),
        (400, "payload_not_object"),
        (200, ""),
        (400, "body_not_object"),
    ]
    assert [each[0] for each in found[:5]] == [each["trace_id"] for each in (first, second, third, fourth, fifth)]
    assert taken() == [first["payload"]["time"], fifth["payload"]["time"]]


@both
def test_a_batch_that_comes_again_gets_the_same_answer(handler: Handler, taken: Callable[[], list[str]]) -> None:
    sent = request(events(handler, 3))

    assert handler(sent, Context()) == handler(sent, Context())
    if handler is writer:
        assert len(taken()) == 3


@both
def test_the_same_event_may_stand_in_a_batch_twice(handler: Handler, stored: Any) -> None:
    [sent] = events(handler, 1)

    assert [status for _, status, _ in results(handler(request([sent, sent]), Context()))] == [200, 200]
    assert len(stored()) == (handler is writer)


@both
def test_events_without_a_trace_id_get_one_each(handler: Handler, aws: None) -> None:
    sent = [{**each, "trace_id": None} for each in events(handler, 2)]
    header = "00-3f2504e04f8941d39a0c0305e82c3301-00f067aa0ba902b7-01"

    answer = handler(request(sent, traceparent=header), Context())

    (first, _, _), (second, _, _) = results(answer)
    assert len({first, second, body_of(answer)["trace_id"]}) == 3


# What is refused as a whole.


def refusal(answer: dict[str, Any]) -> tuple[int, str]:
    assert set(body_of(answer)) == {"reason", "trace_id"}
    return answer["statusCode"], body_of(answer)["reason"]


@both
@pytest.mark.parametrize(("token", "reason"), [(None, "token_missing"), ("wrong", "token_invalid")])
def test_a_batch_needs_the_token(
    handler: Handler, token: str | None, reason: str, taken: Callable[[], list[str]]
) -> None:
    assert refusal(handler(request(events(handler, 2), token=token), Context())) == (403, reason)
    assert taken() == []


@both
def test_a_batch_has_a_limit_of_events_and_of_bytes(handler: Handler, taken: Callable[[], list[str]]) -> None:
    sent = events(handler, MAX_EVENTS + 1)
    large = events(handler, 2)
    large[0]["padding"] = "x" * MAX_BODY_BYTES

    assert refusal(handler(request(sent), Context())) == (400, "batch_too_long")
    assert refusal(handler(request(large), Context())) == (413, "body_too_large")
    assert taken() == []


@both
def test_an_array_without_events_is_no_batch(handler: Handler, taken: Callable[[], list[str]]) -> None:
    assert refusal(handler(request([]), Context())) == (400, "body_not_object")
    assert taken() == []


@both
def test_what_is_no_json_of_the_contract_anywhere_in_the_text_is_refused_as_a_whole(
    handler: Handler, taken: Callable[[], list[str]]
) -> None:
    text = json.dumps(events(handler, 2))

    assert refusal(handler(request(text.replace("241.5", "NaN", 1)), Context())) == (400, "number_not_finite")
    assert refusal(handler(request(text[:-1]), Context())) == (400, "body_not_json")
    assert taken() == []


@both
def test_a_signed_batch_is_let_in_once_for_each_attempt(
    handler: Handler, monkeypatch: pytest.MonkeyPatch, aws: None
) -> None:
    monkeypatch.setenv("INTER_CLOUD_SIGNING", "on")
    body, now = json.dumps(events(handler, 2)), int(time.time())

    def attempt(moment: int) -> dict[str, Any]:
        answer: dict[str, Any] = handler(
            request(body, **signed(TOKEN, "msg_of_both", moment, body.encode())), Context()
        )
        return answer

    assert len(results(attempt(now))) == len(results(attempt(now - 1))) == 2
    assert refusal(attempt(now)) == (403, "request_replayed")
    assert refusal(handler(request(body), Context())) == (403, "signature_missing")


# What cannot be done now.


def test_what_aws_does_not_take_in_the_middle_is_for_later_and_the_rest_is_done(lambda_over_http: Remote) -> None:
    lambda_over_http.answers = [202, (403, {"x-amzn-ErrorType": "AccessDeniedException"}, b"{}"), 202]

    answer = ingestion(request(events(ingestion, 3)), Context())

    assert [each[1:] for each in results(answer)] == [(200, ""), (500, "internal_error"), (200, "")]


@both
def test_when_time_runs_out_the_rest_is_for_later(handler: Handler, taken: Callable[[], list[str]]) -> None:
    sent = events(handler, 4)

    class Clock(Context):
        """Every event takes two fifths of the time that there is."""

        left: Iterator[float] = iter([15, 15, 15 - 0.4 * BATCH_SECONDS, 15 - 0.8 * BATCH_SECONDS, 1, 1])

        def get_remaining_time_in_millis(self) -> int:
            return int(next(self.left) * 1000)

    answer = handler(request(sent), Clock(aws_request_id=str(uuid.uuid4())))

    assert [each[1:] for each in results(answer)] == [(200, ""), (200, ""), (200, ""), (429, "throttled")]
    assert len(taken()) == 3


@both
def test_whatever_breaks_with_one_event_costs_no_other(
    handler: Handler, monkeypatch: pytest.MonkeyPatch, aws: None
) -> None:
    monkeypatch.delenv("DYNAMODB_TABLE_NAME" if handler is writer else "PROCESSOR_LAMBDA_NAME")
    first, second = events(handler, 2)
    second["payload"] = []

    found = results(handler(request([first, second]), Context()))

    assert [each[1:] for each in found] == [(500, "misconfigured"), (400, "payload_not_object")]


# What is told of it.


@both
def test_every_line_names_its_own_event(handler: Handler, aws: None, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = events(handler, 2)
    second["payload"].pop("iotDeviceId")
    second["source_cloud"] = "gcp"

    handler(request([first, second]), Context())

    lines = lines_of(capsys.readouterr().out)
    told = [(line["trace_id"], line["hop"], line.get("device"), line["source_cloud"]) for line in lines]
    last = "stored" if handler is writer else "forwarded"
    assert told == [
        (first["trace_id"], "received", "oven-1", "azure"),
        (first["trace_id"], last, "oven-1", "azure"),
        (second["trace_id"], "received", None, "gcp"),
        (second["trace_id"], "refused", None, "gcp"),
    ]


def test_every_event_of_the_longest_batch_is_counted_under_its_function(
    aws: None, capsys: pytest.CaptureFixture[str]
) -> None:
    writer(request(events(writer, MAX_EVENTS)), Context())

    counted = [line for line in metrics_of(capsys.readouterr().out) if "EventsIn" in line]
    assert {line["service"] for line in counted} == {"writer"}
    assert sum(sum(line["EventsIn"]) for line in counted) == MAX_EVENTS
    assert sum(sum(line["EventsOut"]) for line in counted) == MAX_EVENTS
