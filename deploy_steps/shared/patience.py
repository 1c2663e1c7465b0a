"""When a request that waits is checked again, and when waiting for it ends (pure).

Each check of a waiting request raises its receive count, and SQS takes a message away when that reaches the queue's
`maxReceiveCount`. So the intervals grow with the age of the request: its patience ends long before.
"""

from __future__ import annotations

from datetime import timedelta

WAITING = timedelta(hours=12)
"""How long a request may wait: the longest that three executions with a twin's lock take, one after the other."""

FAILING = timedelta(hours=1)
"""How long every check of a request may fail."""

UNFINISHED = timedelta(hours=24)
"""How long after its first receipt a request is checked at all. One whose check ends the worker has no other limit."""

_LONGEST_WAIT = timedelta(seconds=90)
_FIRST_RETRY, _LONGEST_RETRY = timedelta(seconds=30), timedelta(minutes=15)


def until_next_check(age: timedelta, quiet: timedelta) -> timedelta:
    """After how long a request of that age, which only waits, is checked again: a tenth of its age, within limits."""
    return max(quiet, timedelta(seconds=1), min(age / 10, _LONGEST_WAIT))


def until_next_try(age: timedelta) -> timedelta:
    """After how long a request whose check failed is checked again: a quarter of its age, within limits."""
    return min(max(age / 4, _FIRST_RETRY), _LONGEST_RETRY)
