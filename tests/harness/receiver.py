"""Answers on every Function URL of the account as a correct receiver would, if AWS let the request through."""

from __future__ import annotations

import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ministack.core.responses import set_request_region
from ministack.services import lambda_svc, secretsmanager


class Receivers:
    """A server on loopback whose path begins with the URL's id."""

    def __init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Receiver)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def address(self, function_url: str) -> str:
        """Where the given URL is served here."""
        host = function_url.removeprefix("https://").split(".", 1)[0]
        return f"http://127.0.0.1:{self._server.server_address[1]}/_aws/lambda-url/{host}/"

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


class _Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:  # the base class finds it by this name
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status = self._status(body)
        answer = json.dumps({"error": status}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def _status(self, body: bytes) -> int:
        set_request_region(os.environ["AWS_REGION"])  # each thread has its own
        function = _function_of(self.path.removeprefix("/_aws/lambda-url/").split("/", 1)[0])
        if function is None or not _is_public(function):
            return 403
        token = self.headers.get("X-Inter-Cloud-Token")
        if not token or token != _token_of(function):
            return 403
        return 200 if body.strip() not in {b"", b"{}"} else 400

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class's own name
        """Say nothing."""


def _function_of(url_id: str) -> dict[str, Any] | None:
    resolved = lambda_svc.resolve_function_url(url_id)
    return lambda_svc._functions.get(resolved[2]) if resolved else None


def _is_public(function: dict[str, Any]) -> bool:
    """Since October 2025 AWS asks for both statements."""
    statements = function.get("policy", {}).get("Statement", [])
    conditions = {
        (statement["Action"], json.dumps(statement.get("Condition", {}), sort_keys=True))
        for statement in statements
        if statement["Principal"] in ("*", {"AWS": "*"})
    }
    return {
        ("lambda:InvokeFunctionUrl", '{"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}'),
        ("lambda:InvokeFunction", '{"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}'),
    } <= conditions


def _token_of(function: dict[str, Any]) -> str | None:
    secret = function["config"]["Environment"]["Variables"].get("INTER_CLOUD_TOKEN_SECRET", "")
    token: str | None = secretsmanager.resolve_secret_string(secret)
    return token
