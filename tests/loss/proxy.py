"""A loopback proxy in front of the embedded cloud that fails as told, on the way to AWS and on the way back."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SHUT_RDWR
from types import TracebackType

from orchestrator.local.remote_faults import Fault, Faults

FUNCTION_URL = "function-url"
"""What faults call a request to a Function URL; they call the others by their service's name (`dynamodb`, …)."""

_URL_PATH = "/_aws/lambda-url/"
_SIGNED_FOR = re.compile(r"Credential=[^/]+/\d{8}/[^/]+/([^/]+)/aws4_request")
_REFUSALS = {  # as most services with JSON say it
    "throttle": (400, "ThrottlingException"),
    "error": (500, "InternalServerError"),
    "unavailable": (503, "ServiceUnavailableException"),
}
_THROTTLES = {"lambda": (429, "TooManyRequestsException"), FUNCTION_URL: (429, "TooManyRequestsException")}
_OF_ONE_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}

Answer = tuple[int, list[tuple[str, str]], bytes]


class Proxy:
    """Use it as a context manager. `faults` is what goes wrong, `met` how often it has, by endpoint and kind."""

    def __init__(self, upstream: str, seed: int = 0) -> None:
        self.upstream = upstream.removeprefix("http://")
        self.faults = Faults(seed)
        self.met: Counter[tuple[str, str]] = Counter()
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="proxy")

    @property
    def url(self) -> str:
        """What stands in for the embedded cloud's own address."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def in_front_of(self, url: str) -> str:
        """The same URL of the embedded cloud, by way of this proxy."""
        return url.replace(self.upstream, self.url.removeprefix("http://"))

    def next_fault(self, endpoint: str) -> Fault | None:
        """What goes wrong with the request that just came in, if anything; it is counted."""
        fault = self.faults.next(endpoint)
        if fault:
            with self._lock:
                self.met[endpoint, fault.kind] += 1
        return fault

    def __enter__(self) -> Proxy:
        self._thread.start()
        return self

    def __exit__(self, _type: type[BaseException] | None, _error: object, _trace: TracebackType | None) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    request_queue_size = 256

    def __init__(self, proxy: Proxy) -> None:
        self.proxy = proxy
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that is killed, or that gave up waiting, is what this proxy is for."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        super().setup()
        self._upstream: HTTPConnection | None = None

    def finish(self) -> None:
        if self._upstream:
            self._upstream.close()
        super().finish()

    def do_GET(self) -> None:
        self._deal_with_it()

    def do_POST(self) -> None:
        self._deal_with_it()

    def _deal_with_it(self) -> None:
        endpoint = _endpoint(self.path, self.headers.get("Authorization", ""))
        fault = self.server.proxy.next_fault(endpoint)
        answer = self._answer_to(endpoint, fault)
        if answer:
            self._send(*answer)
        else:
            self.close_connection = True
            self.connection.shutdown(SHUT_RDWR)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's own name
        """Say nothing."""

    def _answer_to(self, endpoint: str, fault: Fault | None) -> Answer | None:
        """What AWS and the fault say. None: the connection is to be closed without an answer."""
        if fault and fault.kind == "drop_unread":
            return None
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if fault and fault.kind == "drop_unanswered":
            return None
        if fault and fault.kind in _REFUSALS:
            return _refusal(endpoint, fault)
        if fault and fault.kind == "slow":
            self.server.proxy.stopping.wait(fault.seconds)
        answer = self._forward(body)
        return None if fault and fault.kind == "lose_answer" else answer

    def _forward(self, body: bytes) -> Answer | None:
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _OF_ONE_HOP}
        with suppress(OSError, HTTPException):
            self._upstream = self._upstream or HTTPConnection(self.server.proxy.upstream, timeout=120)
            self._upstream.request(self.command, self.path, body, headers)
            response = self._upstream.getresponse()
            return response.status, response.getheaders(), response.read()
        if self._upstream:
            self._upstream.close()
        return None

    def _send(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in _OF_ONE_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _endpoint(path: str, authorization: str) -> str:
    if path.startswith(_URL_PATH):
        return FUNCTION_URL
    signed = _SIGNED_FOR.search(authorization)
    return signed[1] if signed else "unknown"


def _refusal(endpoint: str, fault: Fault) -> Answer:
    status, code = _REFUSALS[fault.kind]
    if fault.kind == "throttle":
        status, code = _THROTTLES.get(endpoint, (status, code))
    body = json.dumps({"__type": code, "message": "Rate exceeded", "reason": "throttled"}).encode()
    headers = [("Content-Type", "application/json"), ("x-amzn-errortype", code)]
    if fault.kind == "throttle" and endpoint == FUNCTION_URL:
        headers.append(("Retry-After", f"{fault.seconds:g}"))
    return status, headers, body
