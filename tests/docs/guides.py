"""What a guide has its reader write: its table of files and its titled blocks, and applying them to a copy of the tree.

A block is titled with its file. A diff changes it: its hunks, divided by `@@`, are found by their own lines. Any other
block is the whole of a new file.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r'^```(\w+) title="([^"]+)"\n(.*?)^```$', re.DOTALL | re.MULTILINE)
_ROW = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)
_COPIED = ("deploy_steps", "lambda_functions", "orchestrator", "state_machines", "tests", "pyproject.toml")
_HEADING = "| file | what to add |\n"


@dataclass(frozen=True)
class Block:
    """One titled block."""

    language: str
    file: str
    content: str

    def apply(self, tree: Path) -> None:
        """Write the file, or change it. Raises AssertionError where a hunk does not fit exactly one place."""
        path = tree / self.file
        if self.language != "diff":
            assert not path.exists(), f"{self.file} is there already"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.content, encoding="utf-8")
            return
        text = path.read_text(encoding="utf-8")
        for before, after in _hunks(self.content):
            assert text.count(before) == 1, f"{self.file} has this {text.count(before)} times:\n{before}"
            text = text.replace(before, after)
        path.write_text(text, encoding="utf-8")


def blocks(page: Path) -> list[Block]:
    """The titled blocks of a page."""
    return [Block(*found.groups()) for found in _BLOCK.finditer(page.read_text(encoding="utf-8"))]


def listed(page: Path) -> list[str]:
    """The files of the page's table."""
    return _ROW.findall(page.read_text(encoding="utf-8").partition(_HEADING)[2].partition("\n\n")[0])


def copied(root: Path, tree: Path) -> None:
    """Copy what is edited and tested."""
    ignored = shutil.ignore_patterns("__pycache__", "node_modules")
    for name in _COPIED:
        if (root / name).is_dir():
            shutil.copytree(root / name, tree / name, ignore=ignored)
        else:
            shutil.copy2(root / name, tree / name)


def added(root: Path, tree: Path) -> dict[str, int]:
    """The files of the tree that differ, and how many lines each has more."""
    found = {}
    for path in sorted(each for each in tree.rglob("*") if each.is_file() and "__pycache__" not in each.parts):
        name = path.relative_to(tree)
        before = (root / name).read_bytes() if (root / name).exists() else b""
        if path.read_bytes() != before:
            found[name.as_posix()] = path.read_bytes().count(b"\n") - before.count(b"\n")
    return found


def _hunks(diff: str) -> Iterator[tuple[str, str]]:
    for hunk in diff.split("@@\n"):
        lines = [line or " " for line in hunk.splitlines()]
        yield _side(lines, " -"), _side(lines, " +")


def _side(lines: list[str], marks: str) -> str:
    return "".join(f"{line[1:]}\n" for line in lines if line[0] in marks)
