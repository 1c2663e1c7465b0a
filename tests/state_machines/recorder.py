"""Stands in for every step task: one Lambda function that asks this test process what to answer, and is noted down."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SOURCE = """
import http.client
import json
import os


def handler(event, context):
    connection = http.client.HTTPConnection(os.environ["RECORDER"], timeout=20)
    connection.request("POST", "/", json.dumps(event))
    answer = json.loads(connection.getresponse().read())
    connection.close()
    if "error" in answer:
        raise type(answer["error"], (Exception,), {})(answer["message"])
    return answer["answer"]
"""


class StepFails(Exception):  # what it does, not what it is
    """What a step raises: the name of its error, and its message."""

    def __init__(self, error: str, message: str = "as the test wants it") -> None:
        super().__init__(message)
        self.error = error


@dataclass(frozen=True)
class Call:
    """One invocation of a step task."""

    task: str
    event: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The name of the resource that the step is about; empty for those about none."""
        about = self.event.get("spec") or self.event.get("identity") or self.event.get("device") or self.event
        return str(about.get("name") or about.get("twin") or "")

    def __str__(self) -> str:
        return f"{self.task} {self.name}".strip()


Answer = Callable[[Call], Any]


@dataclass
class Recorder:
    """`calls` in the order of their arrival; `answer` decides what each of them is told, or raises StepFails."""

    answer: Answer
    address: str = ""
    calls: list[Call] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start_over(self, answer: Answer) -> None:
        """Forget the calls so far, and answer in another way from now on."""
        with self._lock:
            self.calls, self.answer = [], answer

    def told(self) -> list[str]:
        """The calls so far, as `task name`."""
        with self._lock:
            return [str(call) for call in self.calls]

    def meet(self, task: str, event: Any) -> dict[str, Any]:
        """Write a call down and answer it."""
        call = Call(task, event)
        with self._lock:
            self.calls.append(call)
        try:
            return {"answer": self.answer(call)}
        except StepFails as failure:
            return {"error": failure.error, "message": str(failure)}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # every branch of a Parallel calls at the same moment


@contextmanager
def recording(answer: Answer) -> Iterator[Recorder]:
    """A recorder that serves on loopback as long as the block runs."""
    recorder = Recorder(answer)

    class Desk(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the base class finds it by this name
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            said = json.dumps(recorder.meet(asked["task"], asked["event"])).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class's own name
            """Say nothing."""

    server = _Server(("127.0.0.1", 0), Desk)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    recorder.address = f"127.0.0.1:{server.server_address[1]}"
    try:
        yield recorder
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
