"""What waits in an outbox is delivered to the other cloud, or put into the failure queue: nothing else is done."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from lambda_functions.aws.cloud import client, message_text
from lambda_functions.connector.handler import lambda_handler as connector
from lambda_functions.dispatcher.handler import lambda_handler as dispatcher
from lambda_functions.ingestion.handler import lambda_handler as ingestion
from lambda_functions.persister.handler import lambda_handler as persister
from lambda_functions.processor.handler import lambda_handler as processor
from lambda_functions.shared import sending
from lambda_functions.shared.errors import Refused
from lambda_functions.shared.failure_queue import read
from lambda_functions.writer.handler import lambda_handler as writer
from tests.unit.lambda_functions.support import (
    TABLE,
    TELEMETRY,
    TOKEN,
    Context,
    Handler,
    Received,
    Recorded,
    Remote,
    an_envelope,
    by_hand,
    lines_of,
    mapping,
    metrics_of,
    results,
    twin_document,
)

ATTEMPTS = 5


def events(number: int) -> list[dict[str, Any]]:
    """Envelopes with a moment and a trace id of their own each."""
    return [
        an_envelope({**TELEMETRY, "time": f"t{n}"}, trace_id=str(uuid.UUID(int=n + 1)), source_cloud="aws").as_dict()
        for n in range(number)
    ]


def message(event: Any) -> str:
    return message_text({"function": "factory-connector", "event": event})


def records(*bodies: str, attempt: int = 1) -> dict[str, Any]:
    """What Lambda invokes the function with. The messages are named m0, m1, …"""
    return {
        "Records": [
            {
                "messageId": f"m{n}",
                "receiptHandle": "r",
                "body": body,
                "attributes": {"ApproximateReceiveCount": str(attempt), "SentTimestamp": "1800000000000"},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:factory-connector",
                "awsRegion": "eu-central-1",
            }
            for n, body in enumerate(bodies)
        ]
    }


def again(answer: dict[str, Any]) -> list[str]:
    """The messages that shall come again."""
    assert set(answer) == {"batchItemFailures"}
    return [each["itemIdentifier"] for each in answer["batchItemFailures"]]


@pytest.fixture(autouse=True)
def across(monkeypatch: pytest.MonkeyPatch, remote: Remote) -> Remote:
    """L2 and L3 are on other clouds, and everything is set for it."""
    monkeypatch.setattr(sending, "FIRST_DELAY_SECONDS", 0.0)
    monkeypatch.setenv("OUTGOING_ATTEMPTS", str(ATTEMPTS))
    monkeypatch.setenv("REMOTE_INGESTION_URL", remote.url)
    monkeypatch.setenv("REMOTE_WRITER_URL", remote.url)
    monkeypatch.setenv("INTER_CLOUD_TOKEN", TOKEN)
    monkeypatch.setenv("DIGITAL_TWIN_INFO", twin_document(config_providers=mapping("aws", "azure")))
    remote.answers = [results(200)]
    return remote


both = pytest.mark.parametrize("handler", [connector, persister], ids=["connector", "persister"])


@both
def test_messages_leave_in_one_request(handler: Handler, remote: Remote) -> None:
    sent = events(4)

    answer = handler(records(*map(message, sent)), Context())

    assert again(answer) == []
    [request] = remote.envelopes
    layer = "L2" if handler is connector else "L3"
    assert [(each["payload"], each["trace_id"], each["target_layer"]) for each in request] == [
        (each["payload"], each["trace_id"], layer) for each in sent
    ]


@both
def test_one_message_leaves_as_the_envelope_that_a_direct_invocation_sends(handler: Handler, remote: Remote) -> None:
    [sent] = events(1)

    handler(sent, Context())
    handler(records(message(sent)), Context())

    direct, queued = remote.envelopes
    assert queued == {**direct, "timestamp": queued["timestamp"]}


@both
def test_messages_of_which_none_is_there_are_all_done(handler: Handler, remote: Remote) -> None:
    assert again(handler({"Records": []}, Context())) == []
    assert remote.received == []


# What is not delivered.


@both
def test_each_event_has_an_end_of_its_own(handler: Handler, remote: Remote, failure_queue: Any) -> None:
    remote.answers = [results(200, 400, 429, 503, 200)]
    sent = events(5)

    answer = handler(records(*map(message, sent)), Context(function_name="factory-sender"))

    assert again(answer) == ["m2", "m3"]
    [kept] = failure_queue()
    assert kept == {
        "reason": "remote_400:because_400",
        "function": "factory-sender",
        "trace_id": sent[1]["trace_id"],
        "event": {**sent[1], "target_layer": "L2" if handler is connector else "L3"},
        "failed_at": kept["failed_at"],
    }


@both
def test_what_could_not_be_delivered_often_enough_is_kept_with_the_real_reason(
    handler: Handler, remote: Remote, failure_queue: Any
) -> None:
    remote.answers = [results(503, 200)]

    before = handler(records(*map(message, events(2)), attempt=ATTEMPTS - 1), Context())
    remote.answers = [results(503, 200)]
    last = handler(records(*map(message, events(2)), attempt=ATTEMPTS), Context())

    assert (again(before), again(last)) == (["m0"], [])
    [kept] = map(json.dumps, failure_queue())
    found = read(kept)
    assert (found.origin, found.reason, found.trace_id) == ("function", "Unavailable", events(1)[0]["trace_id"])
    assert found.detail == "127.0.0.1 could not take the event now: remote_503:because_503."


@both
@pytest.mark.parametrize("attempt", [1, ATTEMPTS])
def test_what_the_failure_queue_does_not_take_comes_again(handler: Handler, attempt: int, remote: Remote) -> None:
    remote.answers = [results(400, 503, 200)]

    answer = handler(records(*map(message, events(3)), "{", attempt=attempt), Context())

    assert again(answer) == ["m0", "m1", "m3"]


@both
def test_without_a_number_of_attempts_none_is_the_last(
    handler: Handler, remote: Remote, failure_queue: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OUTGOING_ATTEMPTS")
    remote.answers = [results(503)]

    assert again(handler(records(*map(message, events(2)), attempt=100), Context())) == ["m0", "m1"]
    assert failure_queue() == []


@both
@pytest.mark.parametrize("attempt", [1, ATTEMPTS])
def test_a_function_that_is_set_up_wrongly_loses_nothing(
    handler: Handler, attempt: int, remote: Remote, failure_queue: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("INTER_CLOUD_TOKEN")

    answer = handler(records(*map(message, events(2)), attempt=attempt), Context())

    assert again(answer) == (["m0", "m1"] if attempt < ATTEMPTS else [])
    assert [kept["reason"] for kept in failure_queue()] == (["MissingSetting"] * 2 if attempt == ATTEMPTS else [])
    assert remote.received == []


def test_a_connector_without_a_url_loses_nothing(
    remote: Remote, failure_queue: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REMOTE_INGESTION_URL")

    assert again(connector(records(*map(message, events(2))), Context())) == ["m0", "m1"]
    assert again(connector(records(*map(message, events(2)), attempt=ATTEMPTS), Context())) == []
    assert "URL" in failure_queue()[0]["detail"]


@both
@pytest.mark.parametrize(
    ("body", "reason", "event"),
    [
        ("no JSON", "message_not_json", "no JSON"),
        ("[" * 5000, "message_not_json", "[" * 5000),
        ("7", "message_without_event", "7"),
        ("{}", "message_without_event", "{}"),
        (message(7), "body_not_object", 7),
        (message({"target_layer": "L2"}), "payload_missing", {"target_layer": "L2"}),
    ],
)
def test_a_message_that_holds_no_event_is_kept_at_once_and_costs_no_other(
    handler: Handler, body: str, reason: str, event: Any, remote: Remote, failure_queue: Any
) -> None:
    [sent] = events(1)

    answer = handler(records(body, message(sent)), Context(function_name="factory-sender"))

    assert again(answer) == []
    assert len(remote.received) == 1
    [kept] = failure_queue()
    assert (kept["reason"], kept["event"], kept["function"]) == (reason, event, "factory-sender")
    assert uuid.UUID(kept["trace_id"])


@both
def test_a_function_that_ran_out_of_time_lets_come_again_what_it_did_not_finish(
    handler: Handler, remote: Remote, failure_queue: Any
) -> None:
    class Clock(Context):
        """Sending takes the time that there is, and then there is some for one event."""

        left: Iterator[float] = iter([60.0, 0.5, 0.1, 0.1])

        def get_remaining_time_in_millis(self) -> int:
            return int(next(self.left) * 1000)

    answer = handler(records(*map(message, events(3))), Clock())

    assert len(remote.received) == 1
    assert again(answer) == ["m1", "m2"]


# The persister's own ways.


def test_an_event_that_no_store_could_keep_is_not_sent(remote: Remote, failure_queue: Any) -> None:
    first, second = events(2)
    del first["payload"]["time"]

    assert again(persister(records(message(first), message(second)), Context())) == []

    assert [each["payload"]["time"] for each in remote.envelopes] == ["t1"]
    assert [kept["reason"] for kept in failure_queue()] == ["time_missing"]


def test_only_what_was_stored_is_checked_for_conditions(
    remote: Remote, failure_queue: Any, invocations: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("USE_EVENT_CHECKING", "true")
    monkeypatch.setenv("EVENT_CHECKER_LAMBDA_NAME", "factory-event-checker")
    remote.answers = [results(200, 400, 503, 200)]

    assert again(persister(records(*map(message, events(4))), Context())) == ["m2"]

    assert [(function, each["payload"]["time"]) for function, each in invocations.payloads()] == [
        ("factory-event-checker", "t0"),
        ("factory-event-checker", "t3"),
    ]


def test_an_event_whose_conditions_cannot_be_checked_comes_again(
    remote: Remote, failure_queue: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("USE_EVENT_CHECKING", "true")

    assert again(persister(records(*map(message, events(2))), Context())) == ["m0", "m1"]


def test_a_persister_whose_l3_is_here_stores_what_still_waits(
    remote: Remote, stored: Any, failure_queue: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REMOTE_WRITER_URL")
    monkeypatch.setenv("DYNAMODB_TABLE_NAME", TABLE)
    monkeypatch.setenv("DIGITAL_TWIN_INFO", twin_document())
    first, second, third = events(3)
    second["payload"]["iotDeviceId"] = 7

    assert again(persister(records(*map(message, [first, second, third])), Context())) == []

    assert sorted(item["id"] for item in stored()) == ["t0", "t2"]
    assert [kept["reason"] for kept in failure_queue()] == ["iot_device_id_invalid"]
    assert remote.received == []


# What is told of it.


@both
def test_every_line_names_its_own_event(
    handler: Handler, remote: Remote, failure_queue: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    remote.answers = [results(200, 400, 503)]
    sent = events(3)

    handler(records(*map(message, sent)), Context())

    output = capsys.readouterr().out
    ways = [
        [(line["hop"], line.get("to")) for line in lines_of(output) if line.get("trace_id") == each["trace_id"]]
        for each in sent
    ]
    assert ways == [
        [("received", None), ("forwarded", "127.0.0.1")],
        [("received", None), ("refused", "failure-queue")],
        [("received", None), ("failed", None)],
    ]
    [counted] = [line for line in metrics_of(output) if "EventsIn" in line]
    names = ("EventsIn", "EventsOut", "Failures", "EventsRefused")
    assert {name: sum(counted[name]) for name in names} == dict(zip(names, (3, 1, 1, 1), strict=True))
    assert len(counted["CrossCloudLatency"]) == 1


def test_an_event_without_a_trace_id_keeps_the_one_that_it_gets(remote: Remote) -> None:
    body = records(message(TELEMETRY))
    body["Records"][0]["messageId"] = str(uuid.UUID(int=7))

    connector(body, Context(aws_request_id=str(uuid.uuid4())))
    connector(body, Context(aws_request_id=str(uuid.uuid4())))

    assert [each["trace_id"] for each in remote.envelopes] == [str(uuid.UUID(int=7))] * 2


# What puts events into the queue.


@pytest.fixture
def queue(aws: None) -> Any:
    """An outbox; answers its URL and a function that reads the bodies in it."""
    sqs = by_hand("sqs")
    url = sqs.create_queue(QueueName="factory-connector")["QueueUrl"]

    def bodies() -> list[str]:
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return [each["Body"] for each in found]

    return url, bodies


def test_the_dispatcher_lets_events_wait_where_there_is_a_queue(
    queue: Any, invocations: Recorded, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url, bodies = queue
    monkeypatch.setenv("CONNECTOR_QUEUE_URL", url)
    monkeypatch.setenv("DIGITAL_TWIN_INFO", twin_document(config_providers=mapping("azure")))
    event = {**TELEMETRY, "note": "\ufffe\x00"}

    answer = dispatcher(event, Context())

    [body] = bodies()
    found = json.loads(body)
    assert found["function"] == "factory-connector"
    assert (found["event"]["payload"], found["event"]["trace_id"]) == (event, answer["trace_id"])
    assert invocations.calls == []
    assert [line.get("to") for line in lines_of(capsys.readouterr().out)] == [None, "factory-connector"]


def test_a_queue_to_the_connector_is_passed_by_where_l2_is_here(
    queue: Any, invocations: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, bodies = queue
    monkeypatch.setenv("CONNECTOR_QUEUE_URL", url)
    monkeypatch.setenv("PROCESSOR_LAMBDA_NAME", "factory-processor")

    dispatcher(TELEMETRY, Context())

    assert [function for function, _ in invocations.payloads()] == ["factory-processor"]
    assert bodies() == []


def test_the_processor_lets_events_wait_where_there_is_a_queue(
    queue: Any, invocations: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, bodies = queue
    monkeypatch.setenv("PERSISTER_QUEUE_URL", url)

    processor(an_envelope(target_layer="L2").as_dict(), Context())

    [body] = bodies()
    assert json.loads(body) == {"function": "factory-connector", "event": an_envelope(target_layer="L3").as_dict()}
    assert invocations.calls == []


@pytest.mark.parametrize("handler", [dispatcher, processor], ids=["dispatcher", "processor"])
def test_what_the_queue_does_not_take_is_tried_again_by_lambda(
    handler: Handler, aws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGITAL_TWIN_INFO", twin_document(config_providers=mapping("azure")))
    for name in ("CONNECTOR_QUEUE_URL", "PERSISTER_QUEUE_URL"):
        monkeypatch.setenv(name, "https://sqs.eu-central-1.amazonaws.com/123456789012/nothing")

    with pytest.raises(client("sqs").exceptions.QueueDoesNotExist):
        handler(TELEMETRY, Context())


def test_what_sqs_moves_to_the_failure_queue_itself_goes_back_to_its_function(
    queue: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, bodies = queue
    monkeypatch.setenv("PERSISTER_QUEUE_URL", url)
    processor(an_envelope().as_dict(), Context())

    found = read(bodies()[0])

    assert (found.origin, found.reason, found.function) == ("outbox", "not_delivered", "factory-connector")
    assert (found.trace_id, found.event) == (an_envelope().trace_id, an_envelope().as_dict())


# From one end to the other: the queue, the sender, our own receiver.


@pytest.mark.parametrize("signing", ["", "on"])
@pytest.mark.parametrize(("sender", "receiver"), [(connector, ingestion), (persister, writer)])
def test_a_batch_that_comes_again_after_the_sender_was_ended_is_the_same_events(
    sender: Handler,
    receiver: Handler,
    signing: str,
    remote: Remote,
    stored: Any,
    failure_queue: Any,
    invocations: Recorded,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("INTER_CLOUD_SIGNING", signing)
    monkeypatch.setenv("DYNAMODB_TABLE_NAME", TABLE)
    monkeypatch.setenv("PROCESSOR_LAMBDA_NAME", "factory-processor")

    def over_http(received: Received) -> Any:
        request = {"headers": received.headers, "body": received.body.decode(), "isBase64Encoded": False}
        answer = receiver(request, Context())
        return answer["statusCode"], answer["headers"], answer["body"].encode()

    remote.answers = ["drop", over_http]
    sent = events(4)
    sent[2]["payload"]["iotDeviceId"] = "toaster"
    waiting = records(*map(message, [*sent, sent[0]]))

    first = sender(waiting, Context())
    waiting["Records"] = waiting["Records"][:2]  # these had not been answered as done
    second = sender(waiting, Context())

    assert (again(first), again(second)) == ([], [])
    assert [(kept["reason"], kept["event"]["payload"]["time"]) for kept in failure_queue()] == [
        ("remote_400:unknown_device", "t2")
    ]
    if receiver is writer:
        assert sorted(item["id"] for item in stored()) == ["t0", "t1", "t3"]
    else:
        assert {each["payload"]["time"] for _, each in invocations.payloads()} == {"t0", "t1", "t3"}


def test_no_other_event_is_taken_for_messages_of_a_queue(remote: Remote) -> None:
    remote.answers = [200]

    for event in ({**TELEMETRY, "Records": [{"eventSource": "oven"}]}, {**TELEMETRY, "Records": [7]}):
        assert connector(event, Context())["outcome"] == "forwarded"

    with pytest.raises(Refused):
        connector([], Context())
