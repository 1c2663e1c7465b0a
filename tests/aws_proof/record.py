"""What is written down of a run: its acts with their times, calls, waits, errors and differences (pure data)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime


@dataclass
class Tally:
    """How many AWS calls, and how many of them write."""

    calls: int = 0
    writes: int = 0

    def add(self, calls: int, writes: int) -> None:
        """Count more."""
        self.calls += calls
        self.writes += writes


@dataclass(frozen=True)
class Fault:
    """An answer of AWS that is an error. `by` is who asked: a command, a step, or the proof itself.

    Those that differ in the request id alone are counted as one, and the first id is kept.
    """

    by: str
    call: str
    code: str
    message: str
    request_id: str = field(default="", compare=False)


@dataclass(frozen=True)
class Wait:
    """How long something took that was not there at once."""

    what: str
    tries: int
    seconds: float
    came: bool = True


@dataclass
class Act:
    """One act as it went. `differences` are what is not as expected, `notes` what is worth knowing otherwise."""

    title: str
    started: datetime
    seconds: float = 0.0
    outcome: str = "running"
    commands: Tally = field(default_factory=Tally)
    steps: Tally = field(default_factory=Tally)
    waits: list[Wait] = field(default_factory=list)
    faults: Counter[Fault] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def expect(self, holds: bool, difference: str) -> bool:
        """Write down a difference from what is expected, unless it holds."""
        if not holds:
            self.differences.append(difference)
        return holds


@dataclass
class Leftovers:
    """What is left at the end, by kind, with the commands that remove it; `unlisted` is what nobody could look at."""

    found: dict[str, list[str]] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)
    looked_at: tuple[str, ...] = ()
    unlisted: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass
class Run:
    """Everything about one run. `about` is what it ran on and with, in the order in which it is shown."""

    about: dict[str, str]
    account: str
    begun: datetime
    acts: list[Act] = field(default_factory=list)
    leftovers: Leftovers | None = None
    kept: list[str] = field(default_factory=list)
    stopped: str = ""

    @property
    def differences(self) -> list[str]:
        """What was not as expected, with the act in front."""
        return [f"{act.title}: {line}" for act in self.acts for line in act.differences]

    @property
    def good(self) -> bool:
        """Whether all went as expected, and nothing is left."""
        left = self.leftovers
        nothing_left = left is not None and not left.found and not left.unlisted
        return not self.stopped and not self.differences and (bool(self.kept) or nothing_left)
