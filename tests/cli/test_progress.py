"""How steps, plans, results and traces look."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from orchestrator.cli import progress, result_view, trace_view
from orchestrator.demo.scenarios import SCENARIOS
from orchestrator.operations.executions import Step
from orchestrator.operations.telemetry import Hop, Trace

CREATED = Step("function", "create", "plant-writer", "created", seconds=0.414)


def test_a_step_is_one_line() -> None:
    assert progress.line(CREATED).plain == "  created   function          plant-writer  0.41 s"


@pytest.mark.parametrize(
    ("step", "shown"),
    [
        pytest.param(Step("lock", "take", "plant", "created"), "locked", id="the lock is no resource"),
        pytest.param(Step("lock", "release", "plant", "deleted"), "unlocked", id="nor is it deleted"),
        pytest.param(Step("function", "create", "x", "failed", error="NotReady"), "waiting", id="it is tried again"),
        pytest.param(Step("function", "create", "x", "failed", error="ForeignResource"), "failed", id="it is not"),
        pytest.param(Step("function", "create", "x", "created", dry_run=True), "create", id="it has not happened"),
        pytest.param(Step("function", "destroy", "x", "deleted", dry_run=True), "remove", id="nor has this"),
    ],
)
def test_a_step_is_told_in_a_person_s_words(step: Step, shown: str) -> None:
    assert progress.shown_outcome(step) == shown


def test_a_failed_step_says_why() -> None:
    step = Step("iam-role", "create", "plant-writer", "failed", error="ForeignResource", message="It is not ours.")

    assert progress.line(step).plain.endswith("plant-writer  0.00 s  ForeignResource: It is not ours.")


def test_a_plan_names_each_field_that_would_change(capsys: pytest.CaptureFixture[str]) -> None:
    change = {"field": "memory_mb", "before": 128, "after": 256}
    steps: list[dict[str, Any]] = [
        {"kind": "function", "name": "plant-writer", "outcome": "updated", "changes": [change]},
        {"kind": "iam-role", "name": "plant-writer", "outcome": "created"},
        {"kind": "iam-role", "name": "plant-connector", "outcome": "deleted"},
        {"kind": "hot-table", "name": "plant-hot", "outcome": "unchanged"},
        {"kind": "function", "name": "plant-connector", "outcome": "absent"},
    ]

    result_view.show_plan(result_view.planned(steps))

    assert capsys.readouterr().out.splitlines() == [
        "~ update      function         plant-writer",
        "              memory_mb: 128 → 256",
        "+ create      iam-role         plant-writer",
        "- remove      iam-role         plant-connector",
        "= keep        hot-table        plant-hot",
        "Plan: 1 to create, 1 to update, 1 to remove, 1 to keep. Nothing was changed.",
    ]


def test_a_deployment_ends_with_what_the_other_clouds_need(capsys: pytest.CaptureFixture[str]) -> None:
    url = "https://abc.lambda-url.eu-central-1.on.aws/"
    connection = "gcp_l1_to_aws_l2"
    result = {
        "says": "Done.",
        "urls": {"ingestion": url},
        "connections": {connection: {"url": url, "token_secret": f"plant/{connection}"}},
        "next": "gluecode inspect plant",
    }

    result_view.show_deployed(result, "eu-central-1", " --profile x")

    shown = capsys.readouterr()
    assert json.loads(shown.out[shown.out.index("{") : shown.out.rindex("}") + 1]) == {
        "connections": {connection: {"url": url, "token": "…"}}
    }
    assert f"aws secretsmanager get-secret-value --secret-id plant/{connection} --region eu-central-1" in shown.out
    assert shown.err == "Next: gluecode inspect plant --profile x\n"


def _trace(*hops: tuple[int, str, str, dict[str, Any]]) -> Trace:
    start = datetime(2026, 11, 23, 10, tzinfo=UTC)
    return Trace(
        "6f9619ff-8b86-4d01-b42d-00cf4fc964ff",
        tuple(
            Hop(start + timedelta(milliseconds=at), what, service, f"plant-{service}", "plant", "", **more)
            for at, service, what, more in hops
        ),
    )


def test_a_trace_shows_each_hop_with_the_time_since_the_one_before() -> None:
    found = _trace(
        (0, "writer", "received", {"cold_start": True}),
        (12, "writer", "stored", {"to": "plant-hot"}),
    )
    console = Console(width=100)

    with console.capture() as captured:
        console.print(trace_view.table(found))

    rows = [" ".join(line.split()) for line in captured.get().splitlines()]
    assert rows[1:] == [
        "10:00:00.000 plant-writer (cold start) received",
        "10:00:00.012 +12 ms plant-writer stored plant-hot",
    ]
    assert trace_view.conclusion(found).plain == "It is stored in plant-hot. (12 ms after its first hop)"


def test_a_trace_without_hops_says_that_logs_can_be_late() -> None:
    assert "can be some seconds late" in trace_view.conclusion(_trace()).plain


@pytest.mark.parametrize("end", ["stored", "forwarded", "dropped", "refused", "failed", "received"])
def test_every_end_of_a_trace_is_a_sentence_about_the_function(end: str) -> None:
    told = trace_view.conclusion(_trace((0, "writer", end, {"to": "plant-hot", "reason": "remote_400"}))).plain

    assert "plant-writer" in told or "plant-hot" in told


@pytest.mark.parametrize("picture", [scenario.picture for scenario in SCENARIOS])
def test_a_picture_is_straight_and_fits_a_terminal(picture: str) -> None:
    widths = {len(line.rstrip()) for line in picture.splitlines()}

    assert len(widths) == 1
    assert widths.pop() <= 100
