"""Which addresses a set of processes listens on, as the operating system knows it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Collection
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path


def addresses(pids: Collection[int]) -> set[str]:
    """The `address:port` of every TCP socket on which one of the processes listens."""
    return _from_proc(pids) if Path("/proc/net/tcp").exists() else _from_lsof(pids)


def _from_proc(pids: Collection[int]) -> set[str]:
    owned = set()
    for pid in pids:
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                owned |= set(re.findall(r"socket:\[(\d+)\]", str(descriptor.readlink())))
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path("/proc/net", table).read_text().splitlines()[1:]:
            local, state, inode = (line.split()[column] for column in (1, 3, 9))
            if state == "0A" and inode in owned:  # 0A is LISTEN
                address, port = local.split(":")
                words = [bytes.fromhex(address)[at : at + 4][::-1] for at in range(0, len(address) // 2, 4)]
                found.add(f"{ip_address(b''.join(words))}:{int(port, 16)}")
    return found


def _from_lsof(pids: Collection[int]) -> set[str]:
    command = ["lsof", "-nP", "-a", "-iTCP", "-sTCP:LISTEN", "-Fn", "-p", ",".join(map(str, pids))]
    lines = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
    return {line[1:] for line in lines if line.startswith("n")}
