"""`python -m tests.loss`: sends events through three deployed twins while things fail, and counts where each one is."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator import failure_queue, replay
from tests.loss.ledger import Counts, Ledger
from tests.loss.scenarios import Scenario, scenarios
from tests.loss.world import World, world

WAVES = 20
_SENDERS = 6
_PATIENCE_SECONDS = 150.0  # longer than any function may take together with all of Lambda's retries
_POLL_SECONDS = 1.0
_MOST_REPLAYS = 6

Say = Callable[[str], None]


@dataclass
class Result:
    """One scenario: where its events were while things failed, and after the replay."""

    name: str
    under_faults: Counts
    after_replay: Counts
    replays: int = 0
    killed: int = 0
    seconds: float = 0.0


@dataclass
class Proof:
    """Everything that is printed."""

    results: list[Result] = field(default_factory=list)
    faults: dict[str, int] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Whether nothing was lost, nothing is there twice, and what was acknowledged is what is stored."""
        return bool(self.results) and all(each.under_faults.sound and each.after_replay.complete for each in self.results)


def prove(folder: Path, events: int, seed: int = 0, say: Say = lambda _: None) -> Proof:
    """Run all scenarios with that many events together."""
    proof = Proof()
    with world(folder, seed) as there, scenarios(there, events) as all_of_them:
        for scenario in all_of_them:
            proof.results.append(_Run(there, scenario, random.Random(seed), say).result())
        remote = (request.fault for request in all_of_them[2].requests() if request)
"""


