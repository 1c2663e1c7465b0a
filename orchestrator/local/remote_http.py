"""The HTTP side of the stand-in for a remote cloud: reads requests, fails as told, and answers."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SHUT_RDWR, socket
from threading import Event
from typing import Any, Protocol

from orchestrator.local.remote_contract import LAYERS, trace_id_in_body
from orchestrator.local.remote_faults import Fault, Faults

MAX_BODY_BYTES = 6_291_456
_STATUS_OF = {"throttle": 429, "error": 500, "unavailable": 503, "redirect": 307}


@dataclass(frozen=True)
class _Reply:
    status: int
    document: Mapping[str, Any]
    headers: Mapping[str, str] | None = None


class Cloud(Protocol):
    """What is served: see `remote_cloud.RemoteCloud`."""

    faults: Faults
    stopping: Event

    def state(self) -> dict[str, Any]: ...  # noqa: D102
    def accept(self, *tokens: str) -> None: ...  # noqa: D102
    def fail(self, *faults: Fault) -> None: ...  # noqa: D102
    def forward_to(self, writer_url: str, token: str) -> None: ...  # noqa: D102
    def note(self, endpoint: str, status: int | None, fault: str | None) -> None: ...  # noqa: D102
    def take(self, endpoint: str, headers: Message, body: bytes) -> tuple[int, dict[str, Any]]: ...  # noqa: D102


class Server(ThreadingHTTPServer):
    """Answers for one remote cloud, a thread for each connection."""

    request_queue_size = 128

    def __init__(self, address: tuple[str, int], cloud: Cloud) -> None:
        self.cloud = cloud
        self._connections: set[socket] = set()
        super().__init__(address, _Handler)
        self.daemon_threads = False  # so that closing the server waits for them

    def process_request(self, request: Any, client_address: Any) -> None:
        """Note the connection before its thread begins, so that `disconnect` misses none."""
        self._connections.add(request)
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Forget the connection with its thread."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._connections.discard(request)

    def disconnect(self) -> None:
        """Close what clients keep open, so that no thread waits for their next request."""
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is nobody's fault; anything else is ours and is shown."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        endpoint = self.path.strip("/")
        if endpoint in LAYERS:
            self._take(endpoint)
        else:
            self._body()
            self._answer(404, {"reason": "no_such_endpoint"})

    def do_GET(self) -> None:
        if self.path == "/control":
            self._answer(200, self.server.cloud.state())
        else:
            self._answer(404, {"reason": "no_such_endpoint"})

    def do_PUT(self) -> None:
        cloud = self.server.cloud
        try:
            wanted = json.loads(self._body() or b"null")
            if self.path == "/control/faults":
                cloud.fail(*[Fault.read(fault) for fault in wanted])
            elif self.path == "/control/tokens":
                cloud.accept(*wanted)
            elif self.path == "/control/forward":
                cloud.forward_to(wanted["url"], wanted["token"])
            else:
                self._answer(404, {"reason": "no_such_endpoint"})
                return
        except (ValueError, TypeError, KeyError) as error:
            self._answer(400, {"reason": f"{type(error).__name__}: {error}"})
            return
        self._answer(200, cloud.state())

    def log_message(self, *_: Any) -> None:
        """Say nothing: a program's output is its own."""

    def _take(self, endpoint: str) -> None:
        cloud = self.server.cloud
        fault = cloud.faults.next(endpoint)
        reply = self._reply(endpoint, fault)
        # Noted before it is answered: whoever has the answer finds the note.
        cloud.note(endpoint, reply.status if reply else None, fault.kind if fault else None)
        if reply:
            self._answer(reply.status, reply.document, reply.headers)
        else:
            self.close_connection = True
            self.connection.shutdown(SHUT_RDWR)

    def _reply(self, endpoint: str, fault: Fault | None) -> _Reply | None:
        """Do what the contract and the fault say. None: the connection is to be closed without an answer."""
        if fault and fault.kind == "drop_unread":
            return None
        body = self._body()
        if fault and fault.kind == "drop_unanswered":
            return None
        if len(body) > MAX_BODY_BYTES:
            return _Reply(413, {"reason": "body_too_large", "trace_id": None})
        if fault and fault.kind in _STATUS_OF:
            headers = {"throttle": {"Retry-After": f"{fault.seconds:g}"}, "redirect": {"Location": fault.location}}
            document = {"reason": fault.kind, "trace_id": trace_id_in_body(body)}
            return _Reply(_STATUS_OF[fault.kind], document, headers.get(fault.kind, {}))
        if fault and fault.kind == "slow":
            self.server.cloud.stopping.wait(fault.seconds)
        status, document = self.server.cloud.take(endpoint, self.headers, body)
        return None if fault and fault.kind == "lose_answer" else _Reply(status, document)

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "")
        return self.rfile.read(int(length)) if length.isdecimal() else b""

    def _answer(self, status: int, document: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
