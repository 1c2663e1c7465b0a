"""The pure parts: names, cost, what a journal comes to, and the transcript."""

from __future__ import annotations

import base64
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.aws_proof import cost, footprint, journal, statement
from tests.aws_proof.acts import ACTS
from tests.aws_proof.cost import Usage
from tests.aws_proof.leftovers import KINDS
from tests.aws_proof.naming import Names
from tests.aws_proof.record import Act, Fault, Leftovers, Run, Tally, Wait
from tests.aws_proof.transcript import MASK, REMOVED, render

NAMES = Names("ab12cd")
ACCOUNT = "123456789012"
USAGE = Usage(60, 10, 100, 50, alarms=10, dashboards=1, secrets=2, functions=5)


def run(*acts: Act, **more: Any) -> Run:
    """A run that has ended."""
    about = {"account": ACCOUNT, "region": "eu-central-1"}
    return Run(about, ACCOUNT, datetime(2026, 11, 29, tzinfo=UTC), list(acts), **more)


def act(title: str = "Deploy", **more: Any) -> Act:
    """An act that has ended."""
    return Act(title, datetime(2026, 11, 29, 12, 30, tzinfo=UTC), 12.3, "ok", **more)


@pytest.mark.parametrize("text", ["AB12CD", "ab12c", "ab12cde", "ab-2cd", ""])
def test_an_id_that_would_not_fit_every_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no id of a run"):
        Names(text)


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        ("gcproof-ab12cd-create-iam-role", True),
        ("gcptwin_ab12cd_trigger_dispatcher_72c91b58f6", True),
        ("/gluecode/gcptwin-ab12cd", True),
        ("arn:aws:iam::123456789012:role/gluecode/gcproof-ab12cd/eu-central-1/some-role", True),
        ("gcproof-ab12ce-create-iam-role", False),
        ("somebody-ab12cd", False),
        ("gluecode-create-iam-role", False),
    ],
)
def test_what_belongs_to_a_run_is_told_by_its_name_path_or_arn(text: str, ours: bool) -> None:
    assert NAMES.owns(text) is ours


def test_new_runs_have_other_names() -> None:
    assert Names.new().prefix != Names.new().prefix


def test_every_price_is_part_of_the_estimate_and_names_its_page() -> None:
    assert {line.what for line in cost.estimate(USAGE)} == set(cost.PRICES)
    assert all(price.page.startswith("https://aws.amazon.com/") for price in cost.PRICES.values())


def test_what_is_billed_by_the_hour_is_estimated_for_whole_hours() -> None:
    short, long = (
        {line.what: line for line in cost.estimate(Usage(minutes, 10, 100, 50, 10, 1, 2, 5))} for minutes in (5, 61)
    )

    assert short["dashboards"].quantity == 1
    assert short["dashboards"].dollars == pytest.approx(3.00 / 730)
    assert long["alarms"].quantity == 20
    assert long["alarms"].dollars == pytest.approx(20 * 0.10 / 730)


def test_the_bound_is_above_the_sum_in_the_priced_region_and_in_whole_cents() -> None:
    lines = cost.estimate(USAGE)
    total = sum(line.dollars for line in lines)

    assert total * cost.DEAREST_REGION_FACTOR <= cost.bound(lines) < total * cost.DEAREST_REGION_FACTOR + 0.01


def test_a_run_costs_less_than_two_dollars() -> None:
    created = footprint.twin() + footprint.OTHER_CLOUD

    assert cost.bound(cost.estimate(statement.usage(ACTS, created, 6))) < 2


def test_the_twin_is_counted_under_both_mappings() -> None:
    counted = footprint.twin()

    assert counted["IoT rule"] == 1
    assert counted["Function URL"] == 1  # the writer's, when L2 is elsewhere
    assert counted["Secrets Manager secret"] == 2
    assert counted["CloudWatch dashboard"] == 1


def test_the_statement_names_what_is_created_what_it_costs_and_every_act() -> None:
    parts = {"the orchestrator": Counter({"IAM role": 58}), statement.TWIN: footprint.twin()}

    text = "\n".join(statement.statement({"account": ACCOUNT}, NAMES, parts, ACTS, costs=True))

    assert f"account  {ACCOUNT}" in text
    assert "58 x IAM role" in text
    assert "It costs at most $" in text
    assert f"as of {cost.PRICES_AS_OF} ({cost.PRICES_FROM})" in text
    assert [step.title for step in ACTS if step.title not in text] == []


def test_a_step_that_was_tried_again_is_a_wait_with_its_reason() -> None:
    def line(outcome: str, started: float, **more: Any) -> dict[str, Any]:
        step = {"step": "function", "verb": "create", "name": "f", "calls": 3, "writes": 1, "started": started}
        return {**step, "outcome": outcome, **more}

    steps = journal.summary(
        [
            line("created", 112.5),
            line("failed", 100.0, error="NotReady", message="cannot be assumed by Lambda"),
            line("failed", 104.0, error="NotReady", message="cannot be assumed by Lambda"),
            {"step": "lock", "verb": "release", "name": "t", "calls": 2, "writes": 2, "started": 120.0},
        ]
    )

    assert (steps.lines, steps.calls, steps.writes) == (4, 11, 5)
    assert steps.twin_writes == {"function f": 3}  # the lock is the orchestrator's own
    assert steps.waits == (Wait("create function f (NotReady: cannot be assumed by Lambda)", 3, 12.5),)
    assert [fault.code for fault in steps.faults] == ["NotReady", "NotReady"]


def test_the_transcript_has_acts_waits_errors_and_what_is_left() -> None:
    fault = Fault("gluecode install", "iam:CreateRole", "Throttling", "Rate | exceeded", "0d8f-17")
    deployed = act(commands=Tally(10, 2), steps=Tally(143, 40), waits=[Wait("the role", 3, 8.25)], notes=["24 created"])
    deployed.faults[fault] += 2
    left = Leftovers({"queue": ["https://sqs/q"]}, ["aws sqs delete-queue --queue-url https://sqs/q"], ("queue",))

    text, removed = render(run(deployed, leftovers=left), mask=False)

    assert removed == 0
    assert text.startswith("# AWS proof: NOT as expected\n")
    assert "| Deploy | 12:30:00 | 12 | ok | 10 (2) | 143 (40) |" in text
    assert "- Deploy: the role: 8.2 s, 3 looks" in text
    assert "| Deploy | gluecode install | iam:CreateRole | Throttling | 2 | Rate \\| exceeded | 0d8f-17 |" in text
    assert "- Deploy: 24 created" in text
    assert "- queue: `https://sqs/q`" in text
    assert "    aws sqs delete-queue --queue-url https://sqs/q" in text


def test_errors_that_differ_in_the_request_id_alone_are_counted_together() -> None:
    counted = Counter([Fault("a", "b", "c", "d", "first"), Fault("a", "b", "c", "d", "second")])

    assert [(fault.request_id, number) for fault, number in counted.items()] == [("first", 2)]


def test_masked_the_transcript_does_not_have_the_account() -> None:
    text, _ = render(run(act(notes=[f"arn:aws:iam::{ACCOUNT}:role/x"]), leftovers=Leftovers()), mask=True)

    assert ACCOUNT not in text
    assert f"arn:aws:iam::{MASK}:role/x" in text


def test_a_secret_in_any_form_is_taken_out_of_the_transcript_and_counted() -> None:
    token = "T0ken-of-the-connection"
    coded = base64.b64encode(token.encode()).decode()

    text, removed = render(run(act(notes=[token, coded]), leftovers=Leftovers()), mask=False, secrets=[token, ""])

    assert removed == 2
    assert token not in text
    assert coded.rstrip("=") not in text
    assert REMOVED in text


@pytest.mark.parametrize(
    ("ended", "good", "reason"),
    [
        (run(act(), leftovers=Leftovers()), True, "nothing differs and nothing is left"),
        (run(act(differences=["x"]), leftovers=Leftovers()), False, "an act differs"),
        (run(act(), leftovers=Leftovers({"role": ["r"]})), False, "something is left"),
        (run(act(), leftovers=Leftovers(unlisted=["role (AccessDenied)"])), False, "nobody could look"),
        (run(act()), False, "nobody has looked"),
        (run(act(), leftovers=Leftovers(), stopped="Ctrl-C"), False, "it was stopped"),
        (run(act(), kept=["make aws-proof"]), True, "what is there was kept on purpose"),
    ],
)
def test_a_run_is_good_only_if_everything_was_and_nothing_is_left(ended: Run, good: bool, reason: str) -> None:
    assert ended.good is good, reason


def test_every_kind_of_leftover_has_a_command_that_removes_it() -> None:
    for kind in KINDS:
        command = kind.remove.format("'the name'")

        assert "'the name'" in command, kind.name
        assert "{0}" not in command, kind.name
