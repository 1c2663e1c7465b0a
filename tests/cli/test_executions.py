"""Starting, joining and following executions, by journal lines as the steps write them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from orchestrator.core.errors import GluecodeError
from orchestrator.core.names import Installation, execution_name
from orchestrator.operations import executions
from orchestrator.operations.executions import Run, Step
from orchestrator.operations.session import Aws

REQUEST = {"project": "plant"}


@pytest.fixture
def machine(aws: Aws, installation: Installation) -> str:
    """A deploy machine whose executions run until they are stopped."""
    made = aws.client("stepfunctions").create_state_machine(
        name=installation.machine_name("deploy"),
        definition=json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}),
        roleArn="arn:aws:iam::123456789012:role/machine",
    )
    aws.client("logs").create_log_group(logGroupName=installation.steps_log_group)
    aws.client("logs").create_log_stream(logGroupName=installation.steps_log_group, logStreamName="worker")
    return str(made["stateMachineArn"])


def _start(aws: Aws, installation: Installation, stem: str = "plant-abc") -> Run:
    return executions.start(aws, installation, "deploy", stem, REQUEST)


def _line(run: Run, name: str, **fields: Any) -> dict[str, Any]:
    return {"step": "function", "verb": "create", "run": run.name, "name": name, "outcome": "created", **fields}


def _release(run: Run) -> dict[str, Any]:
    return {"step": "lock", "verb": "release", "run": run.name, "name": "plant", "outcome": "deleted"}


def _write(aws: Aws, installation: Installation, *lines: Any) -> None:
    now = int(time.time() * 1000)
    messages = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    aws.client("logs").put_log_events(
        logGroupName=installation.steps_log_group,
        logStreamName="worker",
        logEvents=[{"timestamp": now, "message": message} for message in messages],
    )


def _end(aws: Aws, run: Run) -> None:
    aws.client("stepfunctions").stop_execution(executionArn=run.arn, error="Stopped", cause="by the test")


def _followed(aws: Aws, installation: Installation, run: Run, *turns: Callable[[], None]) -> list[Step]:
    """Follow a run; each pause plays the next turn."""
    waiting = list(turns)

    def pause(_seconds: float) -> None:
        if waiting:
            waiting.pop(0)()

    return list(executions.follow(aws, installation, run, pause=pause))


@pytest.mark.usefixtures("machine")
def test_an_execution_is_named_after_its_twin_and_configuration(aws: Aws, installation: Installation) -> None:
    run = executions.start(aws, installation, "deploy", execution_name("plant", "0123456789abcdef"), REQUEST)

    assert run.name.startswith("plant-0123456789ab-")
    assert json.loads(aws.client("stepfunctions").describe_execution(executionArn=run.arn)["input"]) == REQUEST


def test_a_name_never_outgrows_what_step_functions_takes() -> None:
    assert len(execution_name("p" * 128, "0" * 64)) + len("-12345678") <= 80


@pytest.mark.usefixtures("machine")
def test_what_is_started_once_has_the_stem_for_its_name(aws: Aws, installation: Installation) -> None:
    first = executions.start(aws, installation, "deploy", "plant-abc", REQUEST, once=True)

    second = executions.start(aws, installation, "deploy", "plant-abc", REQUEST, once=True)

    assert (first.name, second.arn, second.joined) == ("plant-abc", first.arn, True)


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("ended", [True, False], ids=["has ended", "has another input"])
def test_what_was_started_once_is_started_anew_under_another_name(
    aws: Aws, installation: Installation, ended: bool
) -> None:
    first = executions.start(aws, installation, "deploy", "plant-abc", {**REQUEST, "adopt": not ended}, once=True)
    if ended:
        _end(aws, first)

    again = executions.start(aws, installation, "deploy", "plant-abc", REQUEST, once=True)

    assert again.name.startswith("plant-abc-")


@pytest.mark.usefixtures("machine")
def test_the_same_deployment_is_joined_while_it_runs(aws: Aws, installation: Installation) -> None:
    first = _start(aws, installation)

    second = _start(aws, installation)

    assert (second.arn, second.joined, first.joined) == (first.arn, True, False)


@pytest.mark.usefixtures("machine")
def test_a_deployment_of_another_configuration_is_not_joined(aws: Aws, installation: Installation) -> None:
    first = _start(aws, installation, "plant-abc")

    assert _start(aws, installation, "plant-abd").arn != first.arn


@pytest.mark.usefixtures("machine")
def test_a_run_with_another_input_is_not_joined(aws: Aws, installation: Installation) -> None:
    first = _start(aws, installation)

    second = executions.start(aws, installation, "deploy", "plant-abc", {**REQUEST, "adopt": True})

    assert second.arn != first.arn


@pytest.mark.usefixtures("machine")
def test_a_run_that_ended_is_not_joined(aws: Aws, installation: Installation) -> None:
    first = _start(aws, installation)
    _end(aws, first)

    assert _start(aws, installation).arn != first.arn


def test_a_missing_machine_says_that_nothing_is_installed(aws: Aws, installation: Installation) -> None:
    with pytest.raises(GluecodeError, match="is not installed"):
        _start(aws, installation)


@pytest.mark.usefixtures("machine")
def test_steps_are_told_as_their_lines_appear(aws: Aws, installation: Installation) -> None:
    run = _start(aws, installation)
    change = {"field": "memory_mb", "before": 128, "after": 256}
    updated = _line(run, "plant-writer", outcome="updated", changes=[change], seconds=0.4, calls=3, writes=1)

    steps = _followed(
        aws,
        installation,
        run,
        lambda: _write(aws, installation, {"step": "project", "verb": "load", "run": run.name, "expected_steps": 3}),
        lambda: _write(aws, installation, updated, _release(run)),
        lambda: _end(aws, run),
    )

    assert [(step.kind, step.verb) for step in steps] == [
        ("project", "load"),
        ("function", "create"),
        ("lock", "release"),
    ]
    assert steps[0].expected_steps == 3
    assert steps[1] == Step("function", "create", "plant-writer", "updated", (change,), 0.4, 3, 1)


@pytest.mark.usefixtures("machine")
def test_a_line_that_is_delivered_twice_is_told_once(aws: Aws, installation: Installation) -> None:
    run = _start(aws, installation)
    line = _line(run, "plant-writer")
    _write(aws, installation, line, line)

    steps = _followed(
        aws, installation, run, lambda: _write(aws, installation, line, _release(run)), lambda: _end(aws, run)
    )

    assert [step.name for step in steps] == ["plant-writer", "plant"]


@pytest.mark.usefixtures("machine")
def test_lines_that_come_after_the_end_are_still_told(aws: Aws, installation: Installation) -> None:
    run = _start(aws, installation)
    _end(aws, run)

    steps = _followed(
        aws,
        installation,
        run,
        lambda: None,
        lambda: _write(aws, installation, _line(run, "plant-writer")),
        lambda: _write(aws, installation, _release(run)),
    )

    assert [step.name for step in steps] == ["plant-writer", "plant"]


@pytest.mark.usefixtures("machine")
def test_following_ends_when_the_last_line_never_comes(aws: Aws, installation: Installation) -> None:
    run = _start(aws, installation)
    _end(aws, run)
    pauses: list[float] = []

    steps = list(executions.follow(aws, installation, run, every=2.0, pause=pauses.append))

    assert steps == []
    assert executions.LATE_SECONDS <= sum(pauses) <= executions.LATE_SECONDS + 2.0


@pytest.mark.usefixtures("machine")
def test_other_runs_and_other_output_are_not_told(aws: Aws, installation: Installation) -> None:
    run = _start(aws, installation)
    other = Run("arn", f"{run.name}-other", run.started)
    _write(aws, installation, _line(other, "theirs"), f'{run.name} {{"not": json', f'["{run.name}"]', _release(run))

    steps = _followed(aws, installation, run, lambda: _end(aws, run))

    assert [step.kind for step in steps] == ["lock"]


@pytest.mark.usefixtures("machine")
def test_a_failed_step_carries_its_error(aws: Aws, installation: Installation) -> None:
    run = _start(aws, installation)
    _write(aws, installation, _line(run, "x", outcome="failed", error="NotReady", message="Pending"), _release(run))

    steps = _followed(aws, installation, run, lambda: _end(aws, run))

    assert (steps[0].failed, steps[0].error, steps[0].message) == (True, "NotReady", "Pending")


@pytest.mark.usefixtures("machine")
def test_the_ending_tells_error_and_cause(aws: Aws, installation: Installation) -> None:
    run = _start(aws, installation)
    _end(aws, run)

    ending = executions.ending(aws, run)

    assert (ending.succeeded, ending.output) == (False, {})
