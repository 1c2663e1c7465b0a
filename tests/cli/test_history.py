"""`gluecode history`: what the state table keeps of runs, and what Step Functions knows of those that broke off."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deploy_steps.state import state_table
from orchestrator.cli import main
from orchestrator.core.errors import GluecodeError
from orchestrator.core.names import Installation
from orchestrator.operations.history import Entry, history, latest
from orchestrator.operations.session import Aws
from tests.cli.conftest import ACCOUNT, REGION

DIGEST = "670268d80b331be8a80d1dae256bc05654d95af9b06960825ee7e3f8e0ea24d6"


@pytest.fixture
def state(aws: Aws, installation: Installation) -> str:
    """The state table, empty."""
    aws.client("dynamodb").create_table(
        TableName=installation.state_table,
        KeySchema=[{"AttributeName": "twin", "KeyType": "HASH"}, {"AttributeName": "item", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("twin", "item")],
        BillingMode="PAY_PER_REQUEST",
    )
    return installation.state_table


def arn(name: str, machine: str = "deploy") -> str:
    return f"arn:aws:states:{REGION}:{ACCOUNT}:execution:gluecode-{machine}:{name}"


def record(aws: Aws, table: str, number: int, twin: str = "plant", **fields: Any) -> str:
    """Write down a run as `deploy_steps.state.record` does; higher numbers are later. Returns its name."""
    name, started = f"{twin}-{number}", f"2026-11-{number + 1:02}T08:00:00.125Z"
    values = {
        "verb": "deploy",
        "execution": arn(name),
        "started": started,
        "digest": DIGEST,
        "outcome": "deployed",
        "ended": f"2026-11-{number + 1:02}T08:01:05+00:00",
        "summary": {"created": 3, "unchanged": 12},
        **fields,
    }
    state_table.write(aws.client("dynamodb"), table, twin, f"run#{started}#{name}", values)
    return name


def broken_off(aws: Aws, table: str, installation: Installation, number: int, *, stopped: bool) -> str:
    """A run that has written down no end; its execution goes on, or was stopped."""
    states = aws.client("stepfunctions")
    machine = states.create_state_machine(
        name=installation.machine_name("deploy"),
        definition=json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}),
        roleArn=f"arn:aws:iam::{ACCOUNT}:role/machine",
    )
    execution = states.start_execution(stateMachineArn=machine["stateMachineArn"], name=f"plant-{number}")
    if stopped:
        states.stop_execution(executionArn=execution["executionArn"])
    values = {"execution": execution["executionArn"], "verb": "deploy", "outcome": "running"}
    started = datetime.now(UTC).isoformat(timespec="milliseconds")
    state_table.write(
        aws.client("dynamodb"), table, "plant", f"run#{started}#plant-{number}", {**values, "started": started}
    )
    return f"plant-{number}"


def test_a_run_is_told_as_it_was_written_down(aws: Aws, installation: Installation, state: str) -> None:
    record(aws, state, 1)

    assert history(aws, installation, "plant") == [
        Entry(
            twin="plant",
            verb="deploy",
            outcome="deployed",
            started=datetime(2026, 11, 2, 8, 0, 0, 125_000, tzinfo=UTC),
            execution=arn("plant-1"),
            digest=DIGEST,
            ended=datetime(2026, 11, 2, 8, 1, 5, tzinfo=UTC),
            summary={"created": 3, "unchanged": 12},
        )
    ]


def test_the_newest_runs_come_first_and_no_more_than_asked_for(
    aws: Aws, installation: Installation, state: str
) -> None:
    names = [record(aws, state, number) for number in range(4)]
    state_table.write(aws.client("dynamodb"), state, "plant", "record", {"project": "plant"})
    state_table.write(aws.client("dynamodb"), state, "plant", "lock", {"execution": "another"})
    record(aws, state, 9, twin="plant-2")

    assert [entry.run for entry in history(aws, installation, "plant")] == names[::-1]
    assert [entry.run for entry in history(aws, installation, "plant", limit=2)] == ["plant-3", "plant-2"]


def test_every_twin_is_told_with_its_last_run(aws: Aws, installation: Installation, state: str) -> None:
    for number in (1, 3):
        record(aws, state, number)
    record(aws, state, 2, twin="office", verb="destroy", outcome="destroyed")

    told = [(entry.twin, entry.run, entry.outcome) for entry in latest(aws, installation)]

    assert told == [("plant", "plant-3", "deployed"), ("office", "office-2", "destroyed")]


@pytest.mark.parametrize(("stopped", "outcome"), [(False, "running"), (True, "aborted")])
def test_a_run_without_an_end_is_told_as_step_functions_knows_it(
    aws: Aws, installation: Installation, state: str, stopped: bool, outcome: str
) -> None:
    broken_off(aws, state, installation, 1, stopped=stopped)

    (entry,) = history(aws, installation, "plant")

    assert (entry.outcome, entry.took is not None) == (outcome, stopped)


def test_a_run_that_step_functions_has_forgotten_is_told_as_broken_off(
    aws: Aws, installation: Installation, state: str
) -> None:
    record(aws, state, 1, outcome="running", execution=arn("gone"))

    assert [entry.outcome for entry in history(aws, installation, "plant")] == ["broken off"]


def test_without_an_installation_it_says_so(aws: Aws, installation: Installation) -> None:
    with pytest.raises(GluecodeError, match="is not installed"):
        history(aws, installation, "plant")
    with pytest.raises(GluecodeError, match="is not installed"):
        latest(aws, installation)


def test_it_is_shown_as_a_table_with_the_reasons_of_failures(
    aws: Aws, state: str, capsys: pytest.CaptureFixture[str]
) -> None:
    record(aws, state, 1)
    record(aws, state, 2, outcome="failed", summary={}, error="QuotaExceeded", error_cause="CreateTable: too many.")

    assert main(["history", "plant"]) == 0

    heading, failed, deployed, why = capsys.readouterr().out.splitlines()
    assert heading.split() == ["started", "(UTC)", "did", "outcome", "took", "configuration", "changes", "execution"]
    assert failed.split() == [
        "2026-11-03",
        "08:00:00",
        "deploy",
        "failed",
        "1",
        "min",
        "05",
        "s",
        DIGEST[:12],
        "plant-2",
    ]
    assert deployed.split("  ")[0] == "2026-11-02 08:00:00"
    assert deployed.split()[-4:] == [DIGEST[:12], "3", "created", "plant-1"]
    assert why == "plant-2: QuotaExceeded: CreateTable: too many."


def test_without_a_twin_the_table_names_the_twins(aws: Aws, state: str, capsys: pytest.CaptureFixture[str]) -> None:
    record(aws, state, 1, summary={"unchanged": 15})
    record(aws, state, 2, twin="office")

    assert main(["history"]) == 0

    heading, office, plant = (line.split() for line in capsys.readouterr().out.splitlines())
    assert heading[2:4] == ["twin", "did"]
    assert (office[2], plant[2]) == ("office", "plant")
    assert plant[-2:] == ["none", "plant-1"]


def test_scripts_get_every_field(aws: Aws, state: str, capsys: pytest.CaptureFixture[str]) -> None:
    record(aws, state, 1)

    assert main(["history", "plant", "--json"]) == 0

    assert json.loads(capsys.readouterr().out) == [
        {
            "twin": "plant",
            "verb": "deploy",
            "outcome": "deployed",
            "started": "2026-11-02T08:00:00.125000+00:00",
            "execution": arn("plant-1"),
            "digest": DIGEST,
            "ended": "2026-11-02T08:01:05+00:00",
            "summary": {"created": 3, "unchanged": 12},
            "error": "",
            "cause": "",
            "run": "plant-1",
            "took_seconds": timedelta(seconds=64.875).total_seconds(),
        }
    ]


@pytest.mark.usefixtures("state")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [([], "Nothing has been deployed here."), (["plant"], "Nothing is recorded of a twin 'plant'.")],
)
def test_an_empty_history_is_said_to_be_empty(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["history", *arguments]) == 0

    assert capsys.readouterr().out.strip() == said


@pytest.mark.parametrize("arguments", [["no/twin"], ["plant", "--limit", "0"]])
def test_wrong_use_ends_with_2(arguments: list[str]) -> None:
    assert main(["history", *arguments]) == 2
