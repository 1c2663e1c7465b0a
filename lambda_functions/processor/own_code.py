"""A device's own code: `process(event) -> event` in `device_processor/process.py`, packed next to this package."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

Process = Callable[[dict[str, Any]], dict[str, Any] | None]

_MODULE = "device_processor.process"


def unchanged(event: dict[str, Any]) -> dict[str, Any]:
    """What happens to the events of a device without code of its own: nothing."""
    return event


def load() -> Process:
    """The device's own function, or `unchanged`. Whatever its import raises is raised: only its absence is no fault."""
    try:
        process: Process = import_module(_MODULE).process
    except ModuleNotFoundError as error:
        if error.name not in (_MODULE, _MODULE.partition(".")[0]):
            raise
        return unchanged
    return process
