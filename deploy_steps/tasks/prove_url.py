"""Proves from outside that a public URL lets in who has the token, and nobody else."""

from __future__ import annotations

import json
import secrets
import urllib.error
import urllib.request
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from deploy_steps import aws
from deploy_steps.contract import Result
from deploy_steps.errors import NotReady, ProofFailed
from deploy_steps.task import task

ACTIONS = ("secretsmanager:GetSecretValue",)
HEADER = "X-Inter-Cloud-Token"

_SECONDS = 10.0  # a cold start of the function is part of the answer
_ASKS_FOR_SIGNATURE = "signature_missing"  # a connection with signing on: the token was right, and more is wanted


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The token must not travel to another host."""

    def redirect_request(self, *_: Any) -> None:
        """Leave a redirect alone: its status is the answer."""


_open = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect).open


def prove(url: str, token: str, name: str) -> None:
    """Call the URL without a token (403), with a wrong one (403), and with the right one and an empty body (400).

    Raises NotReady while the URL does not answer, or the right token does not open it yet, and ProofFailed for every
    other answer.
    """
    for title, sent, expected in (
        ("without a token", None, HTTPStatus.FORBIDDEN),
        ("with a wrong token", secrets.token_urlsafe(32), HTTPStatus.FORBIDDEN),
        ("with the right token and an empty body", token, HTTPStatus.BAD_REQUEST),
    ):
        status, reason = _post(url, sent, name)
        if status != expected and not (sent == token and reason == _ASKS_FOR_SIGNATURE):
            told = f"The URL of '{name}', called {title}, answered {status}{f' ({reason})' if reason else ''}"
            raise _error(status, f"{told} instead of {expected:d}")


def _error(status: int, told: str) -> Exception:
    if status == HTTPStatus.FORBIDDEN:
        # AWS refuses by itself until both statements of the policy are known everywhere ({"Message":"Forbidden"}); the
        # function refuses while its role may not read the secret yet.
        return NotReady(f"{told}: its permissions or its token are not known everywhere yet.")
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.TOO_MANY_REQUESTS) or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return NotReady(f"{told}.")
    return ProofFailed(f"{told}: like this it must not be open to another cloud.")


def _post(url: str, token: str | None, name: str) -> tuple[int, str | None]:
    """The answer's status, and the reason that our function gives for a refusal, if it was our function."""
    request = urllib.request.Request(url, data=b"", method="POST", headers={"Content-Type": "application/json"})  # noqa: S310  # from AWS
    if token is not None:
        request.add_header(HEADER, token)
    try:
        with _open(request, timeout=_SECONDS) as answer:
            return answer.status, _reason(answer.read(4096))
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, _reason(refused.read(4096))
    except OSError as error:  # DNS, TLS, connection, time-out
        raise NotReady(f"The URL of '{name}' does not answer yet: {error}") from None


def _reason(body: bytes) -> str | None:
    try:
        document = json.loads(body)
    except ValueError:
        return None
    return document.get("reason") if isinstance(document, dict) else None


@task
def handler(event: Mapping[str, Any]) -> Result:
    """Handler. Event: run, dry_run, name (the function's), url, secret_name. A dry run calls nobody."""
    if event["dry_run"]:
        return Result("url", event["name"], "unchanged")
    value = aws.client("secretsmanager").get_secret_value(SecretId=event["secret_name"])
    prove(event["url"], value["SecretString"], event["name"])
    return Result("url", event["name"], "present")
