"""A loopback proxy that makes AWS as far away as it really is: each call waits before it is passed on.

It runs in a process of its own, so that it does not share a Python interpreter with what is measured. Its delay can be
changed while it runs; a person's HTTP request to `/_bench` does that, and tells how many calls have passed.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection

_CONTROL = b"/_bench"
_CHUNK = 1 << 16


class Distance:
    """The proxy, seen from outside. `url` stands in for the embedded cloud's own address."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.url = f"http://127.0.0.1:{port}"

    def set(self, milliseconds: int) -> None:
        """From now on each call waits that long."""
        self._ask(f"/_bench?ms={milliseconds}")

    @property
    def busiest(self) -> int:
        """The most calls of Lambda's control plane within one second, since the delay was set last."""
        return int(self._ask("/_bench")["busiest"])

    @property
    def calls(self) -> int:
        """How many calls have passed so far."""
        return int(self._ask("/_bench")["calls"])

    def _ask(self, path: str) -> dict[str, int]:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=10)
        connection.request("GET", path)
        told: dict[str, int] = json.loads(connection.getresponse().read())
        connection.close()
        return told


@contextlib.contextmanager
def distance(upstream: str) -> Iterator[Distance]:
    """A proxy in front of the embedded cloud at that address, as long as the block runs."""
    host = upstream.removeprefix("http://")
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.slow", host], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield Distance(int(process.stdout.readline()))
    finally:
        process.terminate()
        process.wait()


class _Proxy:
    def __init__(self, upstream: str) -> None:
        self._host, _, port = upstream.partition(":")
        self._port = int(port)
        self._seconds = 0.0
        self._calls = 0
        self._of_lambda: list[float] = []

    async def serve(self) -> None:
        server = await asyncio.start_server(self._meet, "127.0.0.1", 0, backlog=512)
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                if head.split(b" ", 2)[1].startswith(_CONTROL):
                    writer.write(self._controlled(head))
                    await writer.drain()
                    continue
                upstream = upstream or await asyncio.open_connection(self._host, self._port)
                await self._pass_on(head, reader, writer, upstream)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            for each in (writer, *(upstream[1:] if upstream else ())):
                each.close()

    def _controlled(self, head: bytes) -> bytes:
        path = head.split(b" ", 2)[1]
        if b"?ms=" in path:
            self._seconds, self._of_lambda = int(path.rpartition(b"=")[2]) / 1000, []
        body = json.dumps({"calls": self._calls, "busiest": _busiest(self._of_lambda)}).encode()
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)

    async def _pass_on(
        self,
        head: bytes,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        upstream: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        lines = head.split(b"\r\n")
        fields = {
            name.strip().lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines[1:])
        }
        if fields.get(b"expect"):  # answered here: one call waits once
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            await writer.drain()
            head = b"\r\n".join(line for line in lines if not line.lower().startswith(b"expect:"))
        body = await _body(reader, fields)
        self._calls += 1
        if _of_control_plane(head):
            self._of_lambda.append(asyncio.get_running_loop().time())
        await asyncio.sleep(self._seconds)
        upstream[1].write(head + body)
        await upstream[1].drain()
        answer = await upstream[0].readuntil(b"\r\n\r\n")
        fields = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(b":") for line in answer.split(b"\r\n")[1:])
        }
        bodiless = head.startswith(b"HEAD ") or answer.split(b" ", 2)[1] in (b"204", b"304")
        writer.write(answer if bodiless else answer + await _body(upstream[0], fields))
        await writer.drain()


def _of_control_plane(head: bytes) -> bool:
    """Whether Lambda counts it among the fifteen calls a second; GetFunction and GetPolicy have limits of their own."""
    method, path = head.split(b" ", 2)[:2]
    if not re.match(rb"/20\d\d-\d\d-\d\d/(functions|layers|tags)", path) or b"/invocations" in path:
        return False
    return not (method == b"GET" and re.fullmatch(rb"/[^/]+/functions/[^/?]+(/policy)?(\?.*)?", path))


def _busiest(times: list[float]) -> int:
    """The most of these moments that lie within one second."""
    most, first = 0, 0
    for last, moment in enumerate(times):
        while times[first] <= moment - 1:
            first += 1
        most = max(most, last - first + 1)
    return most


async def _body(reader: asyncio.StreamReader, fields: dict[bytes, bytes]) -> bytes:
    if fields.get(b"transfer-encoding", b"").lower() == b"chunked":
        parts = []
        while True:
            size = await reader.readline()
            chunk = await reader.readexactly(int(size.split(b";")[0], 16) + 2)
            parts += [size, chunk]
            if len(chunk) == 2:
                return b"".join(parts)
    return await reader.readexactly(int(fields.get(b"content-length", b"0")))


if __name__ == "__main__":
    given = argparse.ArgumentParser()
    given.add_argument("upstream")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_Proxy(given.parse_args().upstream).serve())
