"""A request's patience ends before its receives do, however long a project has to be at rest."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from importlib.resources import files

import pytest

from deploy_steps.shared import patience

SECOND = timedelta(seconds=1)


def receives() -> int:
    """How often SQS hands a request over before it takes it away."""
    document = json.loads((files("orchestrator.install") / "events.template.json").read_text(encoding="utf-8"))
    return int(document["Resources"]["Requests"]["Properties"]["RedrivePolicy"]["maxReceiveCount"])


def rounds(pause: Callable[[timedelta], timedelta], patience_: timedelta) -> int:
    """How often a request is checked until its patience ends."""
    age, count = timedelta(), 0
    while age <= patience_:
        age, count = age + pause(age), count + 1
    return count


@pytest.mark.parametrize("quiet", [0, 1, 20, 900])
def test_waiting_ends_well_before_the_receives_do(quiet: int) -> None:
    checks = rounds(lambda age: patience.until_next_check(age, quiet * SECOND), patience.WAITING)

    assert receives() <= 1000
    assert checks < 0.6 * receives()


def test_a_worker_that_forgets_every_failure_still_tries_few_times() -> None:
    assert rounds(patience.until_next_try, patience.FAILING) < 25
    assert rounds(patience.until_next_try, patience.UNFINISHED) < 150


@pytest.mark.parametrize(
    ("age", "next_check", "next_try"),
    [
        pytest.param(0, 20, 30, id="new"),
        pytest.param(400, 40, 100, id="minutes old"),
        pytest.param(1800, 90, 450, id="half an hour old"),
        pytest.param(40_000, 90, 900, id="hours old"),
    ],
)
def test_the_intervals_grow_with_the_age(age: int, next_check: int, next_try: int) -> None:
    assert patience.until_next_check(age * SECOND, 20 * SECOND) == next_check * SECOND
    assert patience.until_next_try(age * SECOND) == next_try * SECOND


def test_a_request_that_is_due_at_once_is_still_left_in_peace_for_a_second() -> None:
    assert patience.until_next_check(timedelta(), timedelta()) == SECOND
