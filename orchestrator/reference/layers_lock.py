"""Writes the lock file of the layers: the versions of requirements.lock, with the hashes of the wheels for Lambda.

A developer's tool: `python -m orchestrator.reference.layers_lock requirements.lock`. The lock names no package index.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from orchestrator.install.layers import AWS_RUNTIME, FUNCTIONS, LOCK, PYDANTIC
from orchestrator.install.packages import folder

_COMPILED = "pydantic-core"
_PLATFORMS = ("manylinux2014_aarch64", "manylinux2014_x86_64")


def main(requirements: Path) -> None:
    """Write the lock file of the layers, for the versions that `requirements` pins."""
    lines = []
    for name in sorted({*FUNCTIONS, *PYDANTIC}):
        pin = f"{name}=={_pinned(name, requirements)}"
        platforms = _PLATFORMS if name == _COMPILED else ("any",)
        hashes = sorted({_hash(pin, platform) for platform in platforms})
        lines.append(" \\\n".join([pin, *(f"    --hash=sha256:{each}" for each in hashes)]))
    (folder("orchestrator.install") / LOCK).write_text("\n".join(lines) + "\n")


def _pinned(name: str, requirements: Path) -> str:
    found = re.search(rf"^{re.escape(name)}==([^\s;]+)", requirements.read_text(), re.MULTILINE | re.IGNORECASE)
    if not found:
        raise SystemExit(f"{requirements} pins no {name}.")
    return found[1]


def _hash(pin: str, platform: str) -> str:
    with tempfile.TemporaryDirectory() as wheels:
        command = [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"),
            *("--platform", platform, "--python-version", AWS_RUNTIME.removeprefix("python")),
            *("--implementation", "py" if platform == "any" else "cp", "--dest", wheels, pin),
        ]
        subprocess.run(command, check=True)
        (wheel,) = Path(wheels).iterdir()
        return hashlib.sha256(wheel.read_bytes()).hexdigest()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
