"""The other side of every function under test: a remote endpoint, Lambda's context, and what was asked of AWS."""

from __future__ import annotations

import functools
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3

from lambda_functions.shared.envelope import Envelope
from lambda_functions.shared.tokens import Tokens

TOKEN = "the-right-token"
TRACE_ID = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
TABLE = "factory-hot-iot-data"
TELEMETRY = {"iotDeviceId": "oven-1", "time": "2026-11-23T10:00:00Z", "temperature": 241.5}
PROVIDERS = {"layer_1_provider": "aws", "layer_2_provider": "aws", "layer_3_hot_provider": "aws"}
WAYS_OF_BODY = Sequence[Any]

by_hand = functools.cache(boto3.client)
"""The clients of whoever does things by hand: a function's own know no operation but its own."""


def an_envelope(payload: Mapping[str, Any] = TELEMETRY, **changes: Any) -> Envelope:
    """An envelope as the function before would hand it over."""
    values: dict[str, Any] = {
        "source_cloud": "azure",
        "target_layer": "L3",
        "message_type": "telemetry",
        "timestamp": "2026-11-23T10:00:00.000Z",
        "payload": dict(payload),
        "trace_id": TRACE_ID,
    }
    return Envelope(**(values | changes))


def twin_document(**changes: Any) -> str:
    """The twin's document as the configuration layer holds it."""
    document = {
        "config": {"digital_twin_name": "factory"},
        "config_iot_devices": [{"id": "oven-1"}, {"id": "press-1"}],
        "config_events": [],
        "config_providers": PROVIDERS,
        "processors": {},
    }
    return json.dumps({key: value for key, value in (document | changes).items() if value is not None})


def mapping(l2: str | None = "aws", l3: str | None = "aws") -> dict[str, str]:
    """A provider mapping; None leaves a layer out."""
    found = {"layer_1_provider": "aws", "layer_2_provider": l2, "layer_3_hot_provider": l3}
    return {layer: provider for layer, provider in found.items() if provider is not None}


def tokens(*values: str) -> Tokens:
    """Tokens that need no fetching."""
    return Tokens(lambda: values)


@dataclass
class Context:
    """What Lambda tells a handler about its invocation."""

    function_name: str = "factory-function"
    aws_request_id: str = "8f5d6a5e-3b1c-4f8e-9a51-0d2f1c3b4a59"
    milliseconds: int = 60_000

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds


def an_hour() -> float:
    """So much time is left that no send gives up for want of it."""
    return 3600.0


def request(body: Any, token: str | None = TOKEN, **headers: str) -> dict[str, Any]:
    """The HTTP request of a Function URL; a body that is no text is sent as JSON."""
    sent = {"content-type": "application/json", **headers}
    if token is not None:
        sent["x-inter-cloud-token"] = token
    text = body if isinstance(body, str) or body is None else json.dumps(body)
    return {"version": "2.0", "headers": sent, "body": text, "isBase64Encoded": False}


def body_of(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON in an answer's body."""
    found: dict[str, Any] = json.loads(answer["body"])
    return found


def lines_of(output: str) -> list[dict[str, Any]]:
    """The log lines in what was printed, without the metrics."""
    return [line for line in map(json.loads, output.splitlines()) if "_aws" not in line]


def metrics_of(output: str) -> list[dict[str, Any]]:
    """The metrics in what was printed."""
    return [line for line in map(json.loads, output.splitlines()) if "_aws" in line]


@dataclass
class Received:
    """One request that reached the remote cloud."""

    path: str
    headers: dict[str, str]
    body: bytes
    connection: tuple[str, int]

    @property
    def envelope(self) -> Any:
        """The envelope, or the array of envelopes of a batch."""
        return json.loads(self.body)


Answer = tuple[int, Mapping[str, str], bytes]
HANG = "hang"
DROP = "drop"


@dataclass
class Remote:
    """An endpoint on another cloud. `answers` are given in turn, the last one again and again."""

    url: str = ""
    answers: list[Any] = field(default_factory=lambda: [200])
    received: list[Received] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    def next_answer(self) -> Any:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    @property
    def envelopes(self) -> list[Any]:
        return [each.envelope for each in self.received]


class _QuietServer(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up early is what some tests are about."""


@contextmanager
def remote_cloud() -> Iterator[Remote]:
    """Serve on loopback. An answer is a status, an `Answer`, HANG (no answer until the end) or DROP (hang up).

    It may also be a function that makes one of what was received.
    """
    remote = Remote()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            received = Received(self.path, dict(self.headers.items()), self.rfile.read(length), self.client_address)
            remote.received.append(received)
            answer = remote.next_answer()
            if callable(answer):
                answer = answer(received)
            if answer == HANG:
                remote.closing.wait(30)
            if answer in (HANG, DROP):
                self.close_connection = True
                return
            status, headers, body = answer if isinstance(answer, tuple) else (answer, {}, b"{}")
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST  # noqa: N815  # a followed redirect would come as GET

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class's own name
            pass

    server = _QuietServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    remote.url = f"http://127.0.0.1:{server.server_address[1]}/api/endpoint"
    try:
        yield remote
    finally:
        remote.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


def results(*statuses: int) -> Callable[[Received], Answer]:
    """Answers a batch with these statuses in turn, the last one again and again; an event that comes alone with 200."""

    def answer(received: Received) -> Answer:
        if not isinstance(json.loads(received.body), list):
            return 200, {}, b"{}"
        listed = [
            {
                "trace_id": each["trace_id"],
                "status": status,
                **({"reason": f"because_{status}"} if status > 200 else {}),
            }
            for each, status in zip(json.loads(received.body), [*statuses, *[statuses[-1]] * 100], strict=False)
        ]
        return 200, {}, json.dumps({"trace_id": TRACE_ID, "results": listed}).encode()

    return answer


@dataclass
class Recorded:
    """The calls that a client made, as AWS got them."""

    calls: list[dict[str, Any]] = field(default_factory=list)

    def note(self, params: dict[str, Any], **_: Any) -> None:
        self.calls.append(dict(params))

    def payloads(self) -> list[tuple[str, dict[str, Any]]]:
        """Function and event of every asynchronous invocation."""
        assert all(call["InvocationType"] == "Event" for call in self.calls)
        return [(call["FunctionName"], json.loads(call["Payload"])) for call in self.calls]


class Clock:
    """A clock that is turned by hand."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


Handler = Callable[[Any, Any], Any]
