"""A stand-in for Azure or Google Cloud: takes events over real HTTP, keeps them, passes them on, and fails when told.

Endpoints, all on 127.0.0.1: POST /ingestion and POST /writer as in the inter-cloud contract, with batches. For a
stand-in in another process: GET /control (what it has), PUT /control/faults, PUT /control/tokens, PUT /control/forward
{"url", "token"}.

    python -m orchestrator.local.remote_cloud --name azure --token-env AZURE_TOKEN
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass
from email.message import Message
from types import TracebackType
from typing import Any

from lambda_functions.shared.authentication import authenticate
from lambda_functions.shared.envelope import documents_in, trace_id_in
from lambda_functions.shared.errors import Refused
from lambda_functions.shared.signing import Verifier
from lambda_functions.shared.tokens import Tokens
from orchestrator.local.remote_client import Answer, envelope, send
from orchestrator.local.remote_contract import check_envelope, key_of, parse, trace_id_in_body
from orchestrator.local.remote_faults import Fault, Faults
from orchestrator.local.remote_http import Server

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Received:
    """One accepted envelope, and the W3C header that came with it."""

    endpoint: str
    envelope: dict[str, Any]
    traceparent: str | None


@dataclass(frozen=True)
class Request:
    """One request as it was dealt with: the status it was answered with (None: not answered) and the fault it met."""

    endpoint: str
    status: int | None
    fault: str | None = None


class RemoteCloud:
    """One remote cloud. Use it as a context manager: it serves inside the block.

    `received` holds every accepted envelope in order, those of a batch one by one, `kept` one event for each device and
    time, `requests` every request whatever became of it, and `undelivered` what could not be passed on. With `signing`,
    it signs what it sends, and takes nothing that is not signed.
    """

    def __init__(
        self,
        name: str,
        *tokens: str,
        port: int = 0,
        seed: int = 0,
        retry_seconds: float = 1.0,
        signing: bool = False,
    ) -> None:
        self.name = name
        self.faults = Faults(seed)
        self.received: list[Received] = []
        self.kept: dict[tuple[str, str], dict[str, Any]] = {}
        self.requests: list[Request] = []
        self.undelivered: list[tuple[dict[str, Any], Answer]] = []
        self.stopping = threading.Event()
        self._tokens = tokens
        self._signing = signing
        self._verifier = Verifier()
        self._retry_seconds = retry_seconds
        self._lock = threading.Lock()
        self._forwarder = ThreadPoolExecutor(4, thread_name_prefix=name)
        self._forwarding: set[Future[None]] = set()
        self._target: tuple[str, str] | None = None
        self._process: Callable[[dict[str, Any]], dict[str, Any]] = dict
        self._server = Server((HOST, port), self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name=f"{name}-server")

    @property
    def url(self) -> str:
        """The base of all its URLs."""
        return f"http://{HOST}:{self._server.server_port}"

    @property
    def ingestion_url(self) -> str:
        """Where it takes events as L2."""
        return f"{self.url}/ingestion"

    @property
    def writer_url(self) -> str:
        """Where it takes events as L3."""
        return f"{self.url}/writer"

    def accept(self, *tokens: str) -> None:
        """Accept these tokens from now on, and no others (none: every request is refused)."""
        self._tokens = tokens

    def fail(self, *faults: Fault) -> None:
        """Fail like that from now on; without arguments: work again."""
        self.faults.plan(faults)

    def forward_to(
        self, writer_url: str, token: str, process: Callable[[dict[str, Any]], dict[str, Any]] = dict
    ) -> None:
        """Act as L2: pass every event taken at /ingestion on to that Writer, processed, under the same trace id."""
        self._target, self._process = (writer_url, token), process

    def send(self, url: str, token: str, message: Mapping[str, Any]) -> Answer:
        """Act as a Connector or Persister: send one envelope as the contract says a sender must."""
        return send(url, token, message, first_pause_seconds=self._retry_seconds, signing=self._signing)

    def idle(self, timeout_seconds: float = 30.0) -> bool:
        """Wait until everything taken has been passed on or given up. False when that takes longer."""
        return not wait(self._forwarding.copy(), timeout_seconds).not_done

    def take(self, endpoint: str, headers: Message, body: bytes) -> tuple[int, dict[str, Any]]:
        """Deal with one request as the contract says: the status and the answer."""
        traceparent = headers["traceparent"]
        try:
            self._admit({"headers": _as_of_function_url(headers)}, body)
            document = parse(body)
            batch = documents_in(document)
        except Refused as refusal:
            return refusal.status, {"reason": refusal.reason, "trace_id": trace_id_in_body(body)}
        if batch is None:
            return self._take_one(endpoint, document, traceparent)
        results = [self._take_one(endpoint, each, traceparent) for each in batch]
        return 200, {"results": [{**answer, "status": status} for status, answer in results]}

    def _admit(self, request: Mapping[str, Any], body: bytes) -> None:
        authenticate(request, Tokens(lambda: self._tokens))
        if self._signing:
            with self._lock:
                self._verifier.verify(request, body, self._tokens)

    def _take_one(self, endpoint: str, document: Any, traceparent: str | None) -> tuple[int, dict[str, Any]]:
        try:
            message = check_envelope(endpoint, document)
        except Refused as refusal:
            return refusal.status, {"reason": refusal.reason, "trace_id": trace_id_in(document)}
        with self._lock:
            self.received.append(Received(endpoint, message, traceparent))
            self.kept[key_of(message["payload"])] = message["payload"]
            if endpoint == "ingestion" and self._target:
                onward = envelope(self.name, "L3", self._process(message["payload"]), message["trace_id"])
                job = self._forwarder.submit(self._forward, *self._target, onward)
                self._forwarding.add(job)
                job.add_done_callback(self._forwarding.discard)
        return 200, {"status": "accepted", "trace_id": message["trace_id"]}

    def note(self, endpoint: str, status: int | None, fault: str | None) -> None:
        """Remember how a request was dealt with."""
        with self._lock:
            self.requests.append(Request(endpoint, status, fault))

    def state(self) -> dict[str, Any]:
        """What it has, as JSON."""
        with self._lock:
            return {
                "name": self.name,
                "requests": len(self.requests),
                "received": [asdict(received) for received in self.received],
                "kept": list(self.kept.values()),
                "forwarding": len(self._forwarding),
                "undelivered": [message for message, _ in self.undelivered],
                "faults": self.faults.planned(),
            }

    def __enter__(self) -> RemoteCloud:
        self._thread.start()
        return self

    def __exit__(self, _type: type[BaseException] | None, _error: object, _trace: TracebackType | None) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.disconnect()
        self._server.server_close()
        self._forwarder.shutdown()
        self._thread.join()

    def _forward(self, writer_url: str, token: str, message: dict[str, Any]) -> None:
        answer = self.send(writer_url, token, message)
        if not answer.accepted:
            with self._lock:
                self.undelivered.append((message, answer))


def _as_of_function_url(headers: Message) -> dict[str, str]:
    """The headers as a Function URL gives them. Python's HTTP server hands their bytes over as Latin-1."""
    joined = {name.lower(): ",".join(headers.get_all(name, [])) for name in headers}
    return {name: value.encode("latin-1").decode(errors="surrogateescape") for name, value in joined.items()}


def main() -> int:
    """Serve until SIGTERM or Ctrl-C. Prints the URLs as one line of JSON."""
    parser = argparse.ArgumentParser(prog="python -m orchestrator.local.remote_cloud", description=__doc__)
    parser.add_argument("--name", choices=["azure", "gcp"], required=True, help="which cloud to stand in for")
    parser.add_argument("--token-env", required=True, help="environment variable that holds the token to accept")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: a free one)")
    given = parser.parse_args()
    token = os.environ.get(given.token_env, "")
    if not token:
        parser.error(f"{given.token_env} is not set: put the connection's token there.")
    stop = threading.Event()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wanted, lambda *_: stop.set())
    with RemoteCloud(given.name, token, port=given.port) as cloud:
        urls = {"ingestion": cloud.ingestion_url, "writer": cloud.writer_url, "control": f"{cloud.url}/control"}
        print(json.dumps({"name": given.name, **urls}), flush=True)  # noqa: T201  # the command's result
        stop.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
