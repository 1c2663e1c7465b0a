"""A deployed URL is called from outside, and must let in whoever has the token and nobody else."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from deploy_steps.errors import NotReady, ProofFailed
from deploy_steps.tasks import prove_url
from tests.unit.deploy_steps.conftest import Account

TOKEN = "the-right-token"
NAME = "factory-ingestion"

Answer = Callable[[str | None], tuple[int, dict[str, Any]]]


def by_contract(token: str | None) -> tuple[int, dict[str, Any]]:
    """What a receiver answers to an empty body."""
    if token == TOKEN:
        return 400, {"reason": "body_missing"}
    return 403, {"reason": "token_invalid" if token else "token_missing"}


def always(status: int, **document: Any) -> Answer:
    """The same answer for everybody."""
    return lambda _token: (status, document)


@contextmanager
def serving(answer: Answer) -> Iterator[tuple[str, list[str | None]]]:
    """A receiver on loopback: its URL, and the tokens that it was called with."""
    tokens: list[str | None] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the base class finds it by this name
            tokens.append(self.headers.get("X-Inter-Cloud-Token"))
            status, document = answer(tokens[-1])
            body = json.dumps(document).encode()
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class's own name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/", tokens
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_receiver_that_keeps_the_contract_is_proven_by_three_calls() -> None:
    with serving(by_contract) as (url, tokens):
        prove_url.prove(url, TOKEN, NAME)

    assert [tokens[0], tokens[2]] == [None, TOKEN]
    assert tokens[1] not in (None, "", TOKEN)


def test_a_receiver_that_asks_for_a_signature_as_well_is_proven_too() -> None:
    def signing(token: str | None) -> tuple[int, dict[str, Any]]:
        return (403, {"reason": "signature_missing"}) if token == TOKEN else by_contract(token)

    with serving(signing) as (url, _):
        prove_url.prove(url, TOKEN, NAME)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (always(200), "called without a token, answered 200 instead of 403: like this it must not be open"),
        (always(400, reason="body_missing"), r"called without a token, answered 400 \(body_missing\) instead of 403"),
        (
            lambda token: by_contract(token) if not token else (400, {"reason": "body_missing"}),
            r"called with a wrong token, answered 400 \(body_missing\) instead of 403",
        ),
        (
            lambda token: by_contract(token) if token != TOKEN else (200, {}),
            "called with the right token and an empty body, answered 200 instead of 400",
        ),
        (always(302), "answered 302 instead of 403"),
    ],
)
def test_a_receiver_that_breaks_the_contract_fails_the_deployment(answer: Answer, said: str) -> None:
    with serving(answer) as (url, tokens), pytest.raises(ProofFailed, match=said):
        prove_url.prove(url, TOKEN, NAME)

    assert len(tokens) <= 3


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (always(403, Message="Forbidden"), "answered 403 instead of 400: its permissions or its token are not known"),
        (always(404), "answered 404 instead of 403"),
        (always(429), "answered 429 instead of 403"),
        (always(502), "answered 502 instead of 403"),
    ],
)
def test_a_url_that_is_not_known_everywhere_yet_is_waited_for(answer: Answer, said: str) -> None:
    with serving(answer) as (url, _), pytest.raises(NotReady, match=said):
        prove_url.prove(url, TOKEN, NAME)


def test_a_url_that_does_not_answer_is_waited_for() -> None:
    with serving(by_contract) as (url, _):
        pass

    with pytest.raises(NotReady, match=f"The URL of '{NAME}' does not answer yet"):
        prove_url.prove(url, TOKEN, NAME)


def event(url: str, *, dry_run: bool = False) -> dict[str, Any]:
    """What the state machine hands over."""
    return {"run": "a-run", "dry_run": dry_run, "name": NAME, "url": url, "secret_name": "factory/azure_l1_to_aws_l2"}


def test_the_token_comes_from_secrets_manager_and_shows_nowhere(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    account.client("secretsmanager").create_secret(Name="factory/azure_l1_to_aws_l2", SecretString=TOKEN)

    with serving(by_contract) as (url, tokens):
        answer = prove_url.handler(event(url), None)

    assert tokens[2] == TOKEN
    assert (answer["kind"], answer["name"], answer["outcome"]) == ("url", NAME, "present")
    assert TOKEN not in capsys.readouterr().out + json.dumps(answer)


def test_a_dry_run_calls_nobody(account: Account) -> None:
    answer = prove_url.handler(event("(known after deployment)", dry_run=True), None)

    assert answer["outcome"] == "unchanged"
