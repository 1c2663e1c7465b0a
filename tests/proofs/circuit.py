"""The shortest walk that makes every change between any two of the given states exactly once."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TypeVar

S = TypeVar("S")


def circuit(states: Sequence[S]) -> list[S]:
    """An Eulerian circuit of the complete directed graph (Hierholzer): n·(n-1) changes, ending where it began."""
    left = {state: [other for other in states if other != state] for state in states}
    walk: list[S] = []
    path = [states[0]]
    while path:
        if left[path[-1]]:
            path.append(left[path[-1]].pop())
        else:
            walk.append(path.pop())
    return walk[::-1]


def stretches(walk: Sequence[S], count: int) -> list[Sequence[S]]:
    """The walk in `count` parts of about equal length; each begins where the one before it ends."""
    changes = len(walk) - 1
    bounds = [changes * part // count for part in range(count + 1)]
    return [walk[start : end + 1] for start, end in itertools.pairwise(bounds)]
