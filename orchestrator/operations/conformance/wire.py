"""One HTTP request as it stands, and its answer: nothing is added, followed, repaired or retried behind our back."""

from __future__ import annotations

import http.client
import ipaddress
import ssl
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from orchestrator.core.errors import UsageError

PATIENCE_SECONDS = 20.0
_LONGEST_ANSWER = 65_536

Header = tuple[str, str]


@dataclass(frozen=True)
class Answer:
    """What came back. `failure` says why nothing did; `status` is then 0."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    failure: str = ""


class Endpoint:
    """The endpoint under test. Raises UsageError for an address that a token must not be sent to."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._parts = _checked(url)

    def post(self, body: bytes, headers: Sequence[Header]) -> Answer:
        """Post a body over a connection of its own, and read the answer. Never raises.

        Headers are sent in their order, with repetitions. A value may hold bytes beyond ASCII, as Latin-1.
        """
        started = time.monotonic()
        connection = self._connection()
        try:
            self._send(connection, body, headers)
            answer = connection.getresponse()
            answered = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, answer.read(_LONGEST_ANSWER), answered, time.monotonic() - started)
        except (OSError, http.client.HTTPException) as error:
            return Answer(0, seconds=time.monotonic() - started, failure=f"{type(error).__name__}: {error}")
        finally:
            connection.close()

    def _send(self, connection: http.client.HTTPConnection, body: bytes, headers: Sequence[Header]) -> None:
        target = self._parts.path or "/"
        connection.putrequest("POST", f"{target}?{self._parts.query}" if self._parts.query else target)
        for name, value in (*headers, ("Content-Length", str(len(body)))):
            connection.putheader(name, value.encode("latin-1"))
        connection.endheaders()
        with suppress(ConnectionError):  # who refuses a body may answer before it has read it: the answer is there
            connection.send(body)

    def _connection(self) -> http.client.HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        if self._parts.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=PATIENCE_SECONDS)
        return http.client.HTTPSConnection(host, port, timeout=PATIENCE_SECONDS, context=ssl.create_default_context())


def _checked(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError as error:
        raise UsageError(f"'{url}' is no URL: {error}.") from None
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(host)):
        raise UsageError(
            f"'{url}' is no https:// address, and the token would travel in the clear.",
            "http:// is taken for 127.0.0.1 only.",
        )
    if not host or not url.isascii() or any(letter.isspace() for letter in url):
        raise UsageError(f"'{url}' names no host, or holds characters that a URL cannot have.")
    return parts


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def shown(headers: Sequence[Header], secret: str) -> list[str]:
    """Headers as they may be printed: the token is not among what they show."""
    return [f"{name}: {value.replace(secret, '<the token>') if secret else value}" for name, value in headers]
