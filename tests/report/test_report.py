"""The report tells the truth about an execution, in one file that needs nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import boto3
import pytest

from orchestrator import report
from orchestrator.cli import main
from orchestrator.core.names import Installation
from orchestrator.graphs import model
from orchestrator.report import timeline
from orchestrator.report.facts import Attempt, Facts
from orchestrator.report.route import route
from state_machines import MACHINES, definition
from tests.emulated import aws_account
from tests.report import executions

HERE = Installation("gluecode", "aws", "eu-central-1", "123456789012")
KINDS = {"deployed": executions.deployed, "failed": executions.failed, "rolled back": executions.rolled_back}


@pytest.fixture(params=KINDS.values(), ids=list(KINDS))
def facts(request: pytest.FixtureRequest) -> Facts:
    made: Facts = request.param()
    return made


def test_the_file_is_whole_and_loads_nothing(facts: Facts) -> None:
    page = report.render(facts)

    tags = _Tags()
    tags.feed(page)
    assert tags.unclosed == []
    assert "script" not in tags.seen
    assert tags.addresses == []
    assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org/2000/svg|x\.lambda-url)", page)


def test_every_step_of_the_execution_is_in_the_table(facts: Facts) -> None:
    page = report.render(facts)

    missing = [one.step for one in facts.attempts if f"<td>{one.verb} {one.kind}</td><td>{one.name}</td>" not in page]
    assert missing == []


def test_a_successful_deployment_says_what_it_did_and_what_comes_next() -> None:
    page = report.render(executions.deployed())

    assert "deploy factory-twin" in page
    assert '<span class="badge good">deployed</span>' in page
    assert "19 created" in page
    assert "gluecode send factory-twin EVENT" in page
    assert "https://x.lambda-url.aws/" in page
    assert "What went wrong" not in page


def test_a_failed_deployment_says_what_went_wrong_and_how_to_go_on() -> None:
    page = report.render(executions.failed())

    assert '<span class="badge bad">failed</span>' in page
    assert "ForeignResource" in page
    assert "it is &lt;not&gt; ours" in page
    assert "<code>gluecode deploy factory-twin</code> goes on" in page


def test_a_rolled_back_deployment_is_told_apart_from_a_failed_one() -> None:
    page = report.render(executions.rolled_back())

    assert '<span class="badge changed">rolled back</span>' in page
    assert "rolled back to what was deployed before" in page


def test_a_running_execution_has_a_report_as_well() -> None:
    running = Facts(**{**vars(executions.deployed()), "status": "RUNNING", "stopped": None, "output": {}})

    page = report.render(running)

    assert "s so far" in page
    assert '<span class="badge changed">running</span>' in page


def test_an_execution_without_a_journal_has_a_report_as_well() -> None:
    page = report.render(Facts(**{**vars(executions.failed()), "attempts": ()}))

    assert "No line of the journal is left of this execution." in page
    assert "ForeignResource" in page


def test_states_have_the_outcome_of_their_steps() -> None:
    found = route(model.read(definition("deploy")), executions.deployed())

    outcomes = found.outcomes
    assert outcomes["Create the hot table"] == "created"
    assert outcomes["Deploy the persister"] == "created"
    assert outcomes["Deploy the device's processor"] == "created"
    assert outcomes["Prepare the role"] == "created"
    assert outcomes["Prepare the dispatcher"] == "created"
    assert found.notes["Deploy the persister"] == "2 created, 0.9 s"


def test_what_was_not_entered_is_not_coloured() -> None:
    outcomes = route(model.read(definition("deploy")), executions.deployed()).outcomes

    assert not {
        "Deploy the event checker",
        "Prepare the event checker",
        "Deploy the dispatcher",
        "Deploy the writer",
        "Deploy the ingestion",
        "Remove the obsolete functions",
        "The deployment failed",
        "Is a rollback wanted?",
        "No failure queue is needed",
        "Announce that it did not start",
    } & set(outcomes)


def test_states_that_leave_no_line_are_found_on_the_way_between_those_that_do() -> None:
    outcomes = route(model.read(definition("deploy")), executions.deployed()).outcomes

    passed = {name for name, outcome in outcomes.items() if outcome == "passed"}
    assert {
        "Is any layer on AWS?",
        "Prepare what the layers share",
        "Is the processing on AWS?",
        "Is event checking on?",
        "Are the devices on AWS?",
        "Is the processing on another cloud?",
        "Is anything obsolete?",
        "Remove obsolete rights and data",
        "Everything is in place",
        "The twin is up to date",
    } <= passed
    assert "Does another cloud write to our hot store?" not in passed


def test_the_way_ends_where_a_step_failed() -> None:
    outcomes = route(model.read(definition("deploy")), executions.failed()).outcomes

    assert outcomes["Deploy the ingestion"] == "failed"
    assert "Does another cloud send to our processing?" in outcomes
    assert "Everything is in place" not in outcomes
    assert "The deployment failed" in outcomes


def test_what_breaks_off_without_a_word_of_any_step_is_seen_by_what_caught_it() -> None:
    told = executions.facts(
        executions.attempts(executions.SHARED),
        "Is a rollback wanted?",
        "The deployment failed",
        status="FAILED",
        error="Lambda.ResourceNotFoundException",
    )

    outcomes = route(model.read(definition("deploy")), told).outcomes

    assert outcomes["Reconcile the twin"] == "failed"
    assert outcomes["Is any layer on AWS?"] == "passed"
    assert "Everything is in place" not in outcomes


def test_the_last_try_counts_and_a_try_that_waited_is_no_failure() -> None:
    waited = Attempt("function", "create", "factory-twin-persister", "failed", 0, 1, error="NotReady", message="soon")
    done = Attempt("function", "create", "factory-twin-persister", "created", 3, 1)
    told = Facts(**{**vars(executions.deployed()), "attempts": (waited, done)})

    page = report.render(told)

    assert "2 (1 waited)" in page
    assert 'class="outcome created"' in page
    assert 'class="box waiting"' in timeline.draw(told)


@pytest.mark.parametrize("machine", MACHINES)
def test_every_task_of_every_machine_is_known_to_the_report(machine: str) -> None:
    told = Facts(**{**vars(executions.deployed()), "machine": machine})

    assert route(model.read(definition(machine)), told).outcomes is not None


def test_thousands_of_steps_make_a_timeline_that_ends() -> None:
    many = [("create", "function", f"factory-twin-device-{number}-processor", "created") for number in range(2000)]

    drawn = timeline.draw(executions.facts(executions.attempts(many)))

    assert drawn.count("<rect") == timeline.MOST_ROWS


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An account with the deploy machine, an execution, and a journal with its lines and somebody else's."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", HERE.region)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with aws_account():
        states, logs = boto3.client("stepfunctions"), boto3.client("logs")
        states.create_state_machine(
            name=HERE.machine_name("deploy"), definition=json.dumps(_ONE_STATE), roleArn=HERE.role_arn("r")
        )
        states.start_execution(stateMachineArn=HERE.machine_arn("deploy"), name="run-1", input='{"project": "p"}')
        logs.create_log_group(logGroupName=HERE.steps_log_group)
        logs.create_log_stream(logGroupName=HERE.steps_log_group, logStreamName="s")
        now = int(datetime.now(UTC).timestamp() * 1000)
        lines = [
            {"step": "lock", "verb": "take", "run": "run-1", "name": "p", "outcome": "created", "started": 2.0},
            {"step": "project", "verb": "load", "run": "run-1", "name": "p", "outcome": "present", "started": 1.0},
            {"step": "lock", "verb": "take", "run": "run-12", "name": "q", "outcome": "created", "started": 0.0},
        ]
        events: list[Any] = [{"timestamp": now, "message": json.dumps(line)} for line in [*lines, lines[0]]]
        events.append({"timestamp": now, "message": "START RequestId: run-1"})
        logs.put_log_events(logGroupName=HERE.steps_log_group, logStreamName="s", logEvents=events)
        yield _Aws()


def test_an_execution_is_read_by_its_name_with_its_own_lines_in_order(account: Any) -> None:
    found = report.read(account, HERE, "run-1")

    assert found.machine == "deploy"
    assert found.input == {"project": "p"}
    assert [attempt.step for attempt in found.attempts] == [("load", "project", "p"), ("take", "lock", "p")]


def test_an_execution_is_read_by_its_arn(account: Any) -> None:
    arn = HERE.machine_arn("deploy").replace(":stateMachine:", ":execution:") + ":run-1"

    assert report.read(account, HERE, arn).name == "run-1"


def test_an_execution_that_is_not_there_is_a_clear_error(account: Any) -> None:
    with pytest.raises(report.NoSuchExecutionError, match="no execution 'run-2'"):
        report.read(account, HERE, "run-2")


def test_the_command_writes_the_file_where_it_is_told(
    account: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "my report.html"

    code = main(["report", "run-1", "--output", str(file), "--region", HERE.region])

    assert code == 0
    assert capsys.readouterr().out.strip() == str(file)
    assert file.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_twins_name_means_its_last_run(account: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    execution = f"{HERE.machine_arn('deploy').replace(':stateMachine:', ':execution:')}:run-1"
    table = boto3.client("dynamodb")
    keys = {"twin": "HASH", "item": "RANGE"}
    table.create_table(
        TableName=HERE.state_table,
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys.items()],  # type: ignore[typeddict-item]  # mypy loses the literals
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in keys],
        BillingMode="PAY_PER_REQUEST",
    )
    run = {"twin": "my-twin", "item": "run#1", "verb": "deploy", "outcome": "deployed", "execution": execution}
    run["started"] = executions.START.isoformat()
    table.put_item(TableName=HERE.state_table, Item={name: {"S": value} for name, value in run.items()})

    assert main(["report", "my-twin", "--region", HERE.region]) == 0
    assert [each.name for each in tmp_path.iterdir()] == ["run-1.html"]


_ONE_STATE = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 1, "End": True}}}


class _Aws:
    def client(self, service: str) -> Any:
        return boto3.client(service)  # type: ignore[call-overload]  # the service's name is data here


class _Tags(HTMLParser):
    """What elements there are, which of them are not closed, and what they load."""

    _VOID = frozenset({"meta", "br", "hr", "link", "img"})

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.addresses: list[str] = []
        self.unclosed: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in self._VOID:
            self.unclosed.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.unclosed.pop() == tag
