"""Runs the `gluecode` command as a person does, shows what it says meanwhile, and counts its AWS calls."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from tests.aws_proof import recorder
from tests.aws_proof.account import writes
from tests.aws_proof.record import Fault, Tally

_GOODBYE_SECONDS = 60
_LAST_LINES = 12
_STARTED = re.compile(r"(?:deployment|removal|inspection) (\S+) \((?:started|joined)")


@dataclass(frozen=True)
class Said:
    """What a command came to: its result, and the last lines of what it said meanwhile. `execution` is the name of the
    one that it has started or joined; empty if none.
    """

    command: str
    code: int
    out: str
    err: str
    tally: Tally
    faults: tuple[Fault, ...]
    execution: str = ""

    @property
    def error(self) -> str:
        """Its error, or, where it says of none, the last lines."""
        start = self.err.find("error: ")
        return self.err[start:] if start >= 0 else self.err

    @property
    def json(self) -> Any:
        """Its result, from --json."""
        return json.loads(self.out)


class CommandFailed(Exception):
    """A command that has to succeed did not."""

    def __init__(self, said: Said) -> None:
        super().__init__(f"`{said.command}` ended with exit code {said.code}. {' '.join(said.error.split())}")


class Gluecode:
    """The command of this checkout, for one installation. `heard` gets each of its lines, `ran` what it came to."""

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str],
        heard: Callable[[str], None],
        ran: Callable[[Said], None],
    ) -> None:
        self.folder, self.environment = folder, dict(environment)
        self._heard, self._ran = heard, ran

    def done(self, *arguments: str, env: Mapping[str, str] | None = None) -> Any:
        """Run a command that must succeed, with --json. Returns its result. Raises CommandFailed."""
        said = self.run(*arguments, env=env)
        if said.code != 0:
            raise CommandFailed(said)
        return said.json

    def run(self, *arguments: str, env: Mapping[str, str] | None = None, quiet: bool = False) -> Said:
        """Run a command with --json, whatever it comes to. KeyboardInterrupt ends it as Ctrl-C does."""
        with tempfile.TemporaryDirectory() as scratch:
            calls = Path(scratch) / "calls"
            # In a session of its own, so that Ctrl-C in the terminal reaches this process alone, which passes it on.
            with subprocess.Popen(
                [sys.executable, "-P", recorder.__file__, str(calls), *arguments, "--json"],
                cwd=self.folder,
                env={**self.environment, **(env or {}), "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            ) as process:
                out, lines = self._listen(process, (lambda _: None) if quiet else self._heard)
            recorded, last = _recorded(calls, arguments[0]), "\n".join(lines[-_LAST_LINES:])
            said = Said(self._shown(arguments), process.returncode, out, last, *recorded, _execution(lines))
        self._ran(said)
        return said

    def _shown(self, arguments: Iterable[str]) -> str:
        """As it can be typed in again."""
        return f"GLUECODE_PREFIX={self.environment.get('GLUECODE_PREFIX', '')} gluecode {shlex.join(arguments)}"

    def _listen(self, process: subprocess.Popen[str], heard: Callable[[str], None]) -> tuple[str, list[str]]:
        assert process.stdout is not None
        assert process.stderr is not None
        lines: list[str] = []
        thread = threading.Thread(target=_tell, args=(process.stderr, lines, heard), daemon=True)
        thread.start()
        try:
            out = process.stdout.read()
        except BaseException:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(_GOODBYE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
            raise
        thread.join()
        return out, lines


def _execution(lines: Iterable[str]) -> str:
    """From a line like `deployment my-twin-0123 (started)`."""
    return next((found[1] for line in lines if (found := _STARTED.match(line))), "")


def _tell(stream: IO[str], lines: list[str], heard: Callable[[str], None]) -> None:
    for line in stream:
        lines.append(line.rstrip())
        heard(line.rstrip())


def _recorded(calls: Path, command: str) -> tuple[Tally, tuple[Fault, ...]]:
    tally, faults = Tally(), []
    for line in map(json.loads, calls.read_text(encoding="utf-8").splitlines() if calls.exists() else ()):
        tally.add(1 + line["retries"], writes(line["call"].partition(":")[2]))
        if line["code"]:
            faults.append(Fault(f"gluecode {command}", line["call"], line["code"], line["message"], line["request_id"]))
    return tally, tuple(faults)
