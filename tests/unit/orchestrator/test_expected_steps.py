"""How many steps an execution takes is read off the machines' definitions."""

from __future__ import annotations

from typing import Any

import pytest

from deploy_steps.state.record import run_start
from orchestrator.core.expected_steps import expected_steps
from orchestrator.core.plan import COMPONENTS, Footprint
from orchestrator.core.plan.prune import wanted
from tests.state_machines.decision_table import FUNCTIONS, SINGLES, marked
from tests.state_machines.decision_table import PUBLIC as URLS
from tests.state_machines.example import planned

MAPPINGS = [("aws", "aws", "aws"), ("aws", "azure", "aws"), ("gcp", "aws", "gcp"), ("gcp", "gcp", "gcp")]


def steps(plan: dict[str, Any], before: Footprint = Footprint(), verb: str = "deploy") -> int:  # noqa: B008  # frozen
    """The steps of a run where that much may exist."""
    scope = "gluecode/eu-central-1"
    record = {"components": before.components, "devices": before.devices, "connections": before.connections}
    record["scopes"] = (scope,)
    return expected_steps(verb, {**plan, "drain_seconds": 0, "previous": run_start(plan, record, verb, scope)})


AROUND = 7  # load, check the roles, take the lock, record start and outcome, release the lock, announce the result
SHARED = len(SINGLES) - 1 + 1 + 1  # all singles but the table; the alarms; and the layer's old versions
INNER = 3  # role, function, invoke settings
PUBLIC = 5  # role, function, URL, permissions, proof
GONE = 5  # URL, permissions, invoke settings, function, role


def inner(mapping: tuple[str, str, str]) -> int:
    """The steps of the functions that nobody calls from outside."""
    return INNER * len(marked(mapping) & {*FUNCTIONS} - {*URLS})


@pytest.mark.parametrize(
    ("mapping", "expected", "reason"),
    [
        (
            ("aws", "aws", "aws"),
            AROUND + SHARED + 1 + inner(("aws", "aws", "aws")) + 1 + 3 + (1 + INNER),
            "table; dispatcher with the rule's permission, seen twice; rule, role; three L2; press with its package",
        ),
        (
            ("gcp", "aws", "aws"),
            AROUND + SHARED + 1 + 1 + PUBLIC + inner(("gcp", "aws", "aws")) + (1 + INNER),
            "table, secret, ingestion, L2",
        ),
        (
            ("aws", "gcp", "aws"),
            AROUND + SHARED + 1 + 3 + inner(("aws", "gcp", "aws")) + 1 + 2 + PUBLIC,
            "two secrets, both ends of L2",
        ),
        (("gcp", "gcp", "aws"), AROUND + SHARED - 1 + 1 + 1 + PUBLIC, "no queue; table, secret, writer"),
        (("gcp", "gcp", "gcp"), AROUND, "nothing is on AWS"),
    ],
)
def test_a_first_deployment_takes_as_many_steps_as_its_journal_has_lines(
    mapping: tuple[str, str, str], expected: int, reason: str
) -> None:
    assert steps(planned(mapping)) == expected


def test_taking_everything_down_drains_what_is_invoked_asynchronously_first() -> None:
    everything = Footprint(COMPONENTS, devices=("press-1",), connections=("gcp_l1_to_aws_l2",))
    public, others = 2, len(SINGLES) + 1  # others: singles, and the alarms
    asynchronous = len(FUNCTIONS) - public
    outboxes = 2 * (1 + 1)  # each outbox, and what its sender is run by

    taken = steps(planned(("gcp", "gcp", "gcp")), everything)

    assert taken == AROUND + asynchronous * (1 + GONE) + public * GONE + others + outboxes + 2 + (1 + GONE) + 1


def test_a_plan_announces_no_result_and_drains_nothing() -> None:
    before = Footprint(("dispatcher", "iot_rule"))

    wet, dry = (steps(planned(("gcp", "gcp", "aws"), dry_run=dry_run), before) for dry_run in (False, True))

    assert wet - dry == 3, "the result, the drained dispatcher, older configurations"


def test_with_batching_there_are_an_outbox_and_an_event_source_more() -> None:
    mapping = ("aws", "gcp", "gcp")
    plain, batching = planned(mapping), planned(mapping, batching=True)

    assert steps(batching) == steps(plain) + 2
    again = steps(plain, wanted(plain))
    assert steps(plain, wanted(batching)) == again + 3, "and a right is revoked"


@pytest.mark.parametrize("mapping", MAPPINGS, ids="/".join)
def test_redeploying_takes_the_steps_of_deploying_and_none_to_remove(mapping: tuple[str, str, str]) -> None:
    plan = planned(mapping)
    seen_again = mapping[0] == "aws"  # the permission of a new dispatcher is looked at once more

    assert steps(plan, wanted(plan)) == steps(plan) - seen_again


def test_destroying_looks_for_everything_that_a_twin_can_consist_of() -> None:
    asked = {"run": "r", "twin": "t", "dry_run": False, "retain_data": True, "results": {}}

    taken = steps(asked, Footprint(devices=("press",)), "destroy")

    around, sources, outboxes, functions = 5, 2, 2, len(FUNCTIONS)
    singles = len(SINGLES) + 3  # and the alarms, the rule, its role
    assert taken == around + singles + (functions + 1) * GONE + sources + outboxes + 1  # the press is drained
