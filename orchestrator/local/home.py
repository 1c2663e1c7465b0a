"""The folder that remembers the embedded cloud between commands: its state, its log, its lock, its temporary files."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


def default_folder() -> Path:
    """$GLUECODE_HOME, or ~/.gluecode."""
    return Path(os.environ.get("GLUECODE_HOME") or Path.home() / ".gluecode")


@dataclass(frozen=True)
class Home:
    """The files of one embedded cloud, all under `folder`. Only its owner can read them."""

    folder: Path

    @property
    def state_file(self) -> Path:
        """Where the running cloud is described."""
        return self.folder / "cloud.json"

    @property
    def log_file(self) -> Path:
        """What the server writes. Begins anew with every start."""
        return self.folder / "cloud.log"

    def scratch(self, nonce: str) -> Path:
        """The temporary files of one run of the cloud. Its name marks the processes that belong to it."""
        return self.folder / f"cloud-{nonce}"

    def create(self) -> None:
        """Make the folder, closed to others. An existing one is left as it is."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def read_state(self) -> dict[str, Any] | None:
        """The state that was written last; None when there is none, or none that can be read."""
        try:
            state = json.loads(self.state_file.read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return None
        return state if isinstance(state, dict) else None

    def write_state(self, state: dict[str, Any]) -> None:
        """Replace the state in one step: a reader sees the old one or the new one, never half of it."""
        fresh = self.state_file.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(state, file, indent=2)
        fresh.replace(self.state_file)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Wait for every other start or stop of this cloud to end. The lock goes with the process that holds it."""
        self.create()
        with os.fdopen(os.open(self.folder / "cloud.lock", os.O_WRONLY | os.O_CREAT, 0o600), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
