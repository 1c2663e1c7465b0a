"""One build of the site for all tests of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs import site as sites


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site."""
    return sites.build(tmp_path_factory.mktemp("site"))
