"""The command blocks of a page, and a shell that types them in as they stand.

A block marked `.run` is typed in, one marked `.clone` in a clone of the repository. A block marked `.output` after it
is what must have been printed: numbers and ids differ from run to run, `…` stands for anything, and other lines may
lie between two lines.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

_FENCE = re.compile(r"^ *``` *\{ *\.(\w+) +\.(run|clone|output) *\}\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
_ID = re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b(?=[a-f]*[0-9])[0-9a-f]{8,}\b")
_NUMBER = re.compile(r"\d+(\.\d+)?")
_KEPT = ("PATH", "LANG", "TMPDIR")


@dataclass(frozen=True)
class Block:
    """Commands of a page, where they stand, and the lines that they must print."""

    page: str
    line: int
    commands: str
    in_clone: bool = False
    printed: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(page: Path, root: Path) -> Iterator[Block]:
    """The blocks of a page in their order."""
    text = page.read_text(encoding="utf-8")
    waiting: Block | None = None
    for found in _FENCE.finditer(text):
        if found[2] == "output":
            assert waiting is not None, f"{page}: an output before any command"
            yield replace(waiting, printed=tuple(found[3].splitlines()))
            waiting = None
            continue
        if waiting is not None:
            yield waiting
        line = text[: found.start()].count("\n") + 1
        waiting = Block(str(page.relative_to(root)), line, found[3], in_clone=found[2] == "clone")
    if waiting is not None:
        yield waiting


def missing(expected: tuple[str, ...], printed: str) -> list[str]:
    """The expected lines that are not there, or not in this order."""
    left = iter(printed.splitlines())
    return [line for line in expected if line.strip() != "…" and not any(_fits(line, one) for one in left)]


def _fits(expected: str, line: str) -> bool:
    parts = (re.escape(" ".join(part.split())) for part in _same(expected).split("…"))
    return re.fullmatch(".*".join(parts).replace(r"\ ", " *"), " ".join(_same(line).split())) is not None


def _same(line: str) -> str:
    """The line with all that differs from run to run made the same: ids, times, durations, counts."""
    return _NUMBER.sub("0", _ID.sub("id", line))


class Shell:
    """A bash that stays the same over all blocks: variables and functions of one are there in the next."""

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        path = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}"
        self._process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder,
            env={**kept, "HOME": str(folder), "PATH": path, **variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def type(self, commands: str) -> tuple[str, int]:
        """Type commands in. Returns what they printed and the last exit code; the first that fails ends the block."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        mark = "-- the block has ended"
        ended = f"trap 'code=$?; echo; echo \"{mark}: $code\"' EXIT"
        typed = f"{ended}\nset -e\n{{\n{commands}\n}} </dev/null\nset +e\ntrap - EXIT\necho; echo '{mark}: 0'\n"
        self._process.stdin.write(typed)
        self._process.stdin.flush()
        printed = ""
        for line in self._process.stdout:
            if line.startswith(mark):
                return printed, int(line.rpartition(" ")[2])
            printed += line
        return printed, -1

    def close(self) -> None:
        """End it, if it has not ended itself."""
        self._process.kill()
        self._process.communicate()
