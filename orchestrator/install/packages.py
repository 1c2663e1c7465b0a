"""Builds the zips of our own code: one for the step tasks, one for the functions of a twin.

They are built from the imported packages, so an editable checkout and a wheel in site-packages give the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold
_MODE = 0o644 << 16  # Lambda needs files that everyone can read
_UNIX = 3
_SUFFIXES = {".py", ".json", ".css"}

# What the step tasks import of the orchestrator: deciding is pure and runs in the load-project task too.
_DECIDING = ("__init__.py", "core")
# What one of them draws the report of a run with.
_REPORTING = ("graphs", "report")
# Conditions of events are checked by the same code when a project is validated and when an event arrives; both reach
# AWS by the same means.
_SHARED = ("__init__.py", "aws/__init__.py", "aws/sdk.py", "shared/__init__.py", "shared/conditions.py")


@dataclass(frozen=True)
class Package:
    """A zip, addressed by its content."""

    name: str
    content: bytes

    @property
    def key(self) -> str:
        """Where it lies in the artifact bucket."""
        return f"code/{self.name}-{hashlib.sha256(self.content).hexdigest()[:32]}.zip"

    @property
    def sha256(self) -> str:
        """The checksum as Lambda reports it in CodeSha256 (base64)."""
        return base64.b64encode(hashlib.sha256(self.content).digest()).decode()


def tasks() -> Package:
    """The code of every step task: deploy_steps, and what it imports of the other packages."""
    content = {
        **_sources("deploy_steps"),
        **_sources("orchestrator", (*_DECIDING, *_REPORTING)),
        **_sources("state_machines"),
        **_sources("lambda_functions", _SHARED),
    }
    return Package("tasks", zipped(content))


def functions() -> Package:
    """The code of every function of a twin."""
    return Package("functions", zipped(_sources("lambda_functions")))


def zipped(content: Mapping[str, bytes]) -> bytes:
    """A zip that depends on the content alone. Stored, not deflated: zlib's output differs between its builds."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(content):
            entry = zipfile.ZipInfo(path, _EPOCH)
            entry.external_attr = _MODE
            entry.create_system = _UNIX
            archive.writestr(entry, content[path])
    return buffer.getvalue()


def folder(package: str) -> Path:
    """Where a package of ours lies on this machine."""
    return Path(str(files(package)))


def _sources(package: str, parts: tuple[str, ...] = ("",)) -> dict[str, bytes]:
    """The source files of a package, or of the named modules and sub-packages in it, by their path in a zip."""
    root = folder(package)
    found = [path for part in parts for path in _files(root / part)]
    return {f"{package}/{path.relative_to(root).as_posix()}": path.read_bytes() for path in found}


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return [each for each in path.rglob("*") if each.suffix in _SUFFIXES and each.is_file()]
