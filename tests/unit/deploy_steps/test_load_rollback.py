"""A failed deployment goes back to the last one that succeeded, or to nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from deploy_steps.shared import settings
from deploy_steps.tasks import load_rollback, record_outcome, record_start
from tests.state_machines.example import planned
from tests.unit.deploy_steps.conftest import TWIN, Account
from tests.unit.deploy_steps.test_record import done, event

FAILURE = {"Error": "Rejected", "Cause": "no such topic"}


def load(state: dict[str, Any]) -> dict[str, Any]:
    """Run the task."""
    return load_rollback.handler({"run": "run-2", "dry_run": False, "state": state}, None)


def test_the_last_successful_plan_comes_back_under_the_present_run(account: Account) -> None:
    record_start.handler(event(planned(("aws", "aws", "aws"))), None)
    record_outcome.handler(event(done(planned(("aws", "aws", "aws")))), None)
    failed = done(planned(("gcp", "gcp", "aws")), failure=FAILURE) | {"run": "run-2", "drain_seconds": 9}

    plan = load(failed)

    assert plan["providers"]["layer_1_provider"] == "aws"
    assert (plan["run"], plan["drain_seconds"], plan["results"]) == ("run-2", 9, {})
    assert plan["rolled_back_from"] == FAILURE
    assert "failure" not in plan
    assert "nothing_to_go_back_to" not in plan


def test_without_one_no_layer_stays_on_aws(account: Account) -> None:
    plan = load(done(planned(("aws", "aws", "aws")), failure=FAILURE))

    assert set(plan["providers"].values()) == {"nowhere"}
    assert (plan["secrets"], plan["device_processors"]) == ([], [])
    assert plan["nothing_to_go_back_to"]
    assert plan["functions"]["writer"]["name"] == f"{TWIN}-writer"
    assert not {"failure", "previous"} & set(plan)


def test_a_rollback_waits_until_no_step_beside_the_failed_one_can_be_at_work(account: Account) -> None:
    before = datetime.now(UTC)

    plan = load(done(planned(("aws", "aws", "aws")), failure=FAILURE))

    ended_by = datetime.strptime(plan["steps_ended_by"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert ended_by > before + timedelta(seconds=settings.STEP_SECONDS - 1)  # whole seconds, as Step Functions reads
