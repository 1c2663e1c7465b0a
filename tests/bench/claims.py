"""What is claimed of the product's speed, each claim with what was measured and the limit that it is held to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.bench.counting import Count
from tests.bench.handlers import Warm
from tests.bench.imports import Import
from tests.bench.states import HISTORY_LIMIT, PAYLOAD_LIMIT
from tests.bench.walls import Walls

TAGS_APART = 4
"""Queue, log group, table and rule: AWS tells their tags by a call of its own."""
CONTROL_PLANE_LIMIT = 15
ENVIRONMENT_LIMIT = 4096


@dataclass(frozen=True)
class Claim:
    """One claim. `found` is compared with `limit`: it must not be more."""

    title: str
    found: float
    limit: float

    @property
    def holds(self) -> bool:
        """Whether it does."""
        return self.found <= self.limit


@dataclass(frozen=True)
class Measured:
    """Everything that was measured. `least` is a number of calls; `cold` are seconds: first deployment, no change."""

    counts: Sequence[Count]
    least: int
    resources: int
    cold: tuple[float, float]
    walls: Sequence[Walls]
    large_seconds: float
    large_busiest: int
    events_per_second: float
    imports: Sequence[Import]
    handlers: Sequence[Warm]

    def count(self, run: str, devices: int, own: int = 0) -> Count:
        """One of the counts."""
        return next(each for each in self.counts if (each.run, each.devices, each.own) == (run, devices, own))


def claims(found: Measured) -> Iterator[Claim]:
    """All of them, in the order of the page that explains them."""
    small, large = (found.count("first deployment", devices) for devices in (3, 10_000))
    again, own = found.count("no change", 3), found.count("first deployment", 10_000, 300)
    yield Claim("first deployment: calls with 10,000 devices, less those with 3", large.calls - small.calls, 0)
    yield Claim("first deployment: calls, by the least possible", small.calls / found.least, 2)
    yield Claim("no change: writing calls on the twin's resources", again.writes, 0)
    yield Claim("no change: reading calls, more than one for each resource", again.reads - found.resources, TAGS_APART)
    yield Claim(
        "no change: wall, by that of the first deployment (workers cold for both)", found.cold[1] / found.cold[0], 1 / 3
    )
    far = found.walls[-1]
    yield Claim(f"first deployment, {far.delay} ms a call: wall less engine, by the least possible", net(far), 3)
    yield Claim("10,000 devices, 300 with own code: events in a history", own.history, HISTORY_LIMIT)
    yield Claim("10,000 devices, 300 with own code: bytes of the largest payload", own.payload, PAYLOAD_LIMIT)
    yield Claim(
        "10,000 devices, 300 with own code: bytes of the largest environment", own.environment, ENVIRONMENT_LIMIT
    )
    yield Claim(
        "10,000 devices, 300 with own code: Lambda calls within a second", found.large_busiest, CONTROL_PLANE_LIMIT
    )
    for each in found.imports:
        yield Claim(f"import of the {each.handler}, by that of {each.needs}", each.ratio, 1.3)
    for warm in found.handlers:
        yield Claim(f"warm event in the {warm.handler}, by the bare call", warm.ratio, 1.2)


def net(walls: Walls) -> float:
    """A first deployment's wall without what the engine takes, by the least possible's."""
    return (walls.median("first") - walls.median("idle_first")) / walls.median("least")
