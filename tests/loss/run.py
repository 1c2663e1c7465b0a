"""Runs one scenario: sends its events while things fail, lets everything come to rest, then replays what failed."""

from __future__ import annotations

import math
import random
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from orchestrator.core.names import TwinNames
from orchestrator.operations import failure_queue, replay
from tests.loss.ledger import Counts, Ledger
from tests.loss.scenarios import Scenario

Say = Callable[[str], None]

_MOST_WAVES = 20
_SMALLEST_WAVE = 25
_SENDERS = 3
_PATIENCE_SECONDS = 180.0  # longer than a function can take, with every retry of Lambda's
_POLL_SECONDS = 1.0


@dataclass
class Result:
    """Where the events were while things failed and after the replay, and what had gone wrong meanwhile."""

    name: str
    under_faults: Counts
    after_replay: Counts
    replayed: int
    faults: Counter[tuple[str, str]] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def holds(self) -> bool:
        """Whether nothing was lost, nothing is there twice, and what was acknowledged is what is stored."""
        return self.under_faults.sound and self.after_replay.complete


class Run:
    """One scenario from its deployment to its last replay."""

    def __init__(self, scenario: Scenario, seed: int, say: Say) -> None:
        self._scenario = scenario
        self._aws = scenario.world.aws
        self._dice = random.Random(seed)
        self._say = say
        self._ledger = Ledger()
        self._killed = 0

    def result(self) -> Result:
        """Run it."""
        scenario, started = self._scenario, time.monotonic()
        self._say(f"{scenario.name}: deploying")
        scenario.deploy()
        before = scenario.faults_met()
        scenario.fail()
        self._send_all()
        under_faults = self._at_rest("under faults")
        scenario.finish_rotation()
        scenario.mend()
        replayed, after_replay = self._replay_all(under_faults)
        faults = scenario.faults_met() - before
        faults["worker", "killed"] = self._killed
        return Result(scenario.name, under_faults, after_replay, replayed, faults, time.monotonic() - started)

    def _send_all(self) -> None:
        scenario, size = self._scenario, max(_SMALLEST_WAVE, math.ceil(self._scenario.events / _MOST_WAVES))
        waves = math.ceil(scenario.events / size)
        with ThreadPoolExecutor(_SENDERS, thread_name_prefix="sender") as pool:
            for wave in range(waves):
                numbers = range(wave * size, min((wave + 1) * size, scenario.events))
                if wave == waves // 4:
                    numbers = self._break_down(numbers, pool)
                if wave == waves // 2:
                    scenario.begin_rotation()
                if wave == waves * 3 // 4:
                    scenario.switch_rotation()
                self._send_each(numbers, pool)
                self._killed += scenario.world.kill_a_worker(scenario.twin, self._dice)
                self._let_arrive(all_but=size)
                self._say(f"{scenario.name}: {numbers[-1] + 1:,} of {scenario.events:,} sent")

    def _break_down(self, numbers: range, pool: ThreadPoolExecutor) -> range:
        """Send the first of these events while something is out of order for good. Returns the others."""
        part = len(numbers) // 3
        self._scenario.break_down()
        self._send_each(numbers[:part], pool)
        self._let_arrive(all_but=0)
        self._scenario.fail()
        return numbers[part:]

    def _send_each(self, numbers: range, pool: ThreadPoolExecutor) -> None:
        for _ in pool.map(self._send, numbers):
            pass

    def _send(self, number: int) -> None:
        self._ledger.note_sent(number)
        if self._scenario.send(number):
            self._ledger.note_acknowledged(number)

    def _let_arrive(self, *, all_but: int) -> None:
        """Wait until no more than that many events are on their way, so that what fails meets events that move."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while len(self._ledger.acknowledged) - self._arrived() > all_but and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)

    def _arrived(self) -> int:
        """About how many events are stored or in a failure queue."""
        table = TwinNames(self._scenario.twin).hot_table
        pages = self._aws.client("dynamodb").get_paginator("scan").paginate(TableName=table, Select="COUNT")
        with failure_queue.find(self._aws, self._scenario.twin) as queue:
            waiting = queue.estimate + len(self._scenario.kept_elsewhere())
        return waiting + sum(int(page["Count"]) for page in pages)

    def _at_rest(self, when: str) -> Counts:
        """Wait until every acknowledged event is somewhere, or until nothing has moved for as long as anything can."""
        counts, moved_at = self._counts(), time.monotonic()
        while counts.lost and time.monotonic() - moved_at < _PATIENCE_SECONDS:
            time.sleep(_POLL_SECONDS)
            seen, counts = counts, self._counts()
            if counts != seen:
                moved_at = time.monotonic()
                self._say(f"{self._scenario.name}: {when}, {counts.stored:,} stored, {counts.queued:,} in the queue")
        return counts

    def _replay_all(self, counts: Counts) -> tuple[int, Counts]:
        """Replay as an operator would: again, as long as something comes back. Returns how many events went back in.

        Something does as long as a circuit breaker is open, which it may be for half a minute after everything works.
        """
        replayed, deadline = 0, time.monotonic() + _PATIENCE_SECONDS
        while not (counts.complete or counts.lost) and time.monotonic() < deadline:
            queue = failure_queue.find(self._aws, self._scenario.twin)
            handled = replay.replay(self._aws, self._scenario.twin, queue)
            replayed += sum(each.outcome == "replayed" for each in handled)
            self._scenario.deliver_elsewhere()
            counts = self._at_rest("replaying")
            time.sleep(_POLL_SECONDS)
        return replayed, counts

    def _counts(self) -> Counts:
        return self._ledger.counts(self._aws, self._scenario.twin, self._scenario.kept_elsewhere())
