"""The ways in which a remote cloud can be told to fail, each as often as wanted."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

Kind = Literal[
    "throttle",  # 429 with Retry-After: `seconds`
    "error",  # 500
    "unavailable",  # 503
    "redirect",  # 307 to `location`
    "slow",  # waits for `seconds`, then works as usual
    "drop_unread",  # closes the connection before it reads the body
    "drop_unanswered",  # reads the request and closes the connection, nothing done
    "lose_answer",  # does the work and closes the connection without an answer
]


@dataclass(frozen=True)
class Fault:
    """One way to fail: on which endpoint (both when None), how often (`times` None: always), how likely each time."""

    kind: Kind
    endpoint: str | None = None
    times: int | None = 1
    probability: float = 1.0
    seconds: float = 1.0
    location: str = ""

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Fault:
        """Build a fault from JSON. ValueError says what is wrong with it."""
        try:
            fault = cls(**data)
        except TypeError as error:
            raise ValueError(
                f"A fault is {{kind, endpoint?, times?, probability?, seconds?, location?}}: {error}"
            ) from error
        if fault.kind not in get_args(Kind):
            raise ValueError(f"Unknown kind of fault {fault.kind!r}; there are {', '.join(get_args(Kind))}.")
        return fault


class Faults:
    """What is still to go wrong, in order. The same seed gives the same dice. Threads may share it."""

    def __init__(self, seed: int = 0) -> None:
        self._dice = random.Random(seed)  # noqa: S311  # dice, not a secret
        self._lock = threading.Lock()
        self._planned: list[Fault] = []

    def plan(self, faults: Iterable[Fault]) -> None:
        """Replace what is still to go wrong."""
        with self._lock:
            self._planned = [fault for fault in faults if fault.times != 0]

    def planned(self) -> list[dict[str, Any]]:
        """What is still to go wrong, as JSON."""
        with self._lock:
            return [asdict(fault) for fault in self._planned]

    def next(self, endpoint: str) -> Fault | None:
        """What goes wrong with the next request to that endpoint, or None. It is then used up once."""
        with self._lock:
            for index, fault in enumerate(self._planned):
                if fault.endpoint in (None, endpoint) and self._dice.random() < fault.probability:
                    if fault.times is not None:
                        left = replace(fault, times=fault.times - 1)
                        self._planned[index : index + 1] = [left] if left.times else []
                    return fault
        return None
