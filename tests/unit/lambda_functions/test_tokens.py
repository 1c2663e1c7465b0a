"""Tokens are fetched seldom, kept while they are good, and compared as bytes."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from lambda_functions.aws import cloud
from lambda_functions.aws.cloud import client, fetch_secret
from lambda_functions.shared.authentication import authenticate, matches
from lambda_functions.shared.errors import Refused
from lambda_functions.shared.tokens import (
    CACHED_SECONDS,
    REFETCH_SECONDS,
    Tokens,
    for_receiving,
    for_sending,
)
from lambda_functions.writer.handler import lambda_handler
from tests.emulated import aws_account
from tests.unit.lambda_functions.support import Clock, Context, an_envelope, by_hand, request

BOTH = ("AWSCURRENT", "AWSPREVIOUS")
FAULT = ClientError({"Error": {"Code": "InternalServiceError", "Message": "An error occurred"}}, "GetSecretValue")


class Secret:
    """A secret whose value and health a test sets; counts how often it was fetched."""

    def __init__(self, *values: str) -> None:
        self.values = values
        self.fetched = 0
        self.broken = False

    def __call__(self) -> tuple[str, ...]:
        self.fetched += 1
        if self.broken:
            raise FAULT
        return self.values


@pytest.fixture
def secrets() -> Iterator[Any]:
    with aws_account():
        yield by_hand("secretsmanager")


def refused(presented: str | None, known: Tokens) -> str:
    with pytest.raises(Refused) as raised:
        authenticate(request({}, token=presented), known)
    assert raised.value.status == 403
    return raised.value.reason


# The cache.


def test_tokens_are_fetched_once_and_again_when_they_have_aged() -> None:
    secret, clock = Secret("one"), Clock()
    known = Tokens(secret, clock=clock)
    assert known.current() == known.current() == "one"
    assert secret.fetched == 1

    secret.values = ("two",)
    clock.now += CACHED_SECONDS
    assert known.current() == "one"
    clock.now += 1
    assert known.current() == "two"
    assert secret.fetched == 2


def test_a_wrong_token_makes_a_receiver_fetch_again_but_not_more_often_than_the_limit() -> None:
    secret, clock = Secret("one"), Clock()
    known = Tokens(secret, refetch_seconds=REFETCH_SECONDS, clock=clock)

    for _ in range(1000):
        assert refused("wrong", known) == "token_invalid"
    assert secret.fetched == 2

    clock.now += REFETCH_SECONDS
    for _ in range(1000):
        assert refused("wrong", known) == "token_invalid"
    assert secret.fetched == 3


def test_no_token_at_all_does_not_make_a_receiver_fetch_again() -> None:
    secret = Secret("one")
    known = Tokens(secret, refetch_seconds=REFETCH_SECONDS)

    assert refused(None, known) == refused("", known) == "token_missing"

    assert secret.fetched == 1


def test_a_token_that_is_newer_than_the_cache_is_let_in_at_once() -> None:
    secret = Secret("old")
    known = Tokens(secret, refetch_seconds=REFETCH_SECONDS)
    authenticate(request({}, token="old"), known)

    secret.values = ("new", "old")

    authenticate(request({}, token="new"), known)
    authenticate(request({}, token="old"), known)
    assert secret.fetched == 2


def test_while_secrets_manager_does_not_answer_known_tokens_stay_good() -> None:
    secret, clock = Secret("one"), Clock()
    known = Tokens(secret, refetch_seconds=REFETCH_SECONDS, clock=clock)
    assert known.accepted() == ("one",)
    secret.broken = True

    clock.now += CACHED_SECONDS + 1
    for _ in range(100):
        assert known.accepted() == ("one",)
    assert refused("wrong", known) == "token_invalid"
    assert secret.fetched == 3  # at the start, when it had aged, and for the wrong one

    secret.broken, secret.values = False, ("two",)
    clock.now += REFETCH_SECONDS + 1
    assert known.accepted() == ("two",)


def test_tokens_that_could_never_be_fetched_are_an_error_and_not_a_refusal() -> None:
    secret = Secret("one")
    secret.broken = True

    with pytest.raises(ClientError):
        authenticate(request({}, token="one"), Tokens(secret))


# Where they come from.


def test_a_receiver_accepts_the_current_and_the_previous_token_and_no_older_one(secrets: Any) -> None:
    secrets.create_secret(Name="factory/azure_l2_to_aws_l3", SecretString="first")
    for value in ("second", "third"):
        secrets.put_secret_value(SecretId="factory/azure_l2_to_aws_l3", SecretString=value)

    assert fetch_secret(secrets, "factory/azure_l2_to_aws_l3", BOTH) == ("third", "second")


def test_a_new_secret_has_no_previous_token(secrets: Any) -> None:
    arn = secrets.create_secret(Name="factory/azure_l2_to_aws_l3", SecretString=" first\n")["ARN"]

    assert fetch_secret(secrets, arn, BOTH) == ("first",)


def test_a_secret_that_is_gone_or_blank_holds_no_token(secrets: Any) -> None:
    secrets.create_secret(Name="blank", SecretString="  ")

    assert fetch_secret(secrets, "gone", BOTH) == ()
    assert fetch_secret(secrets, "blank", BOTH) == ()


def test_the_token_itself_wins_over_the_secret_and_a_blank_one_does_not(
    secrets: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets.create_secret(Name="connection", SecretString="from-the-secret")
    monkeypatch.setenv("INTER_CLOUD_TOKEN_SECRET", "connection")
    assert for_sending(cloud).current() == for_receiving(cloud).current() == "from-the-secret"

    monkeypatch.setenv("INTER_CLOUD_TOKEN", "  ")
    assert for_sending(cloud).current() == "from-the-secret"

    monkeypatch.setenv("INTER_CLOUD_TOKEN", " from-the-environment ")
    assert for_sending(cloud).accepted() == for_receiving(cloud).accepted() == ("from-the-environment",)


def test_a_sender_asks_for_the_current_token_only(secrets: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets.create_secret(Name="connection", SecretString="old")
    secrets.put_secret_value(SecretId="connection", SecretString="new")
    monkeypatch.setenv("INTER_CLOUD_TOKEN_SECRET", "connection")

    assert for_sending(cloud).accepted() == ("new",)
    assert for_receiving(cloud).accepted() == ("new", "old")


def test_a_rotation_while_events_arrive_refuses_neither_the_old_nor_the_new_token(
    aws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DYNAMODB_TABLE_NAME", "factory-hot-iot-data")
    monkeypatch.setenv("INTER_CLOUD_TOKEN_SECRET", "connection")
    by_hand("secretsmanager").create_secret(Name="connection", SecretString="old")

    def status(token: str) -> int:
        answer: dict[str, Any] = lambda_handler(request(an_envelope().as_dict(), token=token), Context())
        return int(answer["statusCode"])

    assert status("old") == 200
    by_hand("secretsmanager").put_secret_value(SecretId="connection", SecretString="new")

    assert [status("new"), status("old"), status("wrong")] == [200, 200, 403]


def test_a_worker_that_cannot_reach_secrets_manager_answers_500_so_that_the_sender_tries_again(
    monkeypatch: pytest.MonkeyPatch, remote: Any
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", remote.url)
    monkeypatch.setenv("INTER_CLOUD_TOKEN_SECRET", "connection")
    remote.answers = [(400, {"x-amzn-ErrorType": "AccessDeniedException"}, b'{"__type": "AccessDeniedException"}')]
    client.cache_clear()

    answer = lambda_handler(request(an_envelope().as_dict()), Context())
    client.cache_clear()

    assert answer["statusCode"] == 500
    assert '"reason":"internal_error"' in answer["body"]


# The comparison.


def test_a_token_matches_itself_and_nothing_else() -> None:
    assert matches("a", ["a"])
    assert matches("b", ["a", "b"])
    assert not matches("a", ["b", "c"])
    assert not matches("", [""])
    assert not matches("", [])
    assert not matches("a", [])


@given(st.text(), st.lists(st.text(), max_size=3))
def test_matching_is_equality_of_texts_that_are_not_empty_whatever_they_hold(
    presented: str, accepted: list[str]
) -> None:
    assert matches(presented, accepted) == (presented != "" and presented in accepted)


@given(st.text(st.characters(), min_size=1))
def test_every_token_matches_itself_even_one_that_is_no_unicode(token: str) -> None:
    assert matches(token, ["other", token])


@pytest.mark.parametrize("accepted", [(), ("",), ("one",), ("one", "two")])
@pytest.mark.parametrize("presented", ["", "one", "two", "three", "tökén"])
def test_every_decision_compares_bytes_in_constant_time_with_every_accepted_token(
    presented: str, accepted: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[Any, Any]] = []
    compare = hmac.compare_digest

    def watched(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return compare(one, other)

    monkeypatch.setattr(hmac, "compare_digest", watched)
    matches(presented, accepted)

    assert [one for one, _ in compared] == [presented.encode()] * max(1, len([token for token in accepted if token]))
    assert all(isinstance(other, bytes) for _, other in compared)
