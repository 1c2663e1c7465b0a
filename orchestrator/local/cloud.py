"""Starts, finds and stops the embedded cloud: AWS in a background process on this machine's loopback.

Everything in it lives in memory and is gone when it stops.
"""

from __future__ import annotations

import http.client
import importlib.util
import json
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.core.errors import GluecodeError
from orchestrator.local import processes, server
from orchestrator.local.home import Home, default_folder
from orchestrator.local.server import Settings

CREDENTIAL = "test"
INSTALL = "pip install 'multicloud-gluecode[local]'"
VOLATILE = "It keeps everything in memory: `gluecode local down` forgets it all."

_START_SECONDS = 30.0
_ANSWER_SECONDS = 5.0  # a busy machine must not make a living cloud look dead
_POLL_SECONDS = 0.02

_children: list[subprocess.Popen[bytes]] = []  # whoever started a process must also reap it


class PortTaken(GluecodeError):
    """The port that was asked for is in use by somebody else."""


class NotInstalled(GluecodeError):
    """This gluecode was installed without the embedded cloud's engine."""


class DidNotStart(GluecodeError):
    """The server ended, or did not answer in time. The text has the end of its log."""


@dataclass(frozen=True)
class Cloud:
    """One running embedded cloud. `nonce` tells it from every other process that ever had its port or its number."""

    endpoint: str
    pid: int
    region: str
    account: str
    enforces_iam: bool
    log_file: Path
    nonce: str


def up(home: Path | None = None, settings: Settings | None = None) -> Cloud:
    """Start the cloud of that home, or return the one that runs, which then keeps the settings it was started with.

    Returns when it answers. Two at once give one cloud. Errors: NotInstalled, PortTaken, DidNotStart.
    """
    place = _place(home)
    with place.locked():
        running = find(place.folder)
        if running:
            return running
        require_engine()
        _clean(place)
        return _start(place, settings or Settings())


def require_engine() -> None:
    """Raise NotInstalled unless the engine, an optional dependency, is installed. It is not imported."""
    if importlib.util.find_spec("ministack") is None:
        raise NotInstalled(f"The embedded cloud is not installed; `{INSTALL}` installs it.")


def down(home: Path | None = None) -> bool:
    """Stop the cloud of that home and its Lambda workers; everything in it is gone. False when none was running."""
    place = _place(home)
    if not place.folder.exists():
        return False
    with place.locked():
        running = find(place.folder)
        _clean(place)
        return running is not None


def find(home: Path | None = None) -> Cloud | None:
    """The cloud of that home, if it runs and proves that it is the one which was started there."""
    place = _place(home)
    state = place.read_state()
    try:
        if state and (identity := _identity(state["endpoint"])).get("nonce") == state["nonce"]:
            return Cloud(**state, pid=identity["pid"], log_file=place.log_file)
    except (KeyError, TypeError, ValueError, AttributeError):  # written by another version, or by hand
        return None
    return None


def is_at(endpoint: str) -> bool:
    """Whether an embedded cloud answers there, of whatever home."""
    return endpoint.startswith(f"http://{server.HOST}:") and "nonce" in _identity(endpoint)


def exports(cloud: Cloud) -> dict[str, str]:
    """The environment that makes boto3, the `aws` command and every other AWS tool use that cloud."""
    return {
        "AWS_ENDPOINT_URL": cloud.endpoint,
        "AWS_ACCESS_KEY_ID": CREDENTIAL,
        "AWS_SECRET_ACCESS_KEY": CREDENTIAL,
        "AWS_DEFAULT_REGION": cloud.region,
        "AWS_REGION": cloud.region,
    }


def _place(home: Path | None) -> Home:
    return Home((home or default_folder()).absolute())


def _start(place: Home, settings: Settings) -> Cloud:
    try:
        listener = server.listen(settings.port)
    except OSError as error:
        raise PortTaken(
            f"Port {settings.port} on {server.HOST} is in use by another program ({error.strerror}).",
            "Leave the port out, so that a free one is taken, or stop that program.",
        ) from error
    nonce = secrets.token_hex(16)
    scratch = place.scratch(nonce)
    scratch.mkdir(mode=0o700)
    state = {
        "endpoint": f"http://{server.HOST}:{listener.getsockname()[1]}",
        "region": settings.region,
        "account": settings.account,
        "enforces_iam": settings.enforce_iam,
        "nonce": nonce,
    }
    place.write_state(state)  # before there is a process, so that none is ever forgotten
    process = _launch(place, listener, scratch, ["--nonce", nonce, *settings.arguments()])
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        running = find(place.folder)
        if running:
            return running
        time.sleep(_POLL_SECONDS)
    _clean(place)
    raise DidNotStart(
        f"The embedded cloud did not start. The end of its log:\n{_tail(place.log_file)}",
        f"The whole log is in {place.log_file}. Once the cause is gone, run it again.",
    )


def _launch(place: Home, listener: socket.socket, scratch: Path, arguments: list[str]) -> subprocess.Popen[bytes]:
    # The socket is bound here and handed over, so nobody can take the port in between.
    handed_over = ["--listener", str(listener.fileno()), "--scratch", str(scratch)]
    with listener, place.log_file.open("wb") as log:
        place.log_file.chmod(0o600)
        process = subprocess.Popen(
            [sys.executable, "-m", "orchestrator.local.server", *handed_over, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[listener.fileno()],
            cwd=scratch,  # Python imports from where it is started: not from the folder a person happens to be in
            start_new_session=True,  # Ctrl-C in the terminal that started it must not stop it
        )
    _children.append(process)
    return process


def _clean(place: Home) -> None:
    """End what is left of the cloud that the state tells of, if anything is, and forget it."""
    state = place.read_state() or {}
    nonce = state.get("nonce")
    if isinstance(nonce, str) and re.fullmatch("[0-9a-f]{32}", nonce):
        # The nonce stands in the command line of the server, and in that of its Lambda workers as part of their path.
        processes.end(nonce)
        shutil.rmtree(place.scratch(nonce), ignore_errors=True)
    place.state_file.unlink(missing_ok=True)
    for child in list(_children):
        if child.poll() is not None:
            _children.remove(child)


def _identity(endpoint: str) -> dict[str, Any]:
    """What the process behind the endpoint says of itself; nothing when it is not one of ours."""
    address = endpoint.removeprefix("http://")
    try:
        with closing(http.client.HTTPConnection(address, timeout=_ANSWER_SECONDS)) as connection:
            connection.request("GET", server.IDENTITY_PATH)
            answer = json.loads(connection.getresponse().read(4096))
    except (OSError, http.client.HTTPException, ValueError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _tail(log: Path, lines: int = 20) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
