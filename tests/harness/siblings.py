"""What AWS does when a branch of a Parallel or an iteration of a Map fails: it stops the siblings, but no Lambda.

The state fails at once. Its siblings begin nothing more; a task that had begun goes on, and its effects come late. The
emulator waits for every sibling instead.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from tests.harness.turns import Ends, Gate, Turns


class Siblings:
    """The branches of one Parallel, or the iterations of one Map."""

    def __init__(self) -> None:
        self.failed = Gate()


_OPENED: ContextVar[Siblings | None] = ContextVar("siblings", default=None)
_WITHIN: ContextVar[tuple[Siblings, ...]] = ContextVar("within", default=())


def ends() -> Ends:
    """What ends early of a thread that is started here."""
    opened = _OPENED.get()
    around = tuple(siblings.failed for siblings in _WITHIN.get())
    return Ends(around) if opened is None else Ends((*around, opened.failed), (opened.failed,))


def stopped() -> bool:
    """Whether a sibling has failed, so that nothing more begins here."""
    return any(siblings.failed.open for siblings in _WITHIN.get())


def together(run: Callable[..., Any]) -> Callable[..., Any]:
    """A Parallel or a Map whose branches are siblings."""

    def run_together(*arguments: Any) -> Any:
        reset = _OPENED.set(Siblings())
        try:
            return run(*arguments)
        finally:
            _OPENED.reset(reset)

    return run_together


def branch(turns: Callable[[], Turns], run: Callable[..., Any]) -> Callable[..., Any]:
    """A branch or iteration, run in a context of its own: what fails in it stops its siblings."""

    def run_branch(*arguments: Any) -> Any:
        if siblings := _OPENED.get():
            _WITHIN.set((*_WITHIN.get(), siblings))
            _OPENED.set(None)
        try:
            return run(*arguments)
        except Exception:
            if siblings and not siblings.failed.open:
                turns().stop(siblings.failed)
            raise

    return run_branch
