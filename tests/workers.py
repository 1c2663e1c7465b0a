"""Shares the tests out among workers (`-p tests.workers`): what shares a cloud stays together, the longest come first.

Together are the tests of a file, and those of files that share what takes long to make. If something long came last,
one worker would be left alone with it.
"""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

_TOGETHER = (
    ("tests/e2e/",),
    ("tests/state_machines/",),
    ("tests/install/test_layers.py", "tests/install/test_clean_interpreter.py"),  # layers are fetched once
)
_LONGEST = (
    "tests/e2e/",
    "tests/proofs/",
    "tests/install/test_least_privilege.py",
    "tests/aws_proof/test_run.py",
    "tests/events/",
    "tests/state_machines/",
    "tests/docs/test_commands.py",
    "tests/install/test_layers.py",
    "tests/install/test_clean_interpreter.py",
    "tests/contract/test_contract.py",
    "tests/bench/",
    "tests/cli/test_replay.py",
    "tests/browser/test_site.py",
    "tests/local/test_cloud.py",
    "tests/install/test_install.py",
    "tests/install/test_template.py",
    "tests/unit/deploy_steps/test_comparison.py",
    "tests/cli/test_rotation.py",
)


class _ByCloud(LoadScopeScheduling):  # type: ignore[misc]
    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return next((group[0] for group in _TOGETHER if file.startswith(group)), file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Share them out in the order of the collection."""
    config.option.loadscopereorder = False
    return _ByCloud(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest first."""
    items.sort(key=lambda item: _rank(item.nodeid))


def _rank(nodeid: str) -> int:
    return next((rank for rank, path in enumerate(_LONGEST) if nodeid.startswith(path)), len(_LONGEST))
