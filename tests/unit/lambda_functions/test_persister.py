"""The persister stores an event where L3 is, and nowhere else."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from lambda_functions.aws import cloud
from lambda_functions.aws.cloud import client
from lambda_functions.persister.handler import lambda_handler
from lambda_functions.persister.persist import persist, write_remotely
from lambda_functions.shared.errors import ConfigurationError, Refused, Unavailable
from lambda_functions.shared.hops import store
from lambda_functions.shared.sending import Sender
from tests.unit.lambda_functions.support import (
    HANG,
    TABLE,
    TELEMETRY,
    TOKEN,
    TRACE_ID,
    Context,
    Recorded,
    Remote,
    an_envelope,
    an_hour,
    lines_of,
    mapping,
    tokens,
    twin_document,
)

ITEM = {"iotDeviceId": "oven-1", "id": "2026-11-23T10:00:00Z", "temperature": Decimal("241.5")}


@pytest.fixture(autouse=True)
def deployed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DYNAMODB_TABLE_NAME", TABLE)
    monkeypatch.setenv("DIGITAL_TWIN_INFO", twin_document())


@pytest.fixture
def across(monkeypatch: pytest.MonkeyPatch, remote: Remote) -> Remote:
    """L3 is on Azure, and everything is set for it."""
    monkeypatch.setenv("REMOTE_WRITER_URL", remote.url)
    monkeypatch.setenv("INTER_CLOUD_TOKEN", TOKEN)
    monkeypatch.setenv("DIGITAL_TWIN_INFO", twin_document(config_providers=mapping("aws", "azure")))
    return remote


def sent_with(remote: Remote, pauses: list[float], **options: Any) -> None:
    sender = Sender(remote.url, sleep=pauses.append, **options)
    write_remotely(cloud, an_envelope(), sender, tokens(TOKEN), an_hour)


# The source document's tests.


def test_single_cloud_writes_to_dynamodb(stored: Any) -> None:
    answer = lambda_handler(TELEMETRY, Context())

    assert answer["outcome"] == "stored"
    assert stored() == [ITEM]


def test_multi_cloud_posts_to_remote_writer(across: Remote, stored: Any) -> None:
    answer = lambda_handler(an_envelope().as_dict(), Context())

    assert answer == {"trace_id": TRACE_ID, "outcome": "forwarded"}
    assert [envelope["payload"] for envelope in across.envelopes] == [TELEMETRY]
    assert across.received[0].headers["X-Inter-Cloud-Token"] == TOKEN
    assert stored() == []


def test_empty_url_uses_local_write(monkeypatch: pytest.MonkeyPatch, across: Remote, stored: Any) -> None:
    monkeypatch.setenv("REMOTE_WRITER_URL", "")

    lambda_handler(TELEMETRY, Context())

    assert stored() == [ITEM]
    assert across.received == []


def test_whitespace_url_uses_local_write(monkeypatch: pytest.MonkeyPatch, across: Remote, stored: Any) -> None:
    monkeypatch.setenv("REMOTE_WRITER_URL", "  \t ")

    lambda_handler(TELEMETRY, Context())

    assert stored() == [ITEM]
    assert across.received == []


def test_url_set_but_providers_match_uses_local(
    monkeypatch: pytest.MonkeyPatch, across: Remote, stored: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DIGITAL_TWIN_INFO", twin_document(config_providers=mapping("aws", "aws")))

    lambda_handler(TELEMETRY, Context())

    assert stored() == [ITEM]
    assert across.received == []
    warnings = [line["message"] for line in lines_of(capsys.readouterr().out) if line["level"] == "WARNING"]
    assert warnings == ["REMOTE_WRITER_URL is set, but L2 and L3 are both on aws: storing here."]


def test_url_missing_but_providers_differ_uses_local(
    monkeypatch: pytest.MonkeyPatch, across: Remote, stored: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("REMOTE_WRITER_URL")

    lambda_handler(TELEMETRY, Context())

    assert stored() == [ITEM]
    warnings = [line["message"] for line in lines_of(capsys.readouterr().out) if line["level"] == "WARNING"]
    assert warnings == ["L2 is on aws and L3 on azure, but REMOTE_WRITER_URL is not set: storing here."]


def test_missing_config_providers_raises_error(monkeypatch: pytest.MonkeyPatch, across: Remote, stored: Any) -> None:
    monkeypatch.setenv("DIGITAL_TWIN_INFO", twin_document(config_providers=None))

    with pytest.raises(ConfigurationError, match="config_providers"):
        lambda_handler(TELEMETRY, Context())

    assert stored() == []
    assert across.received == []


@pytest.mark.parametrize("missing", ["layer_2_provider", "layer_3_hot_provider"])
def test_a_url_without_either_provider_is_a_configuration_error(
    missing: str, monkeypatch: pytest.MonkeyPatch, across: Remote, stored: Any
) -> None:
    providers = {layer: name for layer, name in mapping("aws", "azure").items() if layer != missing}
    monkeypatch.setenv("DIGITAL_TWIN_INFO", twin_document(config_providers=providers))

    with pytest.raises(ConfigurationError, match=f"{missing}=None"):
        lambda_handler(TELEMETRY, Context())

    assert stored() == []
    assert across.received == []


def test_multi_cloud_fails_on_missing_token(monkeypatch: pytest.MonkeyPatch, across: Remote, stored: Any) -> None:
    monkeypatch.delenv("INTER_CLOUD_TOKEN")

    with pytest.raises(ValueError, match="INTER_CLOUD_TOKEN"):
        lambda_handler(TELEMETRY, Context())

    assert across.received == []
    assert stored() == []


def test_multi_cloud_fails_on_empty_token(monkeypatch: pytest.MonkeyPatch, across: Remote, stored: Any) -> None:
    monkeypatch.setenv("INTER_CLOUD_TOKEN", "")

    with pytest.raises(ValueError, match="INTER_CLOUD_TOKEN"):
        lambda_handler(TELEMETRY, Context())

    assert across.received == []
    assert stored() == []


def test_multi_cloud_fails_on_whitespace_token(monkeypatch: pytest.MonkeyPatch, across: Remote, stored: Any) -> None:
    monkeypatch.setenv("INTER_CLOUD_TOKEN", " \t ")

    with pytest.raises(ValueError, match="INTER_CLOUD_TOKEN"):
        lambda_handler(TELEMETRY, Context())

    assert across.received == []
    assert stored() == []


def test_payload_uses_source_cloud_field(across: Remote) -> None:
    lambda_handler(an_envelope(source_cloud="gcp").as_dict(), Context())

    assert across.envelopes[0]["source_cloud"] == "aws"
    assert "source" not in across.envelopes[0]


def test_payload_includes_all_envelope_fields(across: Remote) -> None:
    lambda_handler(an_envelope().as_dict(), Context())

    envelope = across.envelopes[0]
    timestamp = envelope.pop("timestamp")
    assert timestamp != an_envelope().timestamp
    assert envelope == {
        "source_cloud": "aws",
        "target_layer": "L3",
        "message_type": "telemetry",
        "payload": TELEMETRY,
        "trace_id": TRACE_ID,
    }


def test_timestamp_is_valid_iso8601(across: Remote) -> None:
    before = datetime.now(UTC)

    lambda_handler(TELEMETRY, Context())

    made = datetime.fromisoformat(across.envelopes[0]["timestamp"])
    assert made.utcoffset() == UTC.utcoffset(None)
    assert abs((made - before).total_seconds()) < 60


def test_trace_id_is_valid_uuid(across: Remote) -> None:
    answer = lambda_handler(TELEMETRY, Context())

    trace_id = across.envelopes[0]["trace_id"]
    assert str(uuid.UUID(trace_id)) == trace_id
    assert answer["trace_id"] == trace_id


def test_multi_cloud_retry_on_server_error(remote: Remote) -> None:
    remote.answers = [500]
    pauses: list[float] = []

    with pytest.raises(Unavailable, match="4 attempts: remote_500"):
        sent_with(remote, pauses)

    assert len(remote.received) == 4
    assert pauses == [1, 2, 4]


def test_multi_cloud_client_error_no_retry(remote: Remote) -> None:
    remote.answers = [400]
    pauses: list[float] = []

    with pytest.raises(Refused, match="remote_400"):
        sent_with(remote, pauses)

    assert len(remote.received) == 1
    assert pauses == []


def test_multi_cloud_timeout_handling(remote: Remote) -> None:
    remote.answers = [HANG]
    pauses: list[float] = []

    with pytest.raises(Unavailable, match="4 attempts: timeout"):
        sent_with(remote, pauses, read_seconds=0.1)

    assert len(remote.received) == 4
    assert pauses == [1, 2, 4]


def test_multi_cloud_dns_resolution_failure() -> None:
    sender = Sender("https://remote-writer.invalid/api/writer", sleep=lambda _: None)

    with pytest.raises(Unavailable) as raised:
        write_remotely(cloud, an_envelope(), sender, tokens(TOKEN), an_hour)

    assert str(raised.value) == (
        "remote-writer.invalid did not accept the event in 4 attempts: the host's name cannot be resolved."
    )


# What the tables forget.


def test_google_and_gcp_are_the_same_provider(monkeypatch: pytest.MonkeyPatch, across: Remote, stored: Any) -> None:
    monkeypatch.setenv("DIGITAL_TWIN_INFO", twin_document(config_providers=mapping("gcp", "google")))

    lambda_handler(TELEMETRY, Context())

    assert across.received == []
    assert stored() == [ITEM]


def test_without_any_twin_document_a_persister_without_a_url_stores_here(
    monkeypatch: pytest.MonkeyPatch, stored: Any
) -> None:
    monkeypatch.delenv("DIGITAL_TWIN_INFO")

    lambda_handler(TELEMETRY, Context())

    assert stored() == [ITEM]


def test_without_any_twin_document_a_persister_with_a_url_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, across: Remote
) -> None:
    monkeypatch.delenv("DIGITAL_TWIN_INFO")

    with pytest.raises(ConfigurationError, match="config_providers"):
        lambda_handler(TELEMETRY, Context())

    assert across.received == []


def test_writing_an_event_twice_leaves_one_item(stored: Any) -> None:
    lambda_handler(TELEMETRY, Context())
    lambda_handler(TELEMETRY, Context())

    assert stored() == [ITEM]


def test_an_event_without_a_time_goes_to_the_failure_queue_and_not_to_the_table(
    failure_queue: Any, stored: Any
) -> None:
    envelope = an_envelope({"iotDeviceId": "oven-1", "temperature": 1})

    answer = lambda_handler(envelope.as_dict(), Context(function_name="factory-persister"))

    assert answer == {"trace_id": TRACE_ID, "outcome": "refused"}
    [document] = failure_queue()
    failed_at = document.pop("failed_at")
    assert datetime.fromisoformat(failed_at).tzinfo is not None
    assert document == {
        "reason": "time_missing",
        "function": "factory-persister",
        "trace_id": TRACE_ID,
        "event": envelope.as_dict(),
    }
    assert stored() == []


def test_without_a_failure_queue_a_refused_event_is_raised_so_that_lambda_keeps_it(stored: Any) -> None:
    with pytest.raises(Refused, match="time_missing"):
        lambda_handler({"iotDeviceId": "oven-1"}, Context())

    assert stored() == []


def test_an_item_that_dynamodb_finds_too_large_goes_to_the_failure_queue(failure_queue: Any) -> None:
    lambda_handler({**TELEMETRY, "picture": "x" * 410_000}, Context())

    assert [document["reason"] for document in failure_queue()] == ["item_too_large"]


def test_what_the_other_cloud_refuses_for_good_goes_to_the_failure_queue(across: Remote, failure_queue: Any) -> None:
    across.answers = [(400, {}, b'{"reason": "time_missing", "trace_id": "x"}')]

    answer = lambda_handler(an_envelope().as_dict(), Context())

    assert answer["outcome"] == "refused"
    [document] = failure_queue()
    assert document["reason"] == "remote_400:time_missing"
    assert document["event"] == an_envelope().as_dict()


def test_an_event_that_no_store_could_keep_is_not_even_sent(across: Remote, failure_queue: Any) -> None:
    lambda_handler({"iotDeviceId": "oven-1", "time": 1, "": "no name"}, Context())

    assert across.received == []
    assert [document["reason"] for document in failure_queue()] == ["name_empty"]


def test_a_table_that_is_gone_makes_the_invocation_fail_so_that_lambda_tries_again(
    monkeypatch: pytest.MonkeyPatch, aws: None
) -> None:
    monkeypatch.setenv("DYNAMODB_TABLE_NAME", "gone")

    with pytest.raises(client("dynamodb").exceptions.ResourceNotFoundException):
        lambda_handler(TELEMETRY, Context())


def test_the_event_checker_gets_the_event_after_it_is_stored(
    monkeypatch: pytest.MonkeyPatch, stored: Any, invocations: Recorded
) -> None:
    monkeypatch.setenv("USE_EVENT_CHECKING", "true")
    monkeypatch.setenv("EVENT_CHECKER_LAMBDA_NAME", "factory-event-checker")

    persist(cloud, an_envelope(), an_hour)

    assert stored() == [ITEM]
    assert invocations.payloads() == [("factory-event-checker", an_envelope().as_dict())]


@pytest.mark.parametrize("switch", ["false", "", "no"])
def test_the_event_checker_is_left_alone_unless_switched_on(
    switch: str, monkeypatch: pytest.MonkeyPatch, stored: Any, invocations: Recorded
) -> None:
    monkeypatch.setenv("USE_EVENT_CHECKING", switch)
    monkeypatch.setenv("EVENT_CHECKER_LAMBDA_NAME", "factory-event-checker")

    persist(cloud, an_envelope(), an_hour)

    assert stored() == [ITEM]
    assert invocations.payloads() == []


def test_the_event_checker_does_not_hear_of_an_event_that_was_not_stored(
    monkeypatch: pytest.MonkeyPatch, across: Remote, failure_queue: Any, invocations: Recorded
) -> None:
    monkeypatch.setenv("USE_EVENT_CHECKING", "true")
    monkeypatch.setenv("EVENT_CHECKER_LAMBDA_NAME", "factory-event-checker")
    across.answers = [413]

    lambda_handler(TELEMETRY, Context())

    assert invocations.payloads() == []
    assert [document["reason"] for document in failure_queue()] == ["remote_413"]


def test_a_stored_event_says_so_in_the_log_with_its_trace_id(aws: None, capsys: pytest.CaptureFixture[str]) -> None:
    store(cloud, an_envelope())
    lambda_handler(an_envelope().as_dict(), Context())

    ways = [(line["hop"], line["trace_id"], line.get("to")) for line in lines_of(capsys.readouterr().out)[1:]]
    assert ways == [("received", TRACE_ID, None), ("stored", TRACE_ID, TABLE)]
