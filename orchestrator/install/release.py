"""Names what an installation is made from, so that an older one can be told from this gluecode."""

from __future__ import annotations

import hashlib
from importlib.metadata import version

from orchestrator.install import packages
from orchestrator.install.layers import LOCK
from orchestrator.install.machines import machines


def release() -> str:
    """The version, and a digest of everything that is installed: `0.1.0+3f9c2a7b5d10`."""
    whole = hashlib.sha256()
    for content in (packages.tasks().content, packages.functions().content, *_definitions(), *_installer()):
        whole.update(hashlib.sha256(content).digest())
    return f"{version('multicloud-gluecode')}+{whole.hexdigest()[:12]}"


def _definitions() -> list[bytes]:
    return [f"{machine.name}\0{machine.definition}".encode() for machine in machines()]


def _installer() -> list[bytes]:
    root = packages.folder("orchestrator.install")
    return [path.read_bytes() for path in (*sorted(root.glob("*.py")), *sorted(root.glob("*.json")), root / LOCK)]
