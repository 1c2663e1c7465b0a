"""One browser and one build of the site for all tests of this folder; without a Chromium they are skipped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import chromium, looking
from tests.browser.chromium import Page
from tests.browser.serving import serving
from tests.docs import site as sites

_HOW = "apt-get install chromium, or name one in CHROMIUM"


@pytest.fixture(scope="session")
def page() -> Iterator[Page]:
    """A tab of a headless Chromium."""
    command = chromium.find()
    if command is None:
        pytest.skip(f"there is no Chromium on this machine: {_HOW}")
    with chromium.running(command) as shown:
        yield shown


@pytest.fixture(scope="session")
def axe() -> None:
    """For tests that need axe-core."""
    if looking.axe() is None:
        pytest.skip("axe-core is not installed: make docs-proof installs it")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site."""
    return sites.build(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="session")
def address(site: Path) -> Iterator[str]:
    """Where the site is served."""
    with serving(site) as served:
        yield served
