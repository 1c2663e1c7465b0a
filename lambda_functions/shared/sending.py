"""Carries an envelope to another cloud over HTTPS: for the connector and for the persister.

    200 to 299                           accepted
    429, 5xx, timeout, no connection   up to 3 more attempts, 1 s, 2 s and 4 s apart (later if `Retry-After` says so),
                                       as far as the invocation's time allows; then Unavailable
    403                                one more attempt after the token was fetched again; then Refused
    any other                          Refused. Redirects are among them: the token must not reach another host

A remote that stays unavailable opens the circuit breaker, and the next sends fail at once.
"""

from __future__ import annotations

import email.utils
import functools
import ipaddress
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from lambda_functions.shared import observability, settings
from lambda_functions.shared.authentication import TOKEN_HEADER
from lambda_functions.shared.breaker import Breaker
from lambda_functions.shared.deadline import Remaining
from lambda_functions.shared.envelope import Envelope, traceparent
from lambda_functions.shared.errors import ConfigurationError, MissingSetting, Refused, Unavailable
from lambda_functions.shared.json_text import dump
from lambda_functions.shared.signing import signed
from lambda_functions.shared.tokens import Tokens

RETRIES = 3
FIRST_DELAY_SECONDS = 1.0
CONNECT_SECONDS = 3.0
READ_SECONDS = 10.0
RESERVE_SECONDS = 1.0
"""What is left of the invocation's time for keeping the event when sending failed."""
SHORTEST_ATTEMPT_SECONDS = 0.5

_MAX_ANSWER_BYTES = 4096
_REASON = re.compile(r"[a-z0-9_]{1,64}")
_BREAKER_LEVELS = {"closed": 0.0, "half_open": 0.5, "open": 1.0}


@dataclass(frozen=True)
class _Answer:
    """How one attempt went. `status` is None when there was no answer, `why` says what there was instead."""

    status: int | None
    why: str
    retry_after_seconds: float = 0.0

    @property
    def accepted(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def worth_retrying(self) -> bool:
        return self.status is None or self.status == 429 or self.status >= 500


class Sender:
    """The way to one endpoint: a connection that stays open between invocations, and its breaker.

    Raises MissingSetting for a blank URL and ConfigurationError for one that must not be used.
    """

    def __init__(
        self,
        url: str,
        *,
        sleep: Callable[[float], None] = time.sleep,
        breaker: Breaker | None = None,
        read_seconds: float = READ_SECONDS,
        sign: bool = False,
    ) -> None:
        self._url = url
        self.host = _checked_host(url)
        self._sleep = sleep
        self._breaker = breaker or Breaker()
        self._read_seconds = read_seconds
        self._sign = sign
        self._session = _session()

    def send(self, envelope: Envelope, tokens: Tokens, remaining: Remaining) -> None:
        """Deliver the envelope. Raises Refused or Unavailable (see above), MissingSetting when there is no token."""
        _check_token(tokens.current())
        started, state = time.monotonic(), self._breaker.state
        try:
            if state == "open":
                raise Unavailable(f"{self.host} has not been available lately; not trying (circuit breaker open).")
            self._deliver(envelope, tokens, remaining, retries=0 if state == "half_open" else RETRIES)
        except Refused:
            self._breaker.succeeded()
            raise
        except Unavailable:
            if state != "open":
                self._breaker.failed()
            raise
        else:
            self._breaker.succeeded()
            observability.took("CrossCloudLatency", time.monotonic() - started)
        finally:
            observability.gauge("BreakerState", _BREAKER_LEVELS[self._breaker.state])

    def _deliver(self, envelope: Envelope, tokens: Tokens, remaining: Remaining, retries: int) -> None:
        body = dump(envelope.as_dict())
        delay, attempts, may_refetch = FIRST_DELAY_SECONDS, 0, True
        while True:
            answer = self._attempt(body, envelope, tokens, remaining)
            attempts += 1
            if answer.accepted:
                return
            if answer.status == 403 and may_refetch:
                may_refetch = False
                tokens.refetch()
                observability.count("Retries")
                continue
            if not answer.worth_retrying:
                raise Refused(answer.why, answer.status or 400)
            pause = max(delay, answer.retry_after_seconds)
            if retries == 0 or pause + SHORTEST_ATTEMPT_SECONDS + RESERVE_SECONDS > remaining():
                raise Unavailable(f"{self.host} did not accept the event in {attempts} attempts: {answer.why}.")
            observability.count("Retries")
            self._sleep(pause)
            retries -= 1
            delay *= 2

    def _attempt(self, body: bytes, envelope: Envelope, tokens: Tokens, remaining: Remaining) -> _Answer:
        seconds = remaining() - RESERVE_SECONDS
        if seconds < SHORTEST_ATTEMPT_SECONDS:
            raise Unavailable(f"No time is left to reach {self.host}.")
        connect = min(CONNECT_SECONDS, seconds / 3)
        try:
            with self._session.post(
                self._url,
                data=body,
                headers=self._headers(body, envelope, tokens.current()),
                timeout=(connect, min(self._read_seconds, seconds - connect)),
                allow_redirects=False,
                stream=True,
            ) as response:
                return _answer(response)
        except requests.RequestException as error:
            return _Answer(None, _why(error))

    def _headers(self, body: bytes, envelope: Envelope, token: str) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json",
            TOKEN_HEADER: token,
            "traceparent": traceparent(envelope.trace_id),
        }
        if self._sign:
            message = f"msg_{envelope.trace_id}_{envelope.target_layer}"
            headers |= signed(token, message, int(time.time()), body)
        return headers


@functools.cache
def sender_to(url: str) -> Sender:
    """The worker's one sender for a URL."""
    return Sender(url, sign=settings.on("INTER_CLOUD_SIGNING"))


def _check_token(token: str) -> None:
    if not token:
        raise MissingSetting(
            "No token to send: INTER_CLOUD_TOKEN, or the secret INTER_CLOUD_TOKEN_SECRET, is missing or empty."
        )
    if not (token.isascii() and token.isprintable()):
        raise MissingSetting("The token holds characters that no HTTP header can carry: use printable ASCII.")


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # no proxy, and no credentials of a .netrc, between us and the other cloud
    session.headers["Accept-Encoding"] = "identity"
    session.mount("http://", HTTPAdapter(pool_connections=1, pool_maxsize=1))
    session.mount("https://", HTTPAdapter(pool_connections=1, pool_maxsize=1))
    return session


def _checked_host(url: str) -> str:
    if not url.strip():
        raise MissingSetting("The URL of the other cloud's endpoint is missing or empty.")
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError as error:
        raise ConfigurationError(f"The URL of the other cloud's endpoint is none: {error}.") from None
    if not host or parts.username is not None:
        raise ConfigurationError("The URL of the other cloud's endpoint has no host, or a user name in it.")
    loopback = parts.scheme == "http" and _is_loopback(host) and settings.on("GLUECODE_ALLOW_LOOPBACK_HTTP")
    if parts.scheme != "https" and not loopback:
        raise ConfigurationError(
            f"The URL of the endpoint on {host} is not https: the token would travel in the clear."
        )
    return host


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _answer(response: requests.Response) -> _Answer:
    why = f"remote_{response.status_code}"
    try:
        # Read to its end, so that the connection can carry the next event; an answer that goes on and on is cut off.
        content = next(response.iter_content(_MAX_ANSWER_BYTES), b"")
    except requests.RequestException:
        return _Answer(response.status_code, why)
    reason = "" if response.ok else _reason(content)
    return _Answer(
        response.status_code, f"{why}:{reason}" if reason else why, _seconds(response.headers.get("Retry-After", ""))
    )


def _reason(content: bytes) -> str:
    """The machine-readable reason that the contract puts into an error's body, if it is one."""
    try:
        reason = json.loads(content).get("reason")
    except (ValueError, AttributeError, RecursionError):
        return ""
    return reason if isinstance(reason, str) and _REASON.fullmatch(reason) else ""


def _seconds(retry_after: str) -> float:
    """`Retry-After` in seconds from now: a number, or a date."""
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(retry_after).timestamp() - time.time())
    except (TypeError, ValueError, OverflowError):
        return 0.0


def _why(error: requests.RequestException) -> str:
    text = str(error)
    if isinstance(error, requests.Timeout):
        return "timeout"
    if "NameResolutionError" in text or "Failed to resolve" in text:
        return "the host's name cannot be resolved"
    if isinstance(error, requests.exceptions.SSLError):
        return "the TLS certificate is not accepted"
    return "no connection"
