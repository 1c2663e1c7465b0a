"""`gluecode resume`: the last run is joined, redriven where that helps, or started again with the same input."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from deploy_steps.state import state_table
from orchestrator.cli import main
from orchestrator.core.errors import GluecodeError
from orchestrator.core.names import Installation
from orchestrator.local.cloud import Cloud
from orchestrator.operations.resumption import Resumption, resume
from tests.conftest import Clients
from tests.contract.stubbed import stubbed

HERE = Installation("gluecode", "aws", "eu-central-1", "123456789012")
NAME = "plant-0123456789ab-1a2b3c4d"
DEPLOY = "arn:aws:states:eu-central-1:123456789012:execution:gluecode-deploy:"
EXECUTION = f"{DEPLOY}{NAME}"
THEN, NOW = datetime(2026, 11, 2, 8, 0, tzinfo=UTC), datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
REQUEST = {"project": "plant", "on_failure": "rollback"}

AGAIN: tuple[tuple[str, Any], ...] = (
    ("list_executions", {"executions": []}),
    ("start_execution", {"executionArn": f"{DEPLOY}again", "startDate": NOW}),
)


class Answers:
    """An AWS whose services answer these, in this order, and nothing else."""

    def __init__(
        self, states: tuple[tuple[str, Any], ...], *, holder: str | None = EXECUTION, known: bool = True
    ) -> None:
        lock = {"Item": state_table.packed({"execution": holder})} if holder else {}
        run = {"twin": "plant", "item": f"run#{THEN.isoformat()}#{NAME}", "verb": "deploy", "outcome": "failed"}
        run |= {"execution": EXECUTION, "started": THEN.isoformat()}
        items = [state_table.packed(run)] if known else []
        self._clients = {
            "dynamodb": stubbed("dynamodb", ("query", {"Items": items}), ("get_item", lock)),
            "stepfunctions": stubbed("stepfunctions", *states),
        }

    def client(self, service: str) -> Any:
        """The client of a service."""
        return self._clients[service]

    def states_were_all_asked(self) -> None:
        """Fail unless Step Functions has given every answer."""
        self._clients["stepfunctions"].all_answers_given()


def described(status: str, **more: Any) -> tuple[str, Any]:
    """What Step Functions tells of the last run."""
    machine = HERE.machine_arn("deploy")
    answer = {"executionArn": EXECUTION, "stateMachineArn": machine, "name": NAME, "status": status, "startDate": THEN}
    return "describe_execution", {**answer, "input": json.dumps(REQUEST), **more}


def ended_with(*types: str) -> tuple[str, Any]:
    """The last events of the last run, the latest first."""
    return "get_execution_history", {
        "events": [{"timestamp": THEN, "type": kind, "id": 9 - number} for number, kind in enumerate(types)]
    }


def taken_up(*states: tuple[str, Any], **more: Any) -> Resumption:
    aws = Answers(states, **more)
    found = resume(aws, HERE, "plant")
    aws.states_were_all_asked()
    return found


REDRIVABLE = {"redriveStatus": "REDRIVABLE"}
REDRIVEN = ("redrive_execution", {"redriveDate": NOW})


@pytest.mark.parametrize("status", ["ABORTED", "TIMED_OUT"])
def test_a_run_that_was_cut_off_goes_on_where_it_stopped(status: str) -> None:
    found = taken_up(described(status, **REDRIVABLE), REDRIVEN)

    assert (found.how, found.run.arn, found.run.started) == ("redriven", EXECUTION, NOW)


def test_a_run_that_the_engine_ended_goes_on_where_it_stopped() -> None:
    found = taken_up(described("FAILED", **REDRIVABLE), ended_with("ExecutionFailed", "TaskStateEntered"), REDRIVEN)

    assert found.how == "redriven"


def test_a_run_that_came_to_a_fail_state_would_come_to_it_again_and_is_started_anew() -> None:
    ended = ended_with("ExecutionFailed", "FailStateEntered")

    found = taken_up(described("FAILED", **REDRIVABLE), ended, *AGAIN)

    assert (found.how, found.run.arn) == ("started again", f"{DEPLOY}again")
    assert "Fail state" in found.why


@pytest.mark.parametrize("holder", [None, f"{DEPLOY}another"], ids=["nobody", "another execution"])
def test_a_run_that_lost_the_lock_is_started_anew(holder: str | None) -> None:
    found = taken_up(described("ABORTED", **REDRIVABLE), *AGAIN, holder=holder)

    assert (found.how, found.why) == ("started again", "it does not hold the twin's lock any more")


@pytest.mark.parametrize("refusal", ["ExecutionNotRedrivable", "InvalidAction"])
def test_where_redriving_is_refused_it_is_started_anew(refusal: str) -> None:
    found = taken_up(described("ABORTED", **REDRIVABLE), ("redrive_execution", (refusal, "no")), *AGAIN)

    assert (found.how, found.why) == ("started again", "Step Functions does not redrive it")


@pytest.mark.parametrize("more", [{}, {"redriveStatus": "NOT_REDRIVABLE"}], ids=["not told", "too long ago"])
def test_what_cannot_be_redriven_is_started_anew(more: dict[str, str]) -> None:
    assert taken_up(described("ABORTED", **more), *AGAIN).how == "started again"


def test_a_run_that_goes_on_is_joined() -> None:
    found = taken_up(described("RUNNING"))

    assert (found.how, found.run.arn, found.run.joined) == ("joined", EXECUTION, True)


def test_a_run_that_succeeded_leaves_nothing_to_do() -> None:
    assert taken_up(described("SUCCEEDED")).how == "nothing to do"


def test_without_a_run_it_says_where_to_start() -> None:
    with pytest.raises(GluecodeError, match="No run of a twin 'plant' is recorded here"):
        taken_up(known=False)


def test_a_run_that_step_functions_has_forgotten_cannot_be_taken_up() -> None:
    forgotten = ("describe_execution", ("ExecutionDoesNotExist", "Execution Does Not Exist"))

    with pytest.raises(GluecodeError, match="forgotten its input"):
        taken_up(forgotten)


@pytest.fixture
def toy(
    embedded_cloud: Cloud, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str, dict[str, Any]], str]:
    """A `destroy` machine that waits an hour, or does its work at once when the input says so; runs are recorded."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", embedded_cloud.endpoint)
    monkeypatch.setattr("orchestrator.operations.executions.LATE_SECONDS", 0.0)  # no step of theirs writes a journal
    here = Installation("resuming", "aws", embedded_cloud.region, embedded_cloud.account)
    states, dynamodb = clients("stepfunctions"), clients("dynamodb")
    if here.state_table not in dynamodb.list_tables()["TableNames"]:
        dynamodb.create_table(
            TableName=here.state_table,
            KeySchema=[{"AttributeName": "twin", "KeyType": "HASH"}, {"AttributeName": "item", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("twin", "item")],
            BillingMode="PAY_PER_REQUEST",
        )
        clients("logs").create_log_group(logGroupName=here.steps_log_group)

    def record(twin: str, definition: dict[str, Any]) -> str:
        machine = here.machine_arn("destroy")
        if machine in [each["stateMachineArn"] for each in states.list_state_machines()["stateMachines"]]:
            states.update_state_machine(stateMachineArn=machine, definition=json.dumps(definition))
        else:
            states.create_state_machine(
                name=here.machine_name("destroy"),
                definition=json.dumps(definition),
                roleArn=f"arn:aws:iam::{here.account}:role/machine",
            )
        execution = str(
            states.start_execution(
                stateMachineArn=machine, name=f"{twin}-destroy-1a2b3c4d", input=json.dumps({"twin": twin})
            )["executionArn"]
        )
        started = datetime.now(UTC).isoformat(timespec="milliseconds")
        values = {"verb": "destroy", "execution": execution, "started": started, "outcome": "running"}
        state_table.write(dynamodb, here.state_table, twin, f"run#{started}#{twin}-destroy-1a2b3c4d", values)
        return execution

    return record


DONE = {"says": "Nothing of it is left.", "retained": []}
AT_ONCE = {"StartAt": "Do it", "States": {"Do it": {"Type": "Pass", "Result": DONE, "End": True}}}
IN_AN_HOUR = {
    "StartAt": "Wait",
    "States": {
        "Wait": {"Type": "Wait", "Seconds": 3600, "Next": "Do it"},
        "Do it": {"Type": "Pass", "Result": DONE, "End": True},
    },
}


def test_a_removal_that_was_stopped_is_started_again_and_followed(
    toy: Callable[[str, dict[str, Any]], str], clients: Clients, capsys: pytest.CaptureFixture[str]
) -> None:
    stopped = toy("plant", IN_AN_HOUR)
    states = clients("stepfunctions")
    states.stop_execution(executionArn=stopped)
    machine = states.describe_execution(executionArn=stopped)["stateMachineArn"]
    states.update_state_machine(stateMachineArn=machine, definition=json.dumps(AT_ONCE))

    code = main(["resume", "plant", "--prefix", "resuming"])

    shown = capsys.readouterr()
    assert (code, shown.out) == (0, "Nothing of it is left.\n")
    assert "last run: destroy plant-destroy-1a2b3c4d (aborted)" in shown.err
    assert "It starts again with the same input, because Step Functions does not redrive it" in shown.err
    executions = states.list_executions(stateMachineArn=machine)["executions"]
    (again,) = [each for each in executions if each["executionArn"] != stopped and each["name"].startswith("plant-")]
    assert again["name"].startswith("plant-destroy-")
    assert states.describe_execution(executionArn=again["executionArn"])["input"] == '{"twin": "plant"}'


def test_a_run_that_succeeded_is_left_alone(
    toy: Callable[[str, dict[str, Any]], str], clients: Clients, capsys: pytest.CaptureFixture[str]
) -> None:
    execution = toy("office", AT_ONCE)
    states, deadline = clients("stepfunctions"), time.monotonic() + 30
    while states.describe_execution(executionArn=execution)["status"] == "RUNNING":
        assert time.monotonic() < deadline
        time.sleep(0.02)

    assert main(["resume", "office", "--prefix", "resuming"]) == 0

    assert capsys.readouterr().out == "Nothing to resume: the last run, destroy office-destroy-1a2b3c4d, succeeded.\n"
