"""An envelope is told from an event, and its trace id is the same in every form."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_functions.shared.envelope import (
    as_trace_id,
    new_trace_id,
    now,
    open_envelope,
    trace_id_of,
    traceparent,
)
from lambda_functions.shared.errors import Refused
from tests.unit.lambda_functions.support import TELEMETRY, TRACE_ID, an_envelope

OTHER_ID = "6f9619ff-8b86-d011-b42d-00c04fc964ff"
HEX = TRACE_ID.replace("-", "")


def opened(document: Any) -> Any:
    return open_envelope(document, layer="L2", trace_id=OTHER_ID, cloud="aws")


@pytest.mark.parametrize(
    ("document", "payload", "why"),
    [
        (TELEMETRY, TELEMETRY, "a plain event"),
        ({"payload": TELEMETRY}, TELEMETRY, "an envelope with nothing but its payload"),
        ({**TELEMETRY, "payload": 7}, {**TELEMETRY, "payload": 7}, "an event with a property of that name"),
        (
            {**TELEMETRY, "source_cloud": "x"},
            {**TELEMETRY, "source_cloud": "x"},
            "an event with a property of that name",
        ),
        (
            {"iotDeviceId": "x", "source_cloud": "gcp", "payload": TELEMETRY},
            TELEMETRY,
            "an envelope with an extra field",
        ),
        ({}, {}, "an event with nothing in it"),
    ],
)
def test_an_envelope_is_told_from_an_event(document: dict[str, Any], payload: dict[str, Any], why: str) -> None:
    assert opened(document).payload == payload


def test_an_envelope_is_read_as_it_was_written() -> None:
    envelope = an_envelope(target_layer="L2")

    assert opened(envelope.as_dict()) == envelope


def test_inside_the_twin_a_message_may_be_opened_by_another_layer_than_it_was_meant_for() -> None:
    assert opened(an_envelope(target_layer="L3").as_dict()) == an_envelope(target_layer="L2")


def test_a_plain_event_enters_here_and_now() -> None:
    envelope = opened(TELEMETRY)

    assert (envelope.source_cloud, envelope.target_layer, envelope.message_type, envelope.trace_id) == (
        "aws",
        "L2",
        "telemetry",
        OTHER_ID,
    )
    assert envelope.age_seconds() < 60


def test_an_envelope_that_leaves_is_this_clouds_and_from_now_and_still_the_same_event() -> None:
    leaving = an_envelope(source_cloud="gcp", timestamp="2020-01-01T00:00:00Z").leaving("aws", "L3")

    age = leaving.age_seconds()
    assert age is not None
    assert age < 60
    assert leaving == an_envelope(source_cloud="aws", target_layer="L3", timestamp=leaving.timestamp)


@pytest.mark.parametrize("document", [None, 7, "text", [TELEMETRY], True])
def test_what_is_no_object_is_refused(document: Any) -> None:
    with pytest.raises(Refused, match="body_not_object"):
        opened(document)


@pytest.mark.parametrize(
    ("timestamp", "age"),
    [("2000-01-01", True), ("2000-01-01T00:00:00Z", True), ("2000-01-01T00:00:00+05:30", True), ("soon", False)],
)
def test_the_age_of_an_envelope_is_known_if_its_timestamp_can_be_read(timestamp: str, age: bool) -> None:
    assert (an_envelope(timestamp=timestamp).age_seconds() is not None) == age


def test_the_present_is_written_in_utc_to_the_millisecond() -> None:
    assert len(now()) == len("2026-11-23T10:00:00.000Z")
    assert now().endswith("Z")


# Trace ids.


@pytest.mark.parametrize("given_id", [TRACE_ID, TRACE_ID.upper(), HEX, HEX.upper()])
def test_a_uuid_in_any_of_its_forms_is_one_trace_id(given_id: str) -> None:
    assert as_trace_id(given_id) == TRACE_ID


@pytest.mark.parametrize(
    "given_id", [None, 7, "", "abc", f"{{{TRACE_ID}}}", f"urn:uuid:{TRACE_ID}", TRACE_ID + "0", "0" * 32]
)
def test_what_is_no_uuid_is_no_trace_id(given_id: Any) -> None:
    assert as_trace_id(given_id) is None


@given(st.uuids(), st.uuids())
def test_a_trace_id_survives_the_way_through_traceparent(one: uuid.UUID, other: uuid.UUID) -> None:
    assert trace_id_of(traceparent(str(one))) == str(one)
    assert traceparent(str(one)) != traceparent(str(one))
    assert (trace_id_of(traceparent(str(one))) == str(other)) == (one == other)


@pytest.mark.parametrize(
    ("header", "known", "why"),
    [
        (f"00-{HEX}-00f067aa0ba902b7-01", True, "as the recommendation writes it"),
        (f" 00-{HEX}-00f067aa0ba902b7-00 ", True, "not sampled, and with white space around it"),
        (f"cc-{HEX}-00f067aa0ba902b7-01-what-the-future-will-be-like", True, "a later version may have more"),
        (f"00-{HEX}-00f067aa0ba902b7-01-more", False, "version 00 may not"),
        (f"ff-{HEX}-00f067aa0ba902b7-01", False, "version ff is invalid"),
        (f"00-{'0' * 32}-00f067aa0ba902b7-01", False, "a trace id of zeros is invalid"),
        (f"00-{HEX}-{'0' * 16}-01", False, "a span id of zeros is invalid"),
        (f"00-{HEX.upper()}-00f067aa0ba902b7-01", False, "upper case is invalid"),
        (f"00-{HEX}-00f067aa0ba902b7", False, "no flags"),
        ("", False, "nothing"),
    ],
)
def test_traceparent_is_understood_as_w3c_defines_it(header: str, known: bool, why: str) -> None:
    assert trace_id_of(header) == (TRACE_ID if known else None)


@pytest.mark.parametrize("request_id", [None, "", "local-1", 7])
def test_without_a_request_id_that_is_a_uuid_a_new_trace_id_is_made(request_id: Any) -> None:
    assert as_trace_id(new_trace_id(request_id)) is not None
    assert new_trace_id(request_id) != new_trace_id(request_id)
