"""Finds processes by a mark in their command line, so that a number which the system gave away again fools nobody."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

_POLL_SECONDS = 0.02


def marked(*marks: str) -> list[int]:
    """The numbers of all running processes whose command line contains every mark; this process is never among them."""
    return sorted(pid for pid, command in _commands() if all(mark in command for mark in marks) and pid != os.getpid())


def end(*marks: str, patience_seconds: float = 3.0) -> None:
    """End all processes with these marks: ask with SIGTERM and give them time, then SIGKILL what is left.

    Returns when none runs any more, or after as much time again.
    """
    for wanted in (signal.SIGTERM, signal.SIGKILL):
        for pid in marked(*marks):
            with suppress(ProcessLookupError):
                os.kill(pid, wanted)
        deadline = time.monotonic() + patience_seconds
        while marked(*marks) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)


def _commands() -> list[tuple[int, str]]:
    proc = Path("/proc")
    if not (proc / "self" / "cmdline").exists():
        listing = subprocess.run(["ps", "-axww", "-o", "pid=,command="], capture_output=True, text=True, check=True)
        lines = (line.strip().partition(" ") for line in listing.stdout.splitlines())
        return [(int(pid), command) for pid, _, command in lines]
    found = []
    for entry in proc.iterdir():
        if entry.name.isdecimal():
            with suppress(OSError):  # it ended meanwhile, or is somebody else's
                # A process that has ended and still waits for its parent has an empty command line.
                found.append((int(entry.name), (entry / "cmdline").read_bytes().decode(errors="replace")))
    return found
