"""A step's journal: one line of JSON, whatever happens, with nothing in it that must stay secret."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deploy_steps import errors
from deploy_steps.contract import Change, Result
from deploy_steps.task import journal
from tests.contract import rows_functions as functions
from tests.contract import rows_stores as stores
from tests.contract.world import World


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The journal so far."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def without_clock(line: dict[str, Any]) -> dict[str, Any]:
    """A line but for when it was and how long it took."""
    return {key: value for key, value in line.items() if key not in {"started", "seconds"}}


def test_a_step_writes_one_line_with_its_outcome_its_changes_and_its_calls(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = stores.LOG_GROUP.spec(world)
    world.create(stores.LOG_GROUP.kind, spec)
    world.create(stores.LOG_GROUP.kind, {**spec, "retention_days": 90})

    first, second = lines(capsys)

    common = {"step": "log-group", "verb": "create", "run": "test", "name": spec["name"]}
    assert without_clock(first) == {**common, "outcome": "created", "changes": [], "calls": 3, "writes": 2}
    change = {"field": "retention_days", "before": 30, "after": 90}
    assert without_clock(second) == {**common, "outcome": "updated", "changes": [change], "calls": 3, "writes": 1}
    assert second["started"] >= first["started"] > 0
    assert first["seconds"] >= 0


def test_a_dry_run_says_that_it_is_one(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.create(stores.LOG_GROUP.kind, stores.LOG_GROUP.spec(world), dry_run=True)

    (line,) = lines(capsys)

    assert (line["dry_run"], line["outcome"], line["writes"]) == (True, "created", 0)


def test_a_step_that_fails_says_for_what_and_why(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    spec = stores.LOG_GROUP.spec(world)

    with (
        world.failing("AccessDeniedException", 403, "no logs for you", when=lambda call: call.writes),
        pytest.raises(errors.AccessDenied),
    ):
        world.create(stores.LOG_GROUP.kind, spec)

    (line,) = lines(capsys)
    assert (line["name"], line["outcome"], line["error"]) == (spec["name"], "failed", "AccessDenied")
    assert line["message"] == "CreateLogGroup: no logs for you (AccessDeniedException)"
    assert (line["calls"], line["writes"]) == (2, 1)


def test_a_step_that_must_wait_tells_what_it_has_achieved_since_its_retry_will_find_it_done(
    capsys: pytest.CaptureFixture[str],
) -> None:
    made = Result("hot-table", "twin-hot-iot-data", "created", (Change("billing_mode", "A", "B"),))

    with pytest.raises(errors.NotReady), journal({"run": "r"}, "hot-table", "create"):
        raise errors.NotReady("The table is CREATING.", made)

    (line,) = lines(capsys)
    assert without_clock(line) == {
        "step": "hot-table",
        "verb": "create",
        "run": "r",
        "name": "twin-hot-iot-data",
        "outcome": "created",
        "changes": [{"field": "billing_mode", "before": "A", "after": "B"}],
        "error": "NotReady",
        "message": "The table is CREATING.",
        "calls": 0,
        "writes": 0,
    }


def test_what_only_the_execution_knows_completes_the_spec(world: World) -> None:
    functions.prepare_function(world)
    spec = functions.function(world)
    known = {"configuration_layer": spec.pop("configuration_layer")}

    answer = functions.FUNCTION.kind.task("create")({"run": "test", "spec": spec, "resolved": known}, None)

    layers = world.hand("lambda").get_function(FunctionName=spec["name"])["Configuration"]["Layers"]
    assert answer["outcome"] == "created"
    assert [layer["Arn"] for layer in layers] == [*spec["layers"], known["configuration_layer"]]


@pytest.mark.parametrize("event", [{}, {"spec": "text"}, {"identity": {"name": "x"}}])
def test_an_event_without_a_spec_is_refused_in_words(event: dict[str, Any]) -> None:
    with pytest.raises(errors.InvalidInput, match="log-group create: the event has no 'spec' object"):
        stores.LOG_GROUP.kind.task("create")(event, None)
