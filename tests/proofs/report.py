"""Spreads the cases of a proof over processes, each with an account of its own, and prints what came out."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tests.harness.account import Account

C = TypeVar("C")
_EVERY_SECONDS = 60


@dataclass
class Report:
    """Counts by heading, and what went wrong."""

    title: str
    counts: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    shown: float = field(default_factory=time.monotonic)
    _started: float = field(default_factory=time.monotonic)

    def add(self, outcome: Outcome) -> None:
        """Take in what one case found."""
        self.counts.update(outcome.counts)
        self.failures.extend(outcome.failures)

    def show(self) -> None:
        """Say how far it is: in place in a terminal, elsewhere by a line every minute."""
        counted = ", ".join(f"{heading} {count}" for heading, count in self.counts.items())
        line = f"{counted}, failures {len(self.failures)}"
        if sys.stderr.isatty():
            print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)
        elif time.monotonic() - self.shown >= _EVERY_SECONDS:
            self.shown = time.monotonic()
            print(line, file=sys.stderr, flush=True)

    def end(self) -> int:
        """Print the table; 0 if nothing went wrong, otherwise 1."""
        width = max(map(len, self.counts), default=0)
        print(f"\n{self.title}  ({time.monotonic() - self._started:.0f} s)")
        for heading, count in self.counts.items():
            print(f"  {heading:<{width}}  {count:>7,}")
        print(f"  {'failures':<{width}}  {len(self.failures):>7,}")
        for failure in self.failures[:20]:
            print(f"    {failure}", file=sys.stderr)
        return 1 if self.failures else 0


@dataclass
class Outcome:
    """What one case found: how much was tried, and one line for everything that is not as it must be."""

    counts: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def expect(self, holds: bool, failure: str) -> bool:
        """Note a failure unless it holds."""
        if not holds:
            self.failures.append(failure)
        return holds


def spread(cases: Iterable[C], check: Callable[[Account, C], Outcome], jobs: int, report: Report) -> None:
    """Check every case, on `jobs` processes; `check` is a module's own function."""
    if jobs == 1:
        with Account() as account:
            for case in cases:
                report.add(check(account, case))
                report.show()
        return
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), _open) as pool:
        for outcome in pool.map(_check, ((check, case) for case in cases)):
            report.add(outcome)
            report.show()


_account: Account


def _open() -> None:
    global _account  # one account per process, open until it ends
    _account = Account().__enter__()


def _check(work: tuple[Callable[[Account, Any], Outcome], Any]) -> Outcome:
    check, case = work
    return check(_account, case)


def options(description: str | None) -> argparse.ArgumentParser:
    """The options every proof has."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes to use (default: one a core)")
    return parser
