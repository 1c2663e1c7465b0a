"""A signature is good for one body, one attempt and five minutes."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_functions.shared.errors import Refused
from lambda_functions.shared.sending import Sender
from lambda_functions.shared.signing import TOLERANCE_SECONDS, Verifier, signed
from lambda_functions.writer.handler import lambda_handler
from orchestrator.local.remote_cloud import RemoteCloud
from orchestrator.operations.conformance.messages import signature
from tests.unit.lambda_functions.support import (
    TOKEN,
    Clock,
    Context,
    Recorded,
    an_envelope,
    an_hour,
    body_of,
    request,
    tokens,
)

NOW = 1_800_000_000
BODY = b'{"payload": {}}'


def a_request(headers: dict[str, str]) -> dict[str, Any]:
    return request("", **headers)


def verdict(verifier: Verifier, headers: dict[str, str], body: bytes = BODY, tokens: tuple[str, ...] = (TOKEN,)) -> str:
    try:
        verifier.verify(a_request(headers), body, tokens)
    except Refused as refusal:
        return refusal.reason if refusal.status == 403 else f"{refusal.status}, not 403"
    return "accepted"


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def verifier(clock: Clock) -> Verifier:
    return Verifier(clock)


def test_the_example_of_the_standard_is_signed_as_the_standard_signs_it() -> None:
    # Computed with OpenSSL: printf 'msg_1.1700000000.{}' | openssl dgst -sha256 -hmac secret -binary | base64
    headers = signed("secret", "msg_1", 1_700_000_000, b"{}")

    assert headers == {
        "webhook-id": "msg_1",
        "webhook-timestamp": "1700000000",
        "webhook-signature": "v1,A5oIrJxXPB/PkULSoVu0e4khvPiqpF9vljmhkSKg0FI=",
    }


def test_a_signed_request_is_accepted_once(verifier: Verifier) -> None:
    headers = signed(TOKEN, "msg_1", NOW, BODY)

    assert verdict(verifier, headers) == "accepted"
    assert verdict(verifier, headers) == "request_replayed"


def test_a_senders_own_retry_has_a_new_timestamp_and_is_accepted(verifier: Verifier) -> None:
    assert verdict(verifier, signed(TOKEN, "msg_1", NOW, BODY)) == "accepted"
    assert verdict(verifier, signed(TOKEN, "msg_1", NOW + 1, BODY)) == "accepted"


def test_a_replay_is_refused_for_as_long_as_its_timestamp_is_tolerated(verifier: Verifier, clock: Clock) -> None:
    headers = signed(TOKEN, "msg_1", NOW + TOLERANCE_SECONDS, BODY)
    assert verdict(verifier, headers) == "accepted"

    answers = set()
    for _ in range(2 * TOLERANCE_SECONDS):
        clock.now += 1
        answers.add(verdict(verifier, headers))
        verdict(verifier, signed(TOKEN, "another", int(clock.now), BODY))

    assert answers == {"request_replayed"}
    clock.now += 1
    assert verdict(verifier, headers) == "timestamp_not_tolerated"


def test_what_is_too_old_to_be_replayed_is_forgotten(verifier: Verifier, clock: Clock) -> None:
    for moment in range(3 * TOLERANCE_SECONDS):
        clock.now = float(NOW + moment)
        verdict(verifier, signed(TOKEN, "msg", NOW + moment, BODY))

    assert len(verifier._seen) == 2 * TOLERANCE_SECONDS + 1


@pytest.mark.parametrize("offset", [-TOLERANCE_SECONDS, TOLERANCE_SECONDS])
def test_five_minutes_are_tolerated_and_no_more(offset: int, verifier: Verifier) -> None:
    beyond = offset + (1 if offset > 0 else -1)

    assert verdict(verifier, signed(TOKEN, "msg_1", NOW + offset, BODY)) == "accepted"
    assert verdict(verifier, signed(TOKEN, "msg_2", NOW + beyond, BODY)) == "timestamp_not_tolerated"


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_every_header_is_needed_exactly_once(name: str, verifier: Verifier) -> None:
    headers = signed(TOKEN, "msg_1", NOW, BODY)
    without = {key: value for key, value in headers.items() if key != name}
    twice = {**headers, name.upper(): headers[name]}

    assert verdict(verifier, without) == "signature_missing"
    assert verdict(verifier, twice) == "signature_missing"


def test_another_body_id_or_timestamp_makes_the_signature_invalid(verifier: Verifier) -> None:
    headers = signed(TOKEN, "msg_1", NOW, BODY)

    assert verdict(verifier, headers, body=BODY + b" ") == "signature_invalid"
    assert verdict(verifier, {**headers, "webhook-id": "msg_2"}) == "signature_invalid"
    assert verdict(verifier, {**headers, "webhook-timestamp": str(NOW + 1)}) == "signature_invalid"
    assert verdict(verifier, headers, tokens=("another",)) == "signature_invalid"
    assert verdict(verifier, headers, tokens=()) == "signature_invalid"


def test_either_of_two_tokens_may_have_signed_and_one_of_several_signatures_is_enough(verifier: Verifier) -> None:
    old, new = signed("old", "msg_1", NOW, BODY), signed("new", "msg_1", NOW, BODY)
    both = {**old, "webhook-signature": f"{old['webhook-signature']} v1,bm9uc2Vuc2U= {new['webhook-signature']}"}

    assert verdict(verifier, both, tokens=("new", "newer")) == "accepted"
    assert verdict(verifier, signed("old", "msg_2", NOW, BODY), tokens=("new", "old")) == "accepted"


@pytest.mark.parametrize("timestamp", ["now", "1e9", "-5", "", "٣", "9" * 400])
def test_a_timestamp_that_is_no_time_is_refused_even_if_it_is_signed(timestamp: str, verifier: Verifier) -> None:
    headers = signed(TOKEN, "msg_1", timestamp, BODY)  # type: ignore[arg-type]  # what a careless sender might sign

    assert verdict(verifier, headers) in ("timestamp_not_tolerated", "signature_missing")


@given(
    st.dictionaries(
        st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature"]), st.text(st.characters(), max_size=30)
    ),
    st.binary(max_size=30),
)
def test_whatever_the_headers_hold_the_answer_is_no(headers: dict[str, str], body: bytes) -> None:
    assert verdict(Verifier(), headers, body) in ("signature_missing", "signature_invalid")


# Held against somebody else's implementation.


def test_what_our_sender_signs_a_receiver_on_another_cloud_takes_and_refuses_without() -> None:
    with RemoteCloud("azure", TOKEN, signing=True) as azure:
        sender = Sender(azure.ingestion_url, sign=True)
        sender.send(an_envelope(target_layer="L2"), tokens(TOKEN), an_hour)

        with pytest.raises(Refused, match="remote_403:signature_missing"):
            Sender(azure.ingestion_url).send(an_envelope(target_layer="L2"), tokens(TOKEN), an_hour)

    assert [request.status for request in azure.requests] == [200, 403, 403]


def test_what_a_sender_on_another_cloud_signs_is_accepted_once(verifier: Verifier, clock: Clock) -> None:
    headers = dict(signature(TOKEN, BODY))
    clock.now = int(headers["webhook-timestamp"])

    assert verdict(verifier, headers) == "accepted"
    assert verdict(verifier, headers) == "request_replayed"


# On the endpoint.


def signed_request(body: str, **changes: str) -> dict[str, Any]:
    return request(body, **{**signed(TOKEN, "msg_1", int(time.time()), body.encode()), **changes})


def test_an_endpoint_that_expects_signatures_refuses_what_is_not_signed(
    receiver: None, stored: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTER_CLOUD_SIGNING", "on")

    answer = lambda_handler(request(an_envelope().as_dict()), Context())

    assert (answer["statusCode"], body_of(answer)["reason"]) == (403, "signature_missing")
    assert stored() == []


def test_an_endpoint_that_expects_signatures_takes_a_signed_request_and_refuses_its_replay(
    receiver: None, stored: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTER_CLOUD_SIGNING", "on")
    sent = signed_request(json.dumps(an_envelope().as_dict()))

    first, second = lambda_handler(sent, Context()), lambda_handler(sent, Context())

    assert first["statusCode"] == 200
    assert (second["statusCode"], body_of(second)["reason"]) == (403, "request_replayed")
    assert len(stored()) == 1


def test_a_good_signature_does_not_replace_the_token(
    receiver: None, invocations: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTER_CLOUD_SIGNING", "on")
    sent = signed_request(json.dumps(an_envelope().as_dict()))
    del sent["headers"]["x-inter-cloud-token"]

    assert body_of(lambda_handler(sent, Context()))["reason"] == "token_missing"


def test_an_endpoint_that_expects_no_signatures_does_not_look_at_them(receiver: None, stored: Any) -> None:
    answer = lambda_handler(
        signed_request(json.dumps(an_envelope().as_dict()), **{"webhook-signature": "v1,no"}), Context()
    )

    assert answer["statusCode"] == 200
