"""The emulator's whole memory as a value: to come back to a deployed account without deploying again."""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterator
from typing import Any

from ministack.core.responses import AccountRegionScopedDict, AccountScopedDict

Memory = dict[tuple[str, str], Any]


def save() -> Memory:
    """A copy of everything that every account of the emulator holds."""
    return {key: copy.deepcopy(store._data) for key, store in _stores() if store._data}


def restore(memory: Memory) -> None:
    """Make the emulator hold exactly that again."""
    for key, store in _stores():
        store._data = copy.deepcopy(memory.get(key, {}))


def _stores() -> Iterator[tuple[tuple[str, str], Any]]:
    for module_name, module in list(sys.modules.items()):
        if module_name.startswith("ministack.services."):
            for name, value in vars(module).items():
                if isinstance(value, AccountScopedDict | AccountRegionScopedDict):
                    yield (module_name, name), value
