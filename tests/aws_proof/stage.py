"""What the acts of a run share: the command, the account, what is known so far, and where it is written down."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import boto3

from tests.aws_proof.account import Account
from tests.aws_proof.gluecode import CommandFailed, Gluecode, Said
from tests.aws_proof.journal import Steps, read
from tests.aws_proof.naming import Names
from tests.aws_proof.record import Act, Fault, Run, Wait

T = TypeVar("T")

_TELL_EVERY_SECONDS = 15.0


@dataclass(frozen=True)
class Patience:
    """How often is looked, and how long something may take, in seconds. On AWS little things may take minutes.

    `sending` says after how long an event that is not stored is sent again, and at last given up.
    """

    every: float
    event: float
    sending: tuple[float, ...]
    settle: float
    gone: float
    between_events: float


ON_AWS = Patience(every=3.0, event=420.0, sending=(60.0, 150.0, 420.0), settle=600.0, gone=300.0, between_events=5.0)
EMBEDDED = Patience(every=0.5, event=240.0, sending=(240.0,), settle=120.0, gone=2.0, between_events=1.0)


class DidNotCome(Exception):
    """Something that was waited for, and without which there is no going on."""


@dataclass(frozen=True)
class Target:
    """Where a run goes to: the session of boto3, and the environment of the commands."""

    session: boto3.Session
    endpoint: str | None
    environment: dict[str, str]
    patience: Patience

    @property
    def embedded(self) -> bool:
        """Whether it is a cloud on this machine."""
        return self.patience is EMBEDDED


@dataclass
class Known:
    """What later acts need of earlier ones."""

    install_begun: bool = False
    deploy_begun: bool = False
    project: Path = Path()
    url: str = ""
    token: str = ""
    trace_id: str = ""


@dataclass
class Stage:
    """`say` shows one line; `save` is called whenever something was written down."""

    names: Names
    target: Target
    folder: Path
    run: Run
    say: Callable[[str], None]
    save: Callable[[Run], object] = lambda _: None
    known: Known = field(default_factory=Known)
    secrets: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.act = Act("before the first act", datetime.now(UTC))
        self.account = Account(self.target.session, self.target.endpoint, self._failed)
        self.gluecode = Gluecode(
            self.folder, self.target.environment, lambda line: self.say(f"    {line}"), self._command_ran
        )

    @property
    def patience(self) -> Patience:
        """How long to wait."""
        return self.target.patience

    def client(self, service: str) -> Any:
        """The boto3 client of a service."""
        return self.account.client(service)

    def begin(self, title: str) -> Act:
        """Begin an act: from now on everything is written down there."""
        self.act = Act(title, datetime.now(UTC))
        self.run.acts.append(self.act)
        self.say(f"\n{len(self.run.acts)}. {title}")
        self.save(self.run)
        return self.act

    def end(self, outcome: str) -> None:
        """End the act."""
        self.act.outcome = outcome
        self.act.seconds = (datetime.now(UTC) - self.act.started).total_seconds()
        for difference in self.act.differences:
            self.say(f"  DIFFERENT: {difference}")
        self.say(f"  {outcome}, {self.act.seconds:.0f} s")
        self.save(self.run)

    def note(self, text: str) -> None:
        """Write down what is worth knowing."""
        self.act.notes.append(text)
        self.say(f"  {text}")

    def until(self, what: str, find: Callable[[], T | None], limit: float) -> T | None:
        """What `find` gives as soon as it is not None, or None after `limit` seconds. How long it took is kept."""
        begun = shown = time.monotonic()
        tries = 1
        while (found := find()) is None and time.monotonic() - begun < limit:
            if time.monotonic() - shown > _TELL_EVERY_SECONDS:
                shown = time.monotonic()
                self.say(f"    waiting for {what}, {shown - begun:.0f} s so far ...")
            time.sleep(self.patience.every)
            tries += 1
        if tries > 1 or found is None:
            self.act.waits.append(Wait(what, tries, time.monotonic() - begun, came=found is not None))
        return found

    def execute(self, *arguments: str, codes: Collection[int] = (0,)) -> tuple[Said, Steps]:
        """Run a command that starts an execution: what it said, and what the steps did. Raises CommandFailed."""
        said = self.gluecode.run(*arguments)
        steps = read(self.client("logs"), f"/{self.names.prefix}/steps", said.execution) if said.execution else Steps()
        self.act.steps.add(steps.calls, steps.writes)
        self.act.faults.update(steps.faults)
        self.act.waits += steps.waits
        if said.code not in codes or (said.code and not said.out.strip()):
            raise CommandFailed(said)
        return said, steps

    def _failed(self, fault: Fault) -> None:
        self.act.faults[fault] += 1

    def _command_ran(self, said: Said) -> None:
        self.act.commands.add(said.tally.calls, said.tally.writes)
        self.act.faults.update(said.faults)
