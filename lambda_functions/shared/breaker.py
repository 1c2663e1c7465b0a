"""A circuit breaker: after several sends in a row that failed, let the next ones fail at once for a while.

Each worker has its own: a worker sends one event at a time, so there is nothing to coordinate. (Powertools' breaker
keeps its state in a DynamoDB table: a table per twin and a read in every cold start, to save each worker three sends.)
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal

State = Literal["closed", "half_open", "open"]

THRESHOLD = 3
COOLDOWN_SECONDS = 30.0


class Breaker:
    """Counts failures in a row. Closed: send. Open: do not. Half open: one send, tried once, decides."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._failures = 0
        self._failed_at = 0.0

    @property
    def state(self) -> State:
        """What a send that starts now may do."""
        if self._failures < THRESHOLD:
            return "closed"
        return "half_open" if self._clock() - self._failed_at >= COOLDOWN_SECONDS else "open"

    def succeeded(self) -> None:
        """The other side answered."""
        self._failures = 0

    def failed(self) -> None:
        """A send failed, with all its retries."""
        self._failures += 1
        self._failed_at = self._clock()
