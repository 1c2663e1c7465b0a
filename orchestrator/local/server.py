"""Runs the embedded cloud: ministack in this process, on one loopback port, with our shim.

`python -m orchestrator.local.server` runs it in the foreground; `orchestrator.local.cloud` runs it in the background.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import secrets
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from deploy_steps.shared.settings import STEP_SECONDS

HOST = "127.0.0.1"
IDENTITY_PATH = "/_gluecode/identity"

AsgiApp = Callable[[Any, Any, Any], Awaitable[None]]


@dataclass(frozen=True)
class Settings:
    """How an embedded cloud is run. What a person can see of AWS there, and how fast its clocks go.

    `async_retry_seconds` is the pause before the first retry of an asynchronous invocation (AWS: 60), doubling;
    `wait_scale` multiplies Step Functions' waits and retry delays, and the rates of EventBridge's schedules; at most
    `async_workers` asynchronous invocations run at a time.
    """

    port: int = 0
    region: str = "us-east-1"
    account: str = "000000000000"
    enforce_iam: bool = False
    async_retry_seconds: float = 1.0
    wait_scale: float = 1.0
    async_workers: int = 16

    def arguments(self) -> list[str]:
        """The command line that says the same, without the port: its socket is handed over."""
        values = {name: value for name, value in asdict(self).items() if name not in ("port", "enforce_iam")}
        switches = ["--enforce-iam"] if self.enforce_iam else []
        return [*switches, *(f"{_flag(name)}={value}" for name, value in values.items())]


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def listen(port: int) -> socket.socket:
    """A socket that listens on 127.0.0.1, on a free port where `port` is 0. OSError when the port is taken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        # On Linux and macOS this allows a port whose last connections are still closing, not one that is in use.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(1024)
    except OSError:
        listener.close()
        raise
    return listener


def environment(settings: Settings, port: int, scratch: Path) -> dict[str, str]:
    """Everything that ministack and the Lambda workers under it see of this machine, and nothing else of it."""
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH") if name in os.environ}
    return kept | {
        "PATH": os.defpath,
        "HOME": str(scratch),  # a worker's boto3 must not find the developer's ~/.aws
        "TMPDIR": str(scratch),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
        "BIND_HOST": HOST,
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": HOST,
        "MINISTACK_REGION": settings.region,
        "MINISTACK_ACCOUNT_ID": settings.account,
        "AUTH": str(settings.enforce_iam).lower(),
        "IOT_MTLS_ENABLED": "0",  # its MQTT listener would bind 0.0.0.0
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": f"unix://{scratch}/no-docker",  # at its start ministack removes containers labelled as its own
        "STATE_DIR": str(scratch / "state"),
        "S3_DATA_DIR": str(scratch / "s3"),
        "LAMBDA_WARM_TTL_SECONDS": "60",
        "LAMBDA_ASYNC_RETRY_BASE_SECONDS": str(settings.async_retry_seconds),
        "SFN_WAIT_SCALE": str(settings.wait_scale),
        # Lambda functions may talk plain HTTP to this machine (Function URLs, the stand-in for a remote cloud).
        "GLUECODE_ALLOW_LOOPBACK_HTTP": "1",
        "GLUECODE_STEP_SECONDS": str(STEP_SECONDS * settings.wait_scale),  # who waits for a step waits that much less
    }


def identity(nonce: str, version: str) -> dict[str, Any]:
    """What the identity endpoint answers: it proves that this process is the one that somebody started."""
    return {"nonce": nonce, "pid": os.getpid(), "version": version}


def with_identity(app: AsgiApp, answer: dict[str, Any]) -> AsgiApp:
    """The same application, which also answers on the identity endpoint."""
    body = json.dumps(answer).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]

    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"] == IDENTITY_PATH:
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": body})
        else:
            await app(scope, receive, send)

    return wrapped


def serve(listener: socket.socket, settings: Settings, nonce: str, scratch: Path) -> None:
    """Serve until SIGTERM or SIGINT, then stop the Lambda workers. Replaces this process's environment."""
    port = listener.getsockname()[1]
    os.environ.clear()
    os.environ.update(environment(settings, port, scratch))
    tempfile.tempdir = str(scratch)

    from orchestrator.local import shim  # ministack reads the environment when it is imported

    logging.getLogger().setLevel(logging.WARNING)
    patched = shim.install(f"http://{HOST}:{port}", settings.async_workers, settings.wait_scale)
    app = with_identity(patched, identity(nonce, shim.VERSION))
    try:
        asyncio.run(_serve(app, listener))
    finally:
        shim.stop_workers()


async def _serve(app: AsgiApp, listener: socket.socket) -> None:
    from hypercorn.asyncio import serve as hypercorn_serve
    from hypercorn.config import Config

    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 0.2
    config.loglevel = "WARNING"
    stopped = asyncio.Event()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(wanted, stopped.set)
    await hypercorn_serve(app, config, shutdown_trigger=stopped.wait)


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m orchestrator.local.server", description=__doc__)
    names = [each.name for each in fields(Settings)]
    helps = {"port": "port on 127.0.0.1 (0: a free one)", "enforce_iam": "deny what IAM policies do not allow"}
    for name in names:
        default = getattr(Settings, name)
        value: dict[str, Any] = {"action": "store_true"} if default is False else {"type": type(default)}
        parser.add_argument(_flag(name), default=default, help=helps.get(name), **value)
    parser.add_argument("--listener", type=int, help="a listening socket to take over (a file descriptor)")
    parser.add_argument("--nonce", default=secrets.token_hex(16), help="what the identity endpoint answers")
    parser.add_argument("--scratch", type=Path, help="directory for temporary files")
    given = parser.parse_args()

    listener = listen(given.port) if given.listener is None else socket.socket(fileno=given.listener)
    scratch = given.scratch or Path(tempfile.mkdtemp(prefix="gluecode-cloud-"))
    if given.listener is None:
        print(f"The embedded cloud listens on http://{HOST}:{listener.getsockname()[1]}", file=sys.stderr)  # noqa: T201  # a command
    serve(listener, Settings(**{name: getattr(given, name) for name in names}), given.nonce, scratch)
    if given.scratch is None:
        shutil.rmtree(scratch, ignore_errors=True)
    # Step Functions threads may still be waiting for a branch that ends in minutes; nothing of it outlives the process.
    os._exit(0)


if __name__ == "__main__":
    main()
