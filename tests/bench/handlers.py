"""Times a warm event in each handler, against a bare one that does nothing but the AWS call or the POST.

Both make their calls to a server on loopback that answers at once, after the time that AWS takes at its quickest
(`AWAY_MILLISECONDS`): on a call that took no time at all, anything else would look long. Blocks of both alternate.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

AWAY_MILLISECONDS = 5
_EVENTS, _BLOCK = 200, 10
_EVENT = {"iotDeviceId": "press", "time": "2026-11-23T10:00:00.000Z", "temperature": 21.5, "pressure": 3}
_TOKEN = "a-token-of-the-connection"
_INFO = {
    "config": {"digital_twin_name": "factory"},
    "config_iot_devices": [{"id": "press", "properties": []}],
    "config_providers": {"layer_1_provider": "aws", "layer_2_provider": "aws", "layer_3_hot_provider": "aws"},
}
HANDLERS = ("dispatcher", "connector", "ingestion", "processor", "persister", "writer")


@dataclass(frozen=True)
class Warm:
    """Milliseconds of one event: the handler's and the bare one's median, with the call and without it."""

    handler: str
    milliseconds: float
    bare: float

    @property
    def ratio(self) -> float:
        """How much longer the handler takes."""
        return self.milliseconds / self.bare


def measure() -> list[Warm]:
    """Every handler, each in a process of its own."""
    with _server() as url:
        return [_measured(handler, url) for handler in HANDLERS]


def _measured(handler: str, url: str) -> Warm:
    environment = {
        "PATH": os.environ["PATH"],
        "AWS_ENDPOINT_URL": url,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_LAMBDA_FUNCTION_NAME": f"factory-{handler}",
        "POWERTOOLS_METRICS_NAMESPACE": "gluecode/factory",
        "POWERTOOLS_LOG_LEVEL": "INFO",
        "DIGITAL_TWIN_INFO": json.dumps(_INFO),
        "INTER_CLOUD_TOKEN": _TOKEN,
        "PROCESSOR_LAMBDA_NAME": "factory-processor",
        "PERSISTER_LAMBDA_NAME": "factory-persister",
        "DYNAMODB_TABLE_NAME": "factory-hot-iot-data",
        "GLUECODE_ALLOW_LOOPBACK_HTTP": "1",
        **({"REMOTE_INGESTION_URL": f"{url}/post"} if handler == "connector" else {}),
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.handlers", handler, url],
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,  # where a log goes costs as much as AWS makes of it
        stderr=subprocess.PIPE,
        text=True,
    )
    real, bare = json.loads(done.stderr.splitlines()[-1])
    return Warm(handler, real, bare)


@contextmanager
def _server() -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.handlers", "serve"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.terminate()
        process.wait()


async def _serve() -> None:
    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = next((line for line in head.split(b"\r\n") if line.startswith(b"content-length:")), b":0")
                await reader.readexactly(int(length.partition(b":")[2]))
                await asyncio.sleep(AWAY_MILLISECONDS / 1000)
                status = b"202 Accepted" if b"/invocations" in head else b"200 OK"
                writer.write(
                    b"HTTP/1.1 " + status + b"\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def _timed(handler: str, url: str) -> tuple[float, float]:
    real, bare = _real(handler), _bare(handler, url)
    took: dict[Callable[[], Any], list[float]] = {real: [], bare: []}
    for _ in range(_EVENTS // _BLOCK):
        for call in (bare, real):
            for _ in range(_BLOCK):
                started = time.perf_counter()
                call()
                took[call].append(time.perf_counter() - started)
    return 1000 * statistics.median(took[real][_BLOCK:]), 1000 * statistics.median(took[bare][_BLOCK:])


def _real(handler: str) -> Callable[[], Any]:
    from importlib import import_module

    class Context:
        function_name = f"factory-{handler}"
        aws_request_id = "8f5a8c1e-5d3c-4a58-9a3f-0d2f8e1b7a10"

        @staticmethod
        def get_remaining_time_in_millis() -> int:
            return 30_000

    run = import_module(f"lambda_functions.{handler}.handler").lambda_handler
    event: Any = _EVENT
    if handler in ("ingestion", "writer"):
        event = {"headers": {"X-Inter-Cloud-Token": _TOKEN}, "body": json.dumps(_EVENT), "isBase64Encoded": False}
    return lambda: run(event, Context())


def _bare(handler: str, url: str) -> Callable[[], Any]:
    payload = json.dumps(_EVENT).encode()
    if handler == "connector":
        import requests

        session = requests.Session()
        headers = {"X-Inter-Cloud-Token": _TOKEN, "Content-Type": "application/json"}
        return lambda: session.post(f"{url}/post", data=payload, headers=headers, timeout=10)
    import boto3

    if handler in ("persister", "writer"):
        dynamodb = boto3.client("dynamodb")
        item: Any = {
            name: {"N" if isinstance(value, int | float) else "S": str(value)} for name, value in _EVENT.items()
        }
        return lambda: dynamodb.put_item(TableName="factory-hot-iot-data", Item=item)
    functions = boto3.client("lambda")
    return lambda: functions.invoke(FunctionName="factory-x", InvocationType="Event", Payload=payload)


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        asyncio.run(_serve())
    else:
        json.dump(_timed(sys.argv[1], sys.argv[2]), sys.stderr)
