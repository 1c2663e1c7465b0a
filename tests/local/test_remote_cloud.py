"""The stand-in for a remote cloud keeps the inter-cloud contract over real HTTP, and breaks it exactly as told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any

import pytest
import requests

from lambda_functions.shared.signing import signed
from orchestrator.local import remote_client
from orchestrator.local.remote_client import envelope
from orchestrator.local.remote_cloud import Received, RemoteCloud, Request
from orchestrator.local.remote_faults import Fault

TOKEN = "a-token-with-ü"
TRACE = "0f8fad5b-d9cb-469f-a165-70867728950e"
EVENT = {"iotDeviceId": "sensor-1", "time": "2026-01-01T00:00:00Z", "temperature": 21.5}


@pytest.fixture
def azure() -> Iterator[RemoteCloud]:
    """A remote cloud that accepts TOKEN."""
    with RemoteCloud("azure", TOKEN, retry_seconds=0.01) as cloud:
        yield cloud


def message(**changes: Any) -> dict[str, Any]:
    """A valid envelope for /ingestion with some fields changed; `...` leaves one out."""
    whole = {**envelope("aws", "L2", EVENT, TRACE), **changes}
    return {name: value for name, value in whole.items() if value is not ...}


def post(url: str, body: bytes, token: str | None = TOKEN) -> requests.Response:
    """POST exactly that."""
    headers = {"x-inter-cloud-TOKEN": token.encode()} if token is not None else {}
    return requests.post(url, data=body, headers=headers, timeout=5, allow_redirects=False)


def as_json(data: Any) -> bytes:
    """The bytes on the wire."""
    return json.dumps(data).encode()


def test_a_valid_envelope_is_accepted_and_kept(azure: RemoteCloud) -> None:
    sent = message()

    answer = azure.send(azure.ingestion_url, TOKEN, sent)

    assert (answer.status, answer.body, answer.attempts) == (200, {"status": "accepted", "trace_id": TRACE}, 1)
    assert azure.received == [Received("ingestion", sent, azure.received[0].traceparent)]
    assert azure.kept == {("sensor-1", "2026-01-01T00:00:00Z"): EVENT}


def test_the_trace_id_also_travels_as_traceparent(azure: RemoteCloud) -> None:
    azure.send(azure.ingestion_url, TOKEN, message())

    version, trace, span, flags = str(azure.received[0].traceparent).split("-")
    assert (version, trace, len(span), flags) == ("00", TRACE.replace("-", ""), 16, "01")


def test_the_same_event_twice_is_kept_once(azure: RemoteCloud) -> None:
    azure.send(azure.ingestion_url, TOKEN, message())
    azure.send(azure.ingestion_url, TOKEN, message())

    assert (len(azure.received), len(azure.kept)) == (2, 1)


@pytest.mark.parametrize(
    ("token", "reason"),
    [(None, "token_missing"), ("", "token_missing"), ("wrong", "token_invalid"), ("ÿ", "token_invalid")],
)
@pytest.mark.parametrize("endpoint", ["ingestion", "writer"])
def test_without_the_right_token_it_is_forbidden(
    azure: RemoteCloud, endpoint: str, token: str | None, reason: str
) -> None:
    answer = post(f"{azure.url}/{endpoint}", as_json(message()), token)

    assert (answer.status_code, answer.json()) == (403, {"reason": reason, "trace_id": TRACE})
    assert azure.received == []


def test_two_tokens_in_one_request_are_forbidden(azure: RemoteCloud) -> None:
    connection = HTTPConnection(azure.url.removeprefix("http://"), timeout=5)
    body = as_json(message())
    connection.putrequest("POST", "/ingestion")
    for value in (TOKEN.encode(), b"another"):
        connection.putheader("X-Inter-Cloud-Token", value)
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)

    answer = connection.getresponse()

    assert (answer.status, json.loads(answer.read())["reason"]) == (403, "token_invalid")
    connection.close()


def test_without_any_expected_token_everything_is_forbidden(azure: RemoteCloud) -> None:
    azure.accept()

    assert post(azure.ingestion_url, as_json(message())).status_code == 403


def test_while_a_token_is_rotated_both_are_accepted(azure: RemoteCloud) -> None:
    azure.accept("new", TOKEN)

    assert [post(azure.ingestion_url, as_json(message()), token).status_code for token in ("new", TOKEN)] == [200, 200]


# Signed requests, on top of the token.


@pytest.fixture
def signing() -> Iterator[RemoteCloud]:
    """A remote cloud that takes nothing without a signature."""
    with RemoteCloud("azure", TOKEN, retry_seconds=0.01, signing=True) as cloud:
        yield cloud


def reason_for(cloud: RemoteCloud, body: bytes, headers: dict[str, str]) -> str:
    """Why it refuses that body under these headers, or `taken`."""
    answer = requests.post(
        cloud.ingestion_url, data=body, headers={"X-Inter-Cloud-Token": TOKEN.encode(), **headers}, timeout=5
    )
    assert answer.status_code in (200, 403)
    return str(answer.json().get("reason", "taken"))


def sign(token: str, body: bytes, age_seconds: int = 0) -> dict[str, str]:
    """The headers of one attempt."""
    return signed(token, "msg_1", int(time.time()) - age_seconds, body)


def test_what_it_sends_with_signing_on_is_what_it_takes(signing: RemoteCloud) -> None:
    assert signing.send(signing.ingestion_url, TOKEN, message()).accepted
    assert signing.send(signing.ingestion_url, TOKEN, message()).accepted


def test_a_signature_is_good_for_one_attempt_and_one_body(signing: RemoteCloud) -> None:
    body = as_json(message())
    good = sign(TOKEN, body)

    reasons = [
        reason_for(signing, body, {}),
        reason_for(signing, body, {**good, "webhook-signature": ""}),
        reason_for(signing, body + b" ", good),
        reason_for(signing, body, sign("another", body)),
        reason_for(signing, body, good),
        reason_for(signing, body, good),
    ]

    assert reasons == [
        *("signature_missing", "signature_missing", "signature_invalid", "signature_invalid"),
        *("taken", "request_replayed"),
    ]
    assert len(signing.received) == 1


def test_an_old_signature_is_refused(signing: RemoteCloud) -> None:
    body = as_json(message())

    assert reason_for(signing, body, sign(TOKEN, body, age_seconds=301)) == "timestamp_not_tolerated"


BAD = [
    ("ingestion", b"", "body_missing"),
    ("ingestion", b"{", "body_not_json"),
    ("ingestion", b'{"a": NaN}', "body_not_json"),
    ("ingestion", b"\xff", "body_not_json"),
    ("ingestion", b"[]", "body_not_object"),
    ("ingestion", as_json(message(payload=...)), "payload_not_object"),
    ("ingestion", as_json(message(payload=[EVENT])), "payload_not_object"),
    ("ingestion", as_json(message(payload={"time": "t"})), "iot_device_id_missing"),
    ("ingestion", as_json(message(source_cloud="elsewhere")), "unknown_source_cloud"),
    ("ingestion", as_json(message(target_layer="L3")), "wrong_target_layer"),
    ("ingestion", as_json(message(message_type="command")), "unknown_message_type"),
    ("ingestion", as_json(message(timestamp="yesterday")), "timestamp_invalid"),
    ("ingestion", as_json(message(timestamp="2026-01-01T00:00:00+02:00")), "timestamp_invalid"),
    ("ingestion", as_json(message(trace_id="7")), "trace_id_invalid"),
    ("writer", as_json(message()), "wrong_target_layer"),
    ("writer", as_json(message(target_layer="L3", payload={"iotDeviceId": "sensor-1"})), "time_missing"),
]


@pytest.mark.parametrize(
    ("endpoint", "body", "reason"), BAD, ids=[f"{row[0]}-{row[2]}-{n}" for n, row in enumerate(BAD)]
)
def test_a_bad_request_is_refused_with_its_reason(azure: RemoteCloud, endpoint: str, body: bytes, reason: str) -> None:
    answer = post(f"{azure.url}/{endpoint}", body)

    assert (answer.status_code, answer.json()["reason"]) == (400, reason)
    assert (azure.received, azure.kept) == ([], {})


def test_of_a_batch_each_event_is_accepted_or_refused_by_itself(azure: RemoteCloud) -> None:
    sent = [message(), message(target_layer="L3"), 7, message(payload={**EVENT, "time": 2})]

    answer = post(azure.ingestion_url, as_json(sent))

    assert answer.status_code == 200
    assert answer.json()["results"] == [
        {"status": 200, "trace_id": TRACE},
        {"status": 400, "reason": "wrong_target_layer", "trace_id": TRACE},
        {"status": 400, "reason": "body_not_object", "trace_id": None},
        {"status": 200, "trace_id": TRACE},
    ]
    assert [received.envelope for received in azure.received] == [sent[0], sent[3]]
    assert (len(azure.kept), [request.status for request in azure.requests]) == (2, [200])


@pytest.mark.parametrize(("events", "reason"), [(0, "body_not_object"), (101, "batch_too_long")])
def test_a_batch_has_a_limit(azure: RemoteCloud, events: int, reason: str) -> None:
    answer = post(azure.ingestion_url, as_json([message()] * events))

    assert (answer.status_code, answer.json()["reason"], azure.received) == (400, reason, [])


def test_a_body_over_the_limit_is_too_large(azure: RemoteCloud) -> None:
    answer = post(azure.ingestion_url, b" " * 6_291_457)

    assert (answer.status_code, answer.json()["reason"]) == (413, "body_too_large")


def test_connections_are_kept_open_between_requests(azure: RemoteCloud) -> None:
    connection = HTTPConnection(azure.url.removeprefix("http://"), timeout=5)
    connection.connect()
    first_socket = connection.sock

    for _ in range(3):
        connection.request("POST", "/ingestion", b"{}")
        assert connection.getresponse().read()

    assert connection.sock is first_socket
    connection.close()


@pytest.mark.parametrize(
    ("fault", "status", "kept"),
    [
        (Fault("throttle", seconds=7), 429, 0),
        (Fault("error"), 500, 0),
        (Fault("unavailable"), 503, 0),
        (Fault("redirect", location="http://127.0.0.1:9/"), 307, 0),
        (Fault("slow", seconds=0.05), 200, 1),
        (Fault("drop_unread"), None, 0),
        (Fault("drop_unanswered"), None, 0),
        (Fault("lose_answer"), None, 1),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else None,
)
def test_it_fails_once_as_told_and_then_works(azure: RemoteCloud, fault: Fault, status: int | None, kept: int) -> None:
    azure.fail(fault)

    answered = None
    try:
        answer = post(azure.ingestion_url, as_json(message()))
        answered = answer.status_code
        headers = {name: answer.headers.get(name) for name in ("Retry-After", "Location")}
        assert headers == {"Retry-After": "7" if status == 429 else None, "Location": fault.location or None}
    except requests.ConnectionError:
        pass

    assert (answered, len(azure.kept)) == (status, kept)
    assert post(azure.ingestion_url, as_json(message())).status_code == 200
    assert azure.requests == [Request("ingestion", status, fault.kind), Request("ingestion", 200)]


def test_a_slow_answer_comes_after_the_time_it_was_told(azure: RemoteCloud) -> None:
    azure.fail(Fault("slow", seconds=0.3))
    started = time.monotonic()

    post(azure.ingestion_url, as_json(message()))

    assert time.monotonic() - started >= 0.3


def test_a_fault_may_concern_one_endpoint_only(azure: RemoteCloud) -> None:
    azure.fail(Fault("error", endpoint="writer", times=None))

    assert post(azure.ingestion_url, as_json(message())).status_code == 200
    assert post(azure.writer_url, as_json(message(target_layer="L3"))).status_code == 500


def test_random_faults_repeat_with_their_seed() -> None:
    def statuses() -> list[int | None]:
        with RemoteCloud("gcp", TOKEN, seed=7) as cloud:
            cloud.fail(Fault("error", times=None, probability=0.5))
            return [post(cloud.ingestion_url, as_json(message())).status_code for _ in range(20)]

    first = statuses()

    assert first == statuses()
    assert set(first) == {200, 500}


@pytest.mark.parametrize("kind", ["throttle", "error", "unavailable", "drop_unread", "drop_unanswered", "lose_answer"])
def test_a_sender_gets_through_three_passing_faults(azure: RemoteCloud, kind: Any) -> None:
    azure.fail(Fault(kind, times=3, seconds=0))

    answer = azure.send(azure.ingestion_url, TOKEN, message())

    assert (answer.accepted, answer.attempts, len(azure.kept)) == (True, 4, 1)


def test_a_sender_gives_up_after_three_retries(azure: RemoteCloud) -> None:
    azure.fail(Fault("unavailable", times=None))

    answer = azure.send(azure.ingestion_url, TOKEN, message())

    assert (answer.status, answer.attempts) == (503, 4)


def test_a_sender_honours_retry_after(azure: RemoteCloud) -> None:
    azure.fail(Fault("throttle", seconds=0.3))
    started = time.monotonic()

    answer = azure.send(azure.ingestion_url, TOKEN, message())

    assert answer.attempts == 2
    assert time.monotonic() - started >= 0.3


def test_a_sender_neither_follows_a_redirect_nor_retries_it(azure: RemoteCloud) -> None:
    azure.fail(Fault("redirect", location=azure.writer_url))

    answer = azure.send(azure.ingestion_url, TOKEN, message())

    assert (answer.status, answer.attempts) == (307, 1)
    assert [request.endpoint for request in azure.requests] == ["ingestion"]


def test_a_sender_that_is_forbidden_fetches_the_token_again_once(azure: RemoteCloud) -> None:
    tokens = iter(["old", TOKEN])

    answer = remote_client.send(azure.ingestion_url, lambda: next(tokens), message())

    assert (answer.status, answer.attempts) == (200, 2)


def test_a_sender_with_a_wrong_token_gives_up_after_the_second_refusal(azure: RemoteCloud) -> None:
    answer = azure.send(azure.ingestion_url, "wrong", message())

    assert (answer.status, answer.attempts) == (403, 2)


def test_a_sender_does_not_retry_a_bad_request(azure: RemoteCloud) -> None:
    answer = azure.send(azure.ingestion_url, TOKEN, message(payload=[]))

    assert (answer.status, answer.attempts) == (400, 1)


def test_as_layer_2_it_passes_events_on_under_the_same_trace_id(azure: RemoteCloud) -> None:
    with RemoteCloud("gcp", "writer-token") as writer:
        azure.forward_to(writer.writer_url, "writer-token", lambda event: {**event, "processed": True})

        azure.send(azure.ingestion_url, TOKEN, message())

        assert azure.idle()
        (received,) = writer.received
        assert received.envelope == {
            "source_cloud": "azure",
            "target_layer": "L3",
            "message_type": "telemetry",
            "timestamp": received.envelope["timestamp"],
            "payload": {**EVENT, "processed": True},
            "trace_id": TRACE,
        }


def test_passing_on_can_be_told_over_the_control_endpoint(azure: RemoteCloud) -> None:
    with RemoteCloud("gcp", "writer-token") as writer:
        told = {"url": writer.writer_url, "token": "writer-token"}
        requests.put(f"{azure.url}/control/forward", json=told, timeout=5).raise_for_status()

        azure.send(azure.ingestion_url, TOKEN, message())

        assert azure.idle()
        assert list(writer.kept.values()) == [EVENT]


def test_what_the_writer_never_takes_is_reported_as_undelivered(azure: RemoteCloud) -> None:
    with RemoteCloud("gcp", "writer-token") as writer:
        writer.fail(Fault("error", times=None))
        azure.forward_to(writer.writer_url, "writer-token")

        azure.send(azure.ingestion_url, TOKEN, message())

        assert azure.idle()
        assert [(event["trace_id"], answer.status) for event, answer in azure.undelivered] == [(TRACE, 500)]


def test_many_senders_at_once_lose_nothing(azure: RemoteCloud) -> None:
    azure.fail(Fault("lose_answer", times=None, probability=0.2), Fault("error", times=None, probability=0.2))

    def send(device: int) -> None:
        for number in range(20):
            event = {"iotDeviceId": f"sensor-{device}", "time": str(number)}
            while not azure.send(azure.ingestion_url, TOKEN, envelope("aws", "L2", event)).accepted:
                pass

    threads = [threading.Thread(target=send, args=(device,)) for device in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(azure.kept) == 100


def test_it_is_gone_after_its_block_even_with_connections_open() -> None:
    with RemoteCloud("azure", TOKEN) as cloud, requests.Session() as session:
        session.post(cloud.ingestion_url, data=b"{}", timeout=5)
        url = cloud.ingestion_url

    with pytest.raises(requests.ConnectionError):
        requests.post(url, data=b"{}", timeout=5)


def test_in_the_background_it_is_told_over_its_control_endpoint() -> None:
    command = [sys.executable, "-m", "orchestrator.local.remote_cloud", "--name", "gcp", "--token-env", "GCP_TOKEN"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "GCP_TOKEN": TOKEN})
    try:
        assert process.stdout
        urls = json.loads(process.stdout.readline())
        requests.put(f"{urls['control']}/faults", json=[{"kind": "error"}], timeout=5).raise_for_status()
        requests.put(f"{urls['control']}/tokens", json=["new", TOKEN], timeout=5).raise_for_status()

        statuses = [post(urls["ingestion"], as_json(message()), token).status_code for token in (TOKEN, TOKEN, "new")]

        state = requests.get(urls["control"], timeout=5).json()
        assert statuses == [500, 200, 200]
        assert (state["name"], state["requests"], len(state["received"]), state["kept"]) == ("gcp", 3, 2, [EVENT])
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate()
    assert process.returncode == 0


@pytest.mark.parametrize("fault", [{"kind": "explode"}, {"kind": "error", "colour": "red"}, {}])
def test_an_unknown_fault_is_refused_with_what_there_is(azure: RemoteCloud, fault: dict[str, str]) -> None:
    answer = requests.put(f"{azure.url}/control/faults", json=[fault], timeout=5)

    assert answer.status_code == 400
    assert "fault" in answer.json()["reason"]
    assert azure.faults.planned() == []


def test_without_a_token_in_the_environment_it_does_not_start() -> None:
    command = [sys.executable, "-m", "orchestrator.local.remote_cloud", "--name", "azure", "--token-env", "NOT_SET"]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (2, "")
    assert "NOT_SET is not set: put the connection's token there." in done.stderr
