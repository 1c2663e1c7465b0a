"""What the pages tell a reader to type works as it stands there, on the embedded cloud.

Two journeys: the five-minute start, and the operating pages in the order in which the navigation has them.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestrator.local import cloud
from tests.docs.blocks import Block, Shell, blocks, missing
from tests.docs.site import ROOT

_DOCS = ROOT / "docs"
START = list(blocks(_DOCS / "start.md", _DOCS))
OPERATING = [
    block
    for page in (
        "aws.md",
        "operating/index.md",
        "other-side/index.md",
        "operating/costs.md",
        "operating/what-to-do-when.md",
    )
    for block in blocks(_DOCS / page, _DOCS)
]


class Journey:
    """One reader's shell. After a block that failed, the later ones mean nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._home = folder, folder / "home"
        self._shell = Shell(folder, {"GLUECODE_HOME": str(self._home), "COLUMNS": "200"})
        self._lost = ""

    def follow(self, block: Block) -> None:
        """Type a block in, and look at what comes."""
        if self._lost:
            pytest.skip(f"{self._lost} failed before it")
        self._lost = str(block)
        if block.in_clone:
            self._shell.type(f"cd {ROOT}")
        printed, code = self._shell.type(block.commands)
        assert code == 0, f"{block} ends with {code}:\n{block.commands}\n{printed}"
        assert missing(block.printed, printed) == [], f"{block} printed:\n{printed}"
        if block.in_clone:
            self._shell.type(f"cd {self._folder}")
        self._wait_as_told(printed)
        self._lost = ""

    def _wait_as_told(self, printed: str) -> None:
        """Somebody who was told from when on a new token is accepted does not use it earlier."""
        told = re.search(r"From (\d\d:\d\d:\d\d) UTC on every function accepts it", printed)
        while told and f"{datetime.now(UTC):%H:%M:%S}" < told[1]:
            time.sleep(0.2)

    def end(self) -> None:
        """Stop the cloud, however far the journey came."""
        self._shell.close()
        cloud.down(self._home)


@pytest.fixture(scope="module")
def starting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journey]:
    """Somebody who has installed gluecode and read nothing yet."""
    yield from _journey(tmp_path_factory.mktemp("start"))


@pytest.fixture(scope="module")
def operating(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journey]:
    """Somebody who has an example project, and an account that is the embedded cloud."""
    for journey in _journey(tmp_path_factory.mktemp("operating")):
        journey.follow(Block("before", 0, "gluecode local up\ngluecode init my-twin"))
        yield journey


@pytest.mark.parametrize("block", START, ids=str)
def test_the_five_minute_start_works_as_it_stands(starting: Journey, block: Block) -> None:
    starting.follow(block)


@pytest.mark.skipif(os.environ.get("GLUECODE_DOCS") != "all", reason="it takes minutes: make docs-proof")
@pytest.mark.skipif(shutil.which("curl") is None, reason="the pages use curl")
@pytest.mark.parametrize("block", OPERATING, ids=str)
def test_the_operating_pages_work_as_they_stand(operating: Journey, block: Block) -> None:
    operating.follow(block)


def _journey(folder: Path) -> Iterator[Journey]:
    journey = Journey(folder)
    try:
        yield journey
    finally:
        journey.end()
