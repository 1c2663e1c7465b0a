"""Whatever an engine puts into a Cause becomes a sentence for a person."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deploy_steps.shared.explanation import LONGEST, explained

ARN = "arn:aws:states:eu-central-1:123456789012:execution:gluecode-deploy-function:1"
LAMBDA = json.dumps({"errorMessage": "create function 'f-writer': not allowed", "errorType": "AccessDenied"})
INPUT = {"component": {"name": "f-writer"}}


def nested(**more: Any) -> str:
    """The description of a nested execution, as a Catch gets it."""
    return json.dumps({"ExecutionArn": ARN, "Status": "FAILED", "Input": json.dumps(INPUT), **more})


@pytest.mark.parametrize(
    ("caught", "error", "message", "reason"),
    [
        (
            {"Error": "AccessDenied", "Cause": LAMBDA},
            "AccessDenied",
            "create function 'f-writer': not allowed",
            "a task raised",
        ),
        (
            {"Error": "States.TaskFailed", "Cause": nested(Error="AccessDenied", Cause=LAMBDA)},
            "AccessDenied",
            "create function 'f-writer': not allowed",
            "a task of a nested execution raised, and names the function itself",
        ),
        (
            {"Error": "States.TaskFailed", "Cause": nested(Error="Sandbox.Timedout", Cause="Task timed out")},
            "Sandbox.Timedout",
            "f-writer: Task timed out",
            "what names no function is told with the one that the nested execution was for",
        ),
        (
            {"Error": "States.TaskFailed", "Cause": nested(Status="ABORTED")},
            "States.TaskFailed",
            f"f-writer: It ended as ABORTED: {ARN}",
            "somebody stopped the nested execution",
        ),
        (
            {"Error": "States.TaskFailed", "Cause": nested(Input={"identity": {"name": "f-x"}}, Status="TIMED_OUT")},
            "States.TaskFailed",
            f"f-x: It ended as TIMED_OUT: {ARN}",
            "engines give the input as text or as an object; removals have an identity",
        ),
        (
            {"Error": "States.TaskFailed", "Cause": nested(Input="3", Status="FAILED")},
            "States.TaskFailed",
            f"It ended as FAILED: {ARN}",
            "an input that names nothing",
        ),
        (
            {"Error": "Sandbox.Timedout", "Cause": json.dumps({"errorMessage": "Task timed out after 110 seconds"})},
            "Sandbox.Timedout",
            "Task timed out after 110 seconds",
            "Lambda's own error has no errorType",
        ),
        (
            {"Error": "States.Timeout", "Cause": ""},
            "States.Timeout",
            "The engine gave no cause; the execution's graph shows the step.",
            "the engine's time-outs have no cause",
        ),
        ({"Error": "X", "Cause": "plain"}, "X", "plain", "a text"),
        ({"Error": "X", "Cause": "[1]"}, "X", "[1]", "JSON, but no object"),
        ({}, "Unknown", "The engine gave no cause; the execution's graph shows the step.", "nothing at all"),
    ],
)
def test_a_caught_error_is_explained(caught: dict[str, str], error: str, message: str, reason: str) -> None:
    assert explained(caught) == (error, message), reason


def test_an_explanation_fits_into_a_cause() -> None:
    _, message = explained({"Error": "InvalidProject", "Cause": json.dumps({"errorMessage": "x" * 50_000})})

    assert len(message) == LONGEST + 1
