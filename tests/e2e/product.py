"""Runs the installed `gluecode` (and `aws`) as a person would, and reads what they say."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_PATIENCE_SECONDS = 240

# A shell starts what it runs in the background with SIGINT ignored, and children inherit that. Tests that press Ctrl-C
# undo it by this prefix; it becomes the command, under the same process id.
INTERRUPTIBLE = (
    sys.executable,
    "-c",
    "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])",
)
_KEPT = ("PATH", "HOME", "LANG", "TMPDIR")


@dataclass(frozen=True)
class Said:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The result of a command that was run with --json."""
        return json.loads(self.out)


@dataclass(frozen=True)
class Product:
    """An installed gluecode with a home of its own, run in `folder`."""

    command: Path
    home: Path
    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """Nothing of the environment that the tests run in, but what every program needs."""
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        return {**kept, "GLUECODE_HOME": str(self.home), "GLUECODE_LOCAL": "1", **self.variables}

    def run(self, *arguments: str) -> Said:
        """Run `gluecode` with these arguments."""
        return self._run(str(self.command), *arguments)

    def done(self, *arguments: str) -> Any:
        """Run a command that must succeed, with --json. Returns its result."""
        said = self.run(*arguments, "--json")
        assert said.code == 0, f"gluecode {' '.join(arguments)}: {said.code}\n{said.out}\n{said.err}"
        return said.json

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start `gluecode` and do not wait for it. What it says comes on its standard error."""
        return subprocess.Popen(
            [*INTERRUPTIBLE, str(self.command), *arguments],
            cwd=self.folder,
            env={**self.environment, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def aws(self, *arguments: str) -> Any:
        """Run the official `aws` command with the exports of `gluecode local env`. Returns its JSON."""
        aws = Product(Path(sys.executable).with_name("aws"), self.home, self.folder, self._exported)
        said = aws.run(*arguments, "--output", "json")
        assert said.code == 0, f"aws {' '.join(arguments)}: {said.code}\n{said.out}\n{said.err}"
        return said.json if said.out.strip().startswith(("{", "[")) else said.out

    def sh(self, script: Path, *arguments: str) -> Said:
        """Run a shell script that knows the official `aws` command, and nothing of gluecode."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return Product(Path("/bin/sh"), self.home, self.folder, {**self._exported, "PATH": path}).run(
            str(script), *arguments
        )

    @functools.cached_property
    def _exported(self) -> dict[str, str]:
        exported: dict[str, str] = self.done("local", "env")
        return {**self.variables, **exported}

    def _run(self, *command: str) -> Said:
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENCE_SECONDS,
            check=False,
        )
        return Said(done.returncode, done.stdout, done.stderr)
