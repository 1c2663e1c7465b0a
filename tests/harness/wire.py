"""Carries botocore's requests into the emulator's ASGI application in this process: no socket, no server, no port.

One call costs about 1 ms this way, nearly all of it botocore's own; over loopback HTTP it costs 4.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
from collections.abc import Iterator
from typing import Any
from unittest import mock
from urllib.parse import unquote, urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse

ACCOUNT = "000000000000"
REGION = "us-east-1"

# The emulator reads its settings when it is imported, and configures logging for the whole process.
_SETTINGS = {"LOG_LEVEL": "CRITICAL", "MINISTACK_ACCOUNT_ID": ACCOUNT, "MINISTACK_REGION": REGION}
with mock.patch.dict(os.environ, _SETTINGS):
    from ministack import app as ministack


class Wire:
    """A `before-send` hook that answers every request itself."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()

    def carry(self, request: AWSPreparedRequest) -> AWSResponse:
        """Give one signed request to the emulator and return its answer."""
        url = urlsplit(request.url)
        body = _bytes(request.body)
        headers = {key.lower(): _bytes(value) for key, value in request.headers.items()}
        headers |= {"host": url.netloc.encode(), "content-length": str(len(body)).encode()}
        scope = {
            "type": "http",
            "http_version": "1.1",
            "scheme": url.scheme,
            "method": request.method,
            "path": unquote(url.path),
            "raw_path": url.path.encode(),
            "query_string": url.query.encode(),
            "headers": [(key.encode(), value) for key, value in headers.items()],
            "client": ("127.0.0.1", 0),
        }
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        self._loop.run_until_complete(ministack.app(scope, receive, send))
        answer = {key.decode(): value.decode() for key, value in sent[0]["headers"]}
        return response(request.url, sent[0]["status"], answer, b"".join(part.get("body", b"") for part in sent[1:]))

    def reset(self) -> None:
        """Empty every account."""
        ministack._reset_all_state()

    def close(self) -> None:
        """Release the event loop."""
        self._loop.close()


def response(url: str, status: int, headers: Any, body: bytes) -> AWSResponse:
    """An answer as botocore wants it."""
    return AWSResponse(url, status, headers, _Raw(body))


def answered(body: Any, status: int = 200) -> AWSResponse:
    """An answer in JSON."""
    headers = {"content-type": "application/x-amz-json-1.0"}
    return response("http://127.0.0.1/", status, headers, json.dumps(body).encode())


class _Raw(io.BytesIO):
    """What botocore uses of urllib3's response."""

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self.read()


def _bytes(value: Any) -> bytes:
    if value is None:
        return b""
    if hasattr(value, "read"):
        value = value.read()
    return value if isinstance(value, bytes) else str(value).encode()
