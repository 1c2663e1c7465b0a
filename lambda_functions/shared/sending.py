"""Sends an envelope, or a batch of them, to another cloud over HTTPS: for the connector and for the persister.

    200 to 299                           accepted
    429, 5xx, timeout, no connection   up to 3 more attempts, 1 s, 2 s and 4 s apart (later if `Retry-After` says so),
                                       as far as the invocation's time allows; then Unavailable
    403                                one more attempt after the token was fetched again; then Refused
    any other                          Refused. Redirects are among them: the token must not reach another host

A remote that stays unavailable opens the circuit breaker, and the next sends fail at once.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass

import requests
from requests.adapters import HTTPAdapter

from lambda_functions.shared import observability, settings
from lambda_functions.shared.authentication import TOKEN_HEADER
from lambda_functions.shared.breaker import Breaker
from lambda_functions.shared.delivery import RemoteAnswer, answered, unanswered
from lambda_functions.shared.envelope import Envelope, traceparent
from lambda_functions.shared.errors import MissingSetting, Refused, Unavailable
from lambda_functions.shared.json_text import dump
from lambda_functions.shared.port import Remaining
from lambda_functions.shared.remote_url import checked_host
from lambda_functions.shared.signing import signed
from lambda_functions.shared.tokens import Tokens

RETRIES = 3
FIRST_DELAY_SECONDS = 1.0
CONNECT_SECONDS = 3.0
READ_SECONDS = 10.0
RESERVE_SECONDS = 1.0
"""What is left of the invocation's time for keeping the event when sending failed."""
SHORTEST_ATTEMPT_SECONDS = 0.5

_BREAKER_LEVELS = {"closed": 0.0, "half_open": 0.5, "open": 1.0}


@dataclass(frozen=True)
class Message:
    """What one request carries: its body, how many events that holds, and the trace id and the layer it goes to."""

    body: bytes
    trace_id: str
    layer: str
    events: int = 1


def message_of(envelope: Envelope) -> Message:
    """An envelope as it goes over the wire. Raises ValueError or TypeError for what JSON cannot say."""
    return Message(dump(envelope.as_dict()), envelope.trace_id, envelope.target_layer)


class Sender:
    """A connection to one endpoint that stays open between invocations, and its breaker.

    `takes_batches` becomes false once the other cloud has refused one.

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
        self.host = checked_host(url)
        self._sleep = sleep
        self._breaker = breaker or Breaker()
        self._read_seconds = read_seconds
        self._sign = sign
        self._session = _session()
        self.takes_batches = True

    def send(self, envelope: Envelope, tokens: Tokens, remaining: Remaining) -> None:
        """Deliver the envelope. Raises Refused or Unavailable (see above), MissingSetting when there is no token."""
        self.post(lambda: message_of(envelope), tokens, remaining)

    def post(self, make: Callable[[], Message], tokens: Tokens, remaining: Remaining) -> RemoteAnswer:
        """Have one message accepted. Raises as `send` does; a batch counts as one, whatever its results are."""
        _checked(tokens.current())
        started, state = time.monotonic(), self._breaker.state
        try:
            if state == "open":
                raise Unavailable(f"{self.host} has not been available lately; not trying (circuit breaker open).")
            answer = self._deliver(make(), tokens, remaining, retries=0 if state == "half_open" else RETRIES)
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
            return answer
        finally:
            observability.gauge("BreakerState", _BREAKER_LEVELS[self._breaker.state])

    def _deliver(self, message: Message, tokens: Tokens, remaining: Remaining, retries: int) -> RemoteAnswer:
        delay, attempts, may_refetch = FIRST_DELAY_SECONDS, 0, True
        while True:
            answer = self._attempt(message, tokens, remaining)
            attempts += 1
            if answer.accepted:
                return answer
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

    def _attempt(self, message: Message, tokens: Tokens, remaining: Remaining) -> RemoteAnswer:
        seconds = remaining() - RESERVE_SECONDS
        if seconds < SHORTEST_ATTEMPT_SECONDS:
            raise Unavailable(f"No time is left to reach {self.host}.")
        connect = min(CONNECT_SECONDS, seconds / 3)
        read = min(self._read_seconds, seconds - connect)
        until = time.monotonic() + connect + read
        try:
            with self._session.post(
                self._url,
                data=message.body,
                headers=self._headers(message, _checked(tokens.current())),
                timeout=(connect, read),
                allow_redirects=False,
                stream=True,
            ) as response:
                return answered(response, message.events, until)
        except requests.RequestException as error:
            return unanswered(error)

    def _headers(self, message: Message, token: str) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json",
            TOKEN_HEADER: token,
            "traceparent": traceparent(message.trace_id),
        }
        if self._sign:
            name = f"msg_{message.trace_id}_{message.layer}"
            headers |= signed(token, name, int(time.time()), message.body)
        return headers


@functools.cache
def sender_to(url: str) -> Sender:
    """The worker's one sender for a URL."""
    return Sender(url, sign=settings.on("INTER_CLOUD_SIGNING"))


def _checked(token: str) -> str:
    if not token:
        raise MissingSetting(
            "No token to send: INTER_CLOUD_TOKEN, or the secret INTER_CLOUD_TOKEN_SECRET, is missing or empty."
        )
    if not (token.isascii() and token.isprintable()):
        raise MissingSetting("The token holds characters that no HTTP header can carry: use printable ASCII.")
    return token


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # no proxy, and no credentials of a .netrc, between us and the other cloud
    session.headers["Accept-Encoding"] = "identity"
    session.mount("http://", HTTPAdapter(pool_connections=1, pool_maxsize=1))
    session.mount("https://", HTTPAdapter(pool_connections=1, pool_maxsize=1))
    return session
