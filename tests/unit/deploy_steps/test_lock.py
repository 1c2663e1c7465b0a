"""One execution at a time works on a twin, and a lock does not outlive its holder."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from deploy_steps.errors import Conflict, Locked, NotReady
from deploy_steps.state import lock
from deploy_steps.tasks import release_lock, take_lock
from tests.unit.deploy_steps.conftest import ACCOUNT, REGION, TABLE, TWIN, Account

UNKNOWN = f"arn:aws:states:{REGION}:{ACCOUNT}:execution:gluecode-deploy:long-ago"


def running(account: Account, name: str) -> str:
    """The ARN of an execution that runs."""
    states = account.client("stepfunctions")
    definition = json.dumps({"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}}})
    role = f"arn:aws:iam::{ACCOUNT}:role/machines"
    machine = states.create_state_machine(name=f"machine-{name}", definition=definition, roleArn=role)
    return str(states.start_execution(stateMachineArn=machine["stateMachineArn"], name=name)["executionArn"])


def event(execution: str, *, dry_run: bool = False) -> dict[str, Any]:
    """What the state machine hands over."""
    return {"run": "a-run", "dry_run": dry_run, "twin": TWIN, "execution": execution}


def test_a_free_lock_is_taken(account: Account) -> None:
    assert take_lock.handler(event(UNKNOWN), None)["outcome"] == "created"

    held = account.item("lock") or {}
    assert held["execution"] == UNKNOWN
    assert held["since"].startswith("20")


def test_whoever_holds_the_lock_may_take_it_again(account: Account) -> None:
    take_lock.handler(event(UNKNOWN), None)

    assert take_lock.handler(event(UNKNOWN), None)["outcome"] == "unchanged"


def test_a_lock_whose_holder_runs_is_refused_and_its_holder_named(account: Account) -> None:
    holder = running(account, "the-first")
    take_lock.handler(event(holder), None)

    with pytest.raises(Locked, match="by the execution the-first since 20") as told:
        take_lock.handler(event(UNKNOWN), None)

    assert holder in str(told.value)
    assert (account.item("lock") or {})["execution"] == holder


def test_a_lock_whose_holder_was_stopped_a_moment_ago_is_waited_for(account: Account) -> None:
    """Its last Lambda may still be at work."""
    holder = running(account, "stopped")
    take_lock.handler(event(holder), None)
    account.client("stepfunctions").stop_execution(executionArn=holder)

    with pytest.raises(NotReady, match="The execution stopped has ended without releasing the lock"):
        take_lock.handler(event(UNKNOWN), None)

    assert (account.item("lock") or {})["execution"] == holder


def test_a_lock_whose_holder_has_ended_is_taken_over(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    holder = running(account, "aborted")
    take_lock.handler(event(holder), None)
    account.client("stepfunctions").stop_execution(executionArn=holder)
    monkeypatch.setenv("GLUECODE_STEP_SECONDS", "0.001")  # it ended that long ago

    assert take_lock.handler(event(UNKNOWN), None)["outcome"] == "updated"
    assert (account.item("lock") or {})["execution"] == UNKNOWN


def test_a_lock_whose_holder_nobody_remembers_is_taken_over(account: Account) -> None:
    take_lock.handler(event(UNKNOWN), None)

    assert take_lock.handler(event(UNKNOWN.replace("long-ago", "now")), None)["outcome"] == "updated"


def test_locks_of_two_twins_are_two_locks(account: Account) -> None:
    take_lock.handler(event(running(account, "the-first")), None)

    assert take_lock.handler({**event(UNKNOWN), "twin": "other"}, None)["outcome"] == "created"


def test_our_lock_is_released(account: Account) -> None:
    take_lock.handler(event(UNKNOWN), None)

    assert release_lock.handler(event(UNKNOWN), None)["outcome"] == "deleted"
    assert account.item("lock") is None


def test_somebody_elses_lock_is_not_released(account: Account) -> None:
    take_lock.handler(event(UNKNOWN), None)

    assert release_lock.handler(event(f"{UNKNOWN}-2"), None)["outcome"] == "absent"
    assert (account.item("lock") or {})["execution"] == UNKNOWN


def test_releasing_twice_is_fine(account: Account) -> None:
    take_lock.handler(event(UNKNOWN), None)
    release_lock.handler(event(UNKNOWN), None)

    assert release_lock.handler(event(UNKNOWN), None)["outcome"] == "absent"


def test_a_dry_run_neither_takes_nor_releases(account: Account) -> None:
    assert take_lock.handler(event(UNKNOWN, dry_run=True), None)["outcome"] == "unchanged"
    assert account.item("lock") is None

    take_lock.handler(event(UNKNOWN), None)
    release_lock.handler(event(UNKNOWN, dry_run=True), None)
    assert account.item("lock") is not None


def test_of_two_that_take_over_at_once_one_gets_the_lock(account: Account) -> None:
    take_lock.handler(event(UNKNOWN), None)
    rival = running(account, "the-quicker")

    class Slow:
        """Describes executions, while somebody else takes the lock over."""

        exceptions = account.client("stepfunctions").exceptions

        def describe_execution(self, **_: Any) -> dict[str, Any]:
            lock.take(account.client("dynamodb"), account.client("stepfunctions"), TABLE, TWIN, rival)
            return {"status": "ABORTED", "stopDate": datetime(2026, 1, 1, tzinfo=UTC)}

    with pytest.raises(Conflict, match="took over the lock"):
        lock.take(account.client("dynamodb"), Slow(), TABLE, TWIN, f"{UNKNOWN}-2")

    assert (account.item("lock") or {})["execution"] == rival


def test_the_journal_tells_when_a_run_has_ended(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    release_lock.handler(event(UNKNOWN), None)

    line = json.loads(capsys.readouterr().out)
    assert (line["step"], line["verb"], line["run"], line["name"]) == ("lock", "release", "a-run", TWIN)
