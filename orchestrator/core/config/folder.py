"""Reads a project's folder on this machine into the mapping that `read_project` takes."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from orchestrator.core.config.faults import Fault, ProjectFaults
from orchestrator.core.config.processors import FOLDER, is_source


def read_folder(folder: Path) -> dict[str, bytes]:
    """The project's files by their path, with `/` between the parts. Whatever else lies in the folder is not opened.

    Raises ProjectFaults when there is no such folder, or a file in it cannot be read.
    """
    if not folder.is_dir():
        raise ProjectFaults([Fault(str(folder), "", "is not a folder.", "Name the folder that holds config.json.")])
    files: dict[str, bytes] = {}
    faults = []
    for path in (*folder.glob("*.json"), *_sources(folder)):
        name = path.relative_to(folder).as_posix()
        try:
            if stat.S_ISREG(path.stat().st_mode):
                files[name] = path.read_bytes()
        except OSError as error:
            faults.append(Fault(name, "", f"cannot be read: {error.strerror}.", "Make it readable, or remove it."))
    if faults:
        raise ProjectFaults(faults)
    return files


def _sources(folder: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(folder / FOLDER):
        for name in sorted(names):
            path = Path(parent, name)
            if is_source(path.relative_to(folder).as_posix()):
                yield path
