"""Sending retries what may pass, gives up on what will not, and lets the token reach nobody else."""

from __future__ import annotations

import base64
import email.utils
import hashlib
import hmac
import json
import time
from typing import Any

import pytest

from lambda_functions.aws.entry import remaining
from lambda_functions.shared.breaker import COOLDOWN_SECONDS, THRESHOLD, Breaker
from lambda_functions.shared.errors import ConfigurationError, Refused, Unavailable
from lambda_functions.shared.sending import Sender, sender_to
from lambda_functions.shared.tokens import Tokens
from tests.unit.lambda_functions.support import (
    DROP,
    HANG,
    TOKEN,
    TRACE_ID,
    Clock,
    Context,
    Remote,
    an_envelope,
    an_hour,
    remote_cloud,
    tokens,
)


def send(remote: Remote, answers: list[Any], left: Any = an_hour, **options: Any) -> list[float]:
    """Send one event to a remote that gives these answers; answer the pauses between the attempts."""
    remote.answers = answers
    pauses: list[float] = []
    Sender(remote.url, sleep=pauses.append, **options).send(an_envelope(), tokens(TOKEN), left)
    return pauses


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_success_is_success(status: int, remote: Remote) -> None:
    assert send(remote, [(status, {}, b"")]) == []
    assert len(remote.received) == 1


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 599])
def test_what_may_pass_is_tried_again_until_it_does(status: int, remote: Remote) -> None:
    assert send(remote, [status, status, status, 200]) == [1, 2, 4]
    assert len(remote.received) == 4


@pytest.mark.parametrize("status", [400, 401, 404, 405, 409, 410, 413, 415, 422])
def test_what_will_not_pass_is_not_tried_again(status: int, remote: Remote) -> None:
    with pytest.raises(Refused) as raised:
        send(remote, [status])

    assert (raised.value.reason, raised.value.status) == (f"remote_{status}", status)
    assert len(remote.received) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_so_that_the_token_reaches_no_other_host(status: int, remote: Remote) -> None:
    with remote_cloud() as elsewhere, pytest.raises(Refused, match=f"remote_{status}"):
        send(remote, [(status, {"Location": elsewhere.url}, b"")])

    assert len(remote.received) == 1
    assert elsewhere.received == []


@pytest.mark.parametrize("fault", [HANG, DROP])
def test_an_answer_that_never_came_is_asked_for_again_with_the_same_body(fault: str, remote: Remote) -> None:
    assert send(remote, [fault, 200], read_seconds=0.1) == [1]
    assert remote.received[0].body == remote.received[1].body


def test_a_refused_connection_is_tried_again() -> None:
    with remote_cloud() as gone:
        url = gone.url
    pauses: list[float] = []

    with pytest.raises(Unavailable, match=r"127\.0\.0\.1 did not accept the event in 4 attempts: no connection\."):
        Sender(url, sleep=pauses.append).send(an_envelope(), tokens(TOKEN), an_hour)

    assert pauses == [1, 2, 4]


# How long it takes.


@pytest.mark.parametrize(
    ("header", "pauses", "why"),
    [
        ("7", [7, 2], "later than our own pace"),
        ("0", [1, 2], "sooner than our own pace"),
        ("soon", [1, 2], "unreadable"),
        ("-5", [1, 2], "no time"),
        ("", [1, 2], "empty"),
    ],
)
def test_retry_after_is_honoured(header: str, pauses: list[float], why: str, remote: Remote) -> None:
    assert send(remote, [(429, {"Retry-After": header}, b""), 503, 200]) == pauses


def test_retry_after_may_be_a_date(remote: Remote) -> None:
    later = email.utils.formatdate(time.time() + 20, usegmt=True)

    [pause] = send(remote, [(503, {"Retry-After": later}, b""), 200])

    assert 15 < pause <= 20


def test_a_remote_that_asks_for_more_time_than_there_is_is_not_waited_for(remote: Remote) -> None:
    with pytest.raises(Unavailable, match="1 attempts: remote_429"):
        send(remote, [(429, {"Retry-After": "86400"}, b"")], left=remaining(Context(milliseconds=30_000)))

    assert len(remote.received) == 1


def test_retries_stop_in_time_to_keep_the_event(remote: Remote) -> None:
    clock = Clock(30.0)
    remote.answers = [503]

    def sleep(seconds: float) -> None:
        clock.now -= seconds

    def left() -> float:
        return clock.now - 25.0

    with pytest.raises(Unavailable, match="3 attempts"):
        Sender(remote.url, sleep=sleep).send(an_envelope(), tokens(TOKEN), left)

    assert left() == 2.0


def test_with_no_time_left_nothing_is_sent(remote: Remote) -> None:
    with pytest.raises(Unavailable, match="No time is left"):
        send(remote, [200], left=remaining(Context(milliseconds=1_400)))

    assert remote.received == []


def test_an_attempt_ends_before_the_invocation_does(remote: Remote) -> None:
    started = time.monotonic()

    with pytest.raises(Unavailable, match="timeout"):
        send(remote, [HANG], left=remaining(Context(milliseconds=1_600)))

    assert time.monotonic() - started < 1.6


def test_without_a_lambda_around_it_there_is_time() -> None:
    assert remaining(None)() == 60.0


# The token.


def test_after_a_403_the_token_is_fetched_again_and_the_event_sent_once_more(remote: Remote) -> None:
    remote.answers = [403, 200]
    known = iter([("old",), ("new",)])
    pauses: list[float] = []

    Sender(remote.url, sleep=pauses.append).send(an_envelope(), Tokens(lambda: next(known)), an_hour)

    assert [each.headers["X-Inter-Cloud-Token"] for each in remote.received] == ["old", "new"]
    assert pauses == []


def test_a_second_403_is_final(remote: Remote) -> None:
    with pytest.raises(Refused, match="remote_403:token_invalid"):
        send(remote, [(403, {}, b'{"reason": "token_invalid"}')])

    assert len(remote.received) == 2


def test_a_403_between_server_errors_still_gets_its_one_more_attempt(remote: Remote) -> None:
    assert send(remote, [503, 403, 503, 200]) == [1, 2]
    with pytest.raises(Refused, match="remote_403"):
        send(remote, [403, 503, 403, 200])


@pytest.mark.parametrize("token", ["", "tökén", "two\nlines"])
def test_a_token_that_cannot_travel_is_not_sent(token: str, remote: Remote) -> None:
    with pytest.raises(ValueError, match=r"[Tt]oken"):
        Sender(remote.url).send(an_envelope(), tokens(token), an_hour)

    assert remote.received == []


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://example.com/api", "not https"),
        ("http://10.0.0.1/api", "not https"),
        ("http://127.0.0.1.example.com/api", "not https"),
        ("ftp://127.0.0.1/api", "not https"),
        ("https:///api", "no host"),
        ("example.com/api", "no host"),
        ("https://user:secret@example.com/api", "user name"),
        ("https://example.com:port/api", "not valid"),
        ("https://[::1/api", "not valid"),
    ],
)
def test_a_url_that_must_not_be_used_is_a_configuration_error(url: str, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        Sender(url)


def test_plain_http_is_allowed_on_loopback_of_the_embedded_cloud_and_nowhere_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for host in ("127.0.0.1:4566", "localhost:4566", "[::1]:4566"):
        Sender(f"http://{host}/writer")

    monkeypatch.delenv("GLUECODE_ALLOW_LOOPBACK_HTTP")
    with pytest.raises(ConfigurationError, match="not https"):
        Sender("http://127.0.0.1:4566/writer")


# The connection.


def test_a_warm_worker_uses_its_connection_again(remote: Remote) -> None:
    remote.answers = [(200, {}, b'{"trace_id": "x"}')]

    for _ in range(3):
        sender_to(remote.url).send(an_envelope(), tokens(TOKEN), an_hour)

    assert len({each.connection for each in remote.received}) == 1


def test_a_connection_that_was_closed_meanwhile_is_replaced(remote: Remote) -> None:
    sender = Sender(remote.url, sleep=lambda _: None)
    remote.answers = [200, DROP, 200]

    sender.send(an_envelope(), tokens(TOKEN), an_hour)
    sender.send(an_envelope(), tokens(TOKEN), an_hour)

    assert len(remote.received) == 3


def test_an_answer_that_goes_on_and_on_is_cut_off(remote: Remote) -> None:
    assert send(remote, [(200, {}, b"x" * 1_000_000)]) == []


def test_proxies_and_netrc_of_the_environment_do_not_get_between(
    monkeypatch: pytest.MonkeyPatch, remote: Remote, tmp_path: Any
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password secret")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")

    send(remote, [200])

    assert "Authorization" not in remote.received[0].headers


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"not json", b'{"reason": 7}', b'{"reason": "Some <b>text</b>"}', b"[" * 4000]
)
def test_only_a_machine_readable_reason_is_taken_from_the_other_side(body: bytes, remote: Remote) -> None:
    with pytest.raises(Refused) as raised:
        send(remote, [(400, {}, body)])

    assert raised.value.reason == "remote_400"


# The circuit breaker.


def failing(sender: Sender) -> str:
    with pytest.raises(Unavailable) as raised:
        sender.send(an_envelope(), tokens(TOKEN), an_hour)
    return str(raised.value)


def test_a_remote_that_stays_away_is_left_alone_for_a_while(remote: Remote) -> None:
    remote.answers = [503]
    clock = Clock()
    sender = Sender(remote.url, sleep=lambda _: None, breaker=Breaker(clock))
    for _ in range(THRESHOLD):
        assert "4 attempts" in failing(sender)
    asked = len(remote.received)

    assert "circuit breaker open" in failing(sender)
    assert len(remote.received) == asked == 4 * THRESHOLD

    clock.now += COOLDOWN_SECONDS
    assert "1 attempts" in failing(sender)
    assert "circuit breaker open" in failing(sender)
    assert len(remote.received) == asked + 1

    clock.now += COOLDOWN_SECONDS
    remote.answers = [200]
    sender.send(an_envelope(), tokens(TOKEN), an_hour)
    sender.send(an_envelope(), tokens(TOKEN), an_hour)
    assert len(remote.received) == asked + 3


def test_only_failures_in_a_row_open_the_breaker(remote: Remote) -> None:
    sender = Sender(remote.url, sleep=lambda _: None)
    for _ in range(THRESHOLD + 1):
        remote.answers = [503]
        failing(sender)
        remote.answers = [200]
        sender.send(an_envelope(), tokens(TOKEN), an_hour)


def test_a_refusal_proves_that_the_remote_is_there(remote: Remote) -> None:
    sender = Sender(remote.url, sleep=lambda _: None)
    for _ in range(THRESHOLD):
        remote.answers = [503]
        failing(sender)
        remote.answers = [400]
        with pytest.raises(Refused):
            sender.send(an_envelope(), tokens(TOKEN), an_hour)


# Signing.


def test_nothing_is_signed_unless_switched_on(remote: Remote) -> None:
    send(remote, [200])

    assert not [name for name in remote.received[0].headers if name.lower().startswith("webhook-")]


def test_a_switched_on_connection_signs(monkeypatch: pytest.MonkeyPatch, remote: Remote) -> None:
    monkeypatch.setenv("INTER_CLOUD_SIGNING", "on")

    sender_to(remote.url).send(an_envelope(), tokens(TOKEN), an_hour)

    assert remote.received[0].headers["webhook-signature"].startswith("v1,")


def test_a_signed_request_follows_standard_webhooks(remote: Remote) -> None:
    send(remote, [503, 200], sign=True)

    for received in remote.received:
        headers = {name.lower(): value for name, value in received.headers.items()}
        content = b".".join([headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), received.body])
        digest = base64.b64encode(hmac.new(TOKEN.encode(), content, hashlib.sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{digest}"
        assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
    assert {received.headers["webhook-id"] for received in remote.received} == {f"msg_{TRACE_ID}_L3"}
    assert json.loads(remote.received[0].body) == an_envelope().as_dict()
