"""The report that a deployment leaves in the artifact bucket."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deploy_steps.tasks import write_report
from tests.unit.deploy_steps.conftest import ACCOUNT, BUCKET, REGION, TWIN, Account

RUN = "factory-1a2b3c"
EXECUTION = f"arn:aws:states:{REGION}:{ACCOUNT}:execution:gluecode-deploy:{RUN}"
OUTCOMES: dict[str, dict[str, Any]] = {
    "deployed": {"outcome": "deployed", "twin": TWIN, "says": "All is well.", "next": "gluecode inspect factory"},
    "failed": {"outcome": "failed", "twin": TWIN, "error": "Rejected", "cause": "AWS said <no>."},
    "rolled back": {"outcome": "rolled back", "twin": TWIN, "error": "RolledBack", "cause": "Back to before."},
}


@pytest.fixture
def running(account: Account) -> Account:
    """An execution that is about to end, and the line that one of its steps wrote."""
    states, logs = account.client("stepfunctions"), account.client("logs")
    machine = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 1, "End": True}}}
    role = f"arn:aws:iam::{ACCOUNT}:role/any"
    made = states.create_state_machine(name="gluecode-deploy", definition=json.dumps(machine), roleArn=role)
    started = states.start_execution(stateMachineArn=made["stateMachineArn"], name=RUN, input='{"project": "plant"}')
    line: dict[str, Any] = {"step": "hot-table", "verb": "create", "run": RUN, "name": "factory-hot-iot-data"}
    line |= {"outcome": "created", "started": started["startDate"].timestamp(), "seconds": 0.2, "calls": 2, "writes": 1}
    logs.create_log_group(logGroupName="/gluecode/steps")
    logs.create_log_stream(logGroupName="/gluecode/steps", logStreamName="s")
    told = {"timestamp": int(line["started"] * 1000), "message": json.dumps(line)}
    logs.put_log_events(logGroupName="/gluecode/steps", logStreamName="s", logEvents=[told])
    return account


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_the_report_says_how_the_run_ends_although_it_has_not_ended_yet(running: Account, outcome: str) -> None:
    event = {"run": RUN, "dry_run": False, "execution": EXECUTION, "outcome": OUTCOMES[outcome]}

    address = write_report.handler(event, None)

    assert address == f"s3://{BUCKET}/reports/{TWIN}/{RUN}.html"
    stored = running.client("s3").get_object(Bucket=BUCKET, Key=f"reports/{TWIN}/{RUN}.html")
    page = stored["Body"].read().decode()
    assert stored["ContentType"] == "text/html; charset=utf-8"
    assert f">{outcome}</span>" in page
    assert "<td>create hot-table</td><td>factory-hot-iot-data</td>" in page
    assert ("What went wrong" in page) == (outcome != "deployed")


@pytest.mark.parametrize(
    ("outcome", "end"),
    [
        ("deployed", "The twin is up to date"),
        ("failed", "The deployment failed"),
        ("rolled back", "The deployment was rolled back"),
    ],
)
def test_a_report_shows_the_states_that_come_after_it(outcome: str, end: str) -> None:
    assert write_report.closing(outcome) == {"Announce the result", "Is the twin up to date?", end}
