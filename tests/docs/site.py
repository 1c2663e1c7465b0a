"""Builds the documentation's site as `make docs` does, in a folder of a test's own, and reads it as a browser would."""

from __future__ import annotations

import functools
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).parents[2]


def build(folder: Path) -> Path:
    """The site, built from a copy in `folder`. A warning of the generator is an error."""
    for part in ("docs", "examples"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "zensical.toml", folder)
    built = subprocess.run(
        [Path(sys.executable).with_name("zensical"), "build", "--strict"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert built.returncode == 0, f"{built.stdout}\n{built.stderr}"
    return folder / "site"


def pages(site: Path) -> list[str]:
    """The pages' paths in the site."""
    return sorted(str(path.relative_to(site)) for path in site.rglob("*.html"))


@dataclass
class Document:
    """What a page refers to, what it loads, and what can be referred to in it."""

    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)
    text: str = ""


@functools.cache
def read(path: Path) -> Document:
    """Read a page."""
    reader = _Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    return reader.found


def target(page: str, link: str) -> tuple[str, str] | None:
    """The page and the anchor that a link leads to, or None if it leaves the site."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return None
    path = unquote(parts.path)
    if not path:
        return page, unquote(parts.fragment)
    there = Path("/", page).parent.joinpath(path).resolve()
    return str(there.relative_to("/")), unquote(parts.fragment)


def neighbours(site: Path, page: str) -> Iterator[tuple[str, str]]:
    """Where the links of a page lead, inside the site."""
    for link in read(site / page).links:
        there = target(page, link)
        if there is not None:
            yield there


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found = Document()
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if "id" in given:
            self.found.anchors.add(given["id"])
        if tag == "a" and "name" in given:
            self.found.anchors.add(given["name"])
        if tag == "a" and "href" in given:
            self.found.links.append(given["href"])
        if tag == "link" and given.get("rel") != "canonical":
            self.found.loaded.append(given["href"])
        if "src" in given:
            self.found.loaded.append(given["src"])
        self._hidden += tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.found.text += data
