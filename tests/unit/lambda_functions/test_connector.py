"""The connector carries an event to the other cloud, once it can, and never to a third party."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from lambda_functions.aws import cloud
from lambda_functions.connector.connect import connect
from lambda_functions.connector.handler import lambda_handler
from lambda_functions.shared.errors import Refused, Unavailable
from lambda_functions.shared.sending import Sender
from tests.unit.lambda_functions.support import (
    DROP,
    TELEMETRY,
    TOKEN,
    TRACE_ID,
    Context,
    Remote,
    an_envelope,
    an_hour,
    lines_of,
    tokens,
)


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch, remote: Remote) -> Remote:
    monkeypatch.setenv("REMOTE_INGESTION_URL", remote.url)
    monkeypatch.setenv("INTER_CLOUD_TOKEN", TOKEN)
    return remote


def connected_to(remote: Remote, pauses: list[float]) -> None:
    connect(cloud, an_envelope(), Sender(remote.url, sleep=pauses.append), tokens(TOKEN), an_hour)


# The source document's tests.


def test_successful_post(connected: Remote) -> None:
    answer = lambda_handler(an_envelope().as_dict(), Context())

    assert answer == {"trace_id": TRACE_ID, "outcome": "forwarded"}
    assert len(connected.received) == 1
    assert connected.received[0].headers["X-Inter-Cloud-Token"] == TOKEN
    assert connected.received[0].headers["Content-Type"] == "application/json"
    assert connected.received[0].path == "/api/endpoint"


def test_retry_on_500(remote: Remote) -> None:
    remote.answers = [500, 500, 500, 200]
    pauses: list[float] = []

    connected_to(remote, pauses)

    assert len(remote.received) == 4
    assert pauses == [1, 2, 4]


def test_retry_on_503(remote: Remote) -> None:
    remote.answers = [503]
    pauses: list[float] = []

    with pytest.raises(Unavailable, match="4 attempts: remote_503"):
        connected_to(remote, pauses)

    assert len(remote.received) == 4
    assert pauses == [1, 2, 4]


def test_no_retry_on_400(remote: Remote) -> None:
    remote.answers = [400, 200]
    pauses: list[float] = []

    with pytest.raises(Refused, match="remote_400"):
        connected_to(remote, pauses)

    assert len(remote.received) == 1
    assert pauses == []


def test_no_retry_on_401(remote: Remote) -> None:
    remote.answers = [401, 200]
    pauses: list[float] = []

    with pytest.raises(Refused, match="remote_401"):
        connected_to(remote, pauses)

    assert len(remote.received) == 1
    assert pauses == []


def test_missing_url_raises_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTER_CLOUD_TOKEN", TOKEN)

    with pytest.raises(ValueError, match="URL"):
        lambda_handler(TELEMETRY, Context())


def test_empty_url_raises_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTER_CLOUD_TOKEN", TOKEN)
    monkeypatch.setenv("REMOTE_INGESTION_URL", "")

    with pytest.raises(ValueError, match="URL"):
        lambda_handler(TELEMETRY, Context())


def test_missing_token_raises_error(monkeypatch: pytest.MonkeyPatch, connected: Remote) -> None:
    monkeypatch.delenv("INTER_CLOUD_TOKEN")

    with pytest.raises(ValueError, match="INTER_CLOUD_TOKEN"):
        lambda_handler(TELEMETRY, Context())

    assert connected.received == []


def test_empty_token_raises_error(monkeypatch: pytest.MonkeyPatch, connected: Remote) -> None:
    monkeypatch.setenv("INTER_CLOUD_TOKEN", "")

    with pytest.raises(ValueError, match="INTER_CLOUD_TOKEN"):
        lambda_handler(TELEMETRY, Context())

    assert connected.received == []


def test_payload_envelope_format(connected: Remote) -> None:
    lambda_handler(an_envelope(target_layer="L2").as_dict(), Context())

    envelope = connected.envelopes[0]
    envelope.pop("timestamp")
    assert envelope == {
        "source_cloud": "aws",
        "target_layer": "L2",
        "message_type": "telemetry",
        "payload": TELEMETRY,
        "trace_id": TRACE_ID,
    }


def test_envelope_has_timestamp(connected: Remote) -> None:
    before = datetime.now(UTC)

    lambda_handler(an_envelope(timestamp="2020-01-01T00:00:00Z").as_dict(), Context())

    made = datetime.fromisoformat(connected.envelopes[0]["timestamp"])
    assert made.utcoffset() == UTC.utcoffset(None)
    assert abs((made - before).total_seconds()) < 60


def test_envelope_has_trace_id(connected: Remote) -> None:
    answer = lambda_handler(TELEMETRY, Context())

    trace_id = connected.envelopes[0]["trace_id"]
    assert str(uuid.UUID(trace_id)) == trace_id
    assert answer["trace_id"] == trace_id


def test_exponential_backoff_timing(remote: Remote) -> None:
    remote.answers = [502]
    pauses: list[float] = []

    with pytest.raises(Unavailable):
        connected_to(remote, pauses)

    assert pauses[0] == 1
    assert [later / sooner for sooner, later in pairwise(pauses)] == [2, 2]


def test_connection_timeout_retry(remote: Remote) -> None:
    remote.answers = [DROP, DROP, 200]
    pauses: list[float] = []

    connected_to(remote, pauses)

    assert len(remote.received) == 3
    assert pauses == [1, 2]


# What the tables forget.


def test_a_missing_setting_is_told_in_the_log_with_the_events_trace_id(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="URL"):
        lambda_handler(an_envelope().as_dict(), Context())

    assert [(line["hop"], line["trace_id"], line.get("reason")) for line in lines_of(capsys.readouterr().out)] == [
        ("received", TRACE_ID, None),
        ("failed", TRACE_ID, "The URL of the other cloud's endpoint is missing or empty."),
    ]


def test_the_trace_id_also_travels_as_traceparent(connected: Remote) -> None:
    lambda_handler(an_envelope().as_dict(), Context())

    version, trace, span, flags = connected.received[0].headers["traceparent"].split("-")
    assert (version, trace, flags) == ("00", TRACE_ID.replace("-", ""), "01")
    assert len(span) == 16


def test_what_the_other_cloud_refuses_for_good_goes_to_the_failure_queue(connected: Remote, failure_queue: Any) -> None:
    connected.answers = [302]
    envelope = an_envelope(target_layer="L2")

    answer = lambda_handler(envelope.as_dict(), Context(function_name="factory-connector"))

    assert answer == {"trace_id": TRACE_ID, "outcome": "refused"}
    [document] = failure_queue()
    assert document.pop("failed_at")
    assert document == {
        "reason": "remote_302",
        "function": "factory-connector",
        "trace_id": TRACE_ID,
        "event": envelope.as_dict(),
    }


def test_without_a_failure_queue_a_refusal_is_raised_so_that_lambda_keeps_the_event(connected: Remote) -> None:
    connected.answers = [400]

    with pytest.raises(Refused, match="remote_400"):
        lambda_handler(TELEMETRY, Context())


def test_an_event_that_cannot_be_sent_now_is_not_put_into_the_failure_queue_but_tried_again_by_lambda(
    connected: Remote, failure_queue: Any
) -> None:
    connected.answers = [503]

    with pytest.raises(Unavailable):
        lambda_handler(TELEMETRY, Context(milliseconds=2_000))

    assert failure_queue() == []


def test_the_log_names_the_host_and_neither_the_whole_url_nor_the_token_nor_the_payload(
    monkeypatch: pytest.MonkeyPatch, connected: Remote, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REMOTE_INGESTION_URL", connected.url + "?code=function-key")

    lambda_handler(an_envelope().as_dict(), Context())

    output = capsys.readouterr().out
    assert [line["to"] for line in lines_of(output) if line["hop"] == "forwarded"] == ["127.0.0.1"]
    assert not [secret for secret in ("function-key", TOKEN, "241.5") if secret in output]
