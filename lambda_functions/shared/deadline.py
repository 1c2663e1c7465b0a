"""How long an invocation may still run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Remaining = Callable[[], float]
"""Answers the seconds that are left."""

_WITHOUT_LAMBDA = 60.0


def remaining(context: Any) -> Remaining:
    """What Lambda's context says, in seconds; a fixed minute where no Lambda is (a test, a console)."""
    if not hasattr(context, "get_remaining_time_in_millis"):
        return lambda: _WITHOUT_LAMBDA
    return lambda: context.get_remaining_time_in_millis() / 1000
