"""What is remembered of a twin, what is removed from memory alone, and how many steps a deployment takes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy_steps.registry import KINDS
from orchestrator.core.plan import COMPONENTS, Footprint, expected_steps, removal
from orchestrator.core.spec_json import read_spec
from tests.unit.orchestrator.projects import MAPPINGS, project

IDS = st.lists(st.sampled_from("abcdef"), max_size=5)
FOOTPRINTS = st.builds(
    lambda components, devices, connections: Footprint.read(
        {"components": components, "devices": devices, "connections": connections}
    ),
    IDS,
    IDS,
    IDS,
)


def test_a_footprint_says_what_a_project_wants() -> None:
    assert Footprint.of(project(("gcp", "aws", "gcp"))) == Footprint(
        components=(
            *("configuration_layer", "dashboard", "event_checker", "failed_events_alarm", "failure_queue", "ingestion"),
            *("log_group", "persister", "processor", "refused_requests_alarm", "url_requests_alarm"),
        ),
        devices=("press-1",),
        connections=("aws_l2_to_gcp_l3", "gcp_l1_to_aws_l2"),
    )


def test_a_twin_without_a_layer_on_aws_wants_nothing() -> None:
    assert Footprint.of(project(("gcp", "azure", "gcp"))) == Footprint()


@pytest.mark.parametrize("record", [{}, {"devices": None}, {"devices": [], "twin": "x"}])
def test_a_record_that_knows_nothing_is_an_empty_footprint(record: dict[str, Any]) -> None:
    assert Footprint.read(record) == Footprint()


@given(one=FOOTPRINTS, other=FOOTPRINTS)
def test_footprints_add_and_subtract_like_sets(one: Footprint, other: Footprint) -> None:
    assert one | other == other | one
    assert (one | other) - other == one - other
    assert (one - other) | (one - (one - other)) == one
    assert one - one == Footprint()


def test_what_is_removed_is_named_from_the_record_alone() -> None:
    known = Footprint(devices=("press-1",), connections=("gcp_l1_to_aws_l2",))
    owner = {"twin": "factory"}

    assert removal("factory", "my-project", "run-9", known, retain_data=False) == {
        "run": "run-9",
        "twin": "factory",
        "project": "my-project",
        "dry_run": False,
        "retain_data": False,
        "functions": {
            "dispatcher": {"name": "factory-dispatcher", "owner": owner},
            "connector": {"name": "factory-connector", "owner": owner},
            "ingestion": {"name": "factory-ingestion", "owner": owner},
            "processor": {"name": "factory-processor", "owner": owner},
            "persister": {"name": "factory-persister", "owner": owner},
            "event_checker": {"name": "factory-event-checker", "owner": owner},
            "writer": {"name": "factory-writer", "owner": owner},
        },
        "device_processors": [{"name": "factory-press-1-processor", "owner": owner}],
        "secrets": [{"name": "factory/gcp_l1_to_aws_l2", "owner": owner}],
        "failure_queue": {"name": "factory-failures", "owner": owner, "retain_data": False},
        "hot_table": {"name": "factory-hot-iot-data", "owner": owner, "retain_data": False},
        "log_group": {"name": "/gluecode/factory", "owner": owner},
        "configuration_layer": {"name": "factory-configuration", "owner": owner},
        "alarms": {"name": "factory", "owner": owner},
        "dashboard": {"name": "factory-dashboard", "owner": owner},
        "iot_role": {"name": "factory-trigger", "owner": owner},
        "iot_rule": {"name": "factory_trigger_dispatcher", "owner": owner},
        "results": {},
    }


def test_data_is_retained_unless_it_is_said_otherwise() -> None:
    made = removal("factory", "factory", "run-9", Footprint())

    assert (made["retain_data"], made["hot_table"]["retain_data"], made["dry_run"]) == (True, True, False)


def test_every_identity_to_remove_is_one_that_its_step_can_read() -> None:
    made = json.loads(json.dumps(removal("t", "t", "r", Footprint(devices=("d",), connections=("gcp_l1_to_aws_l2",)))))
    functions = [*made["functions"].values(), *made["device_processors"]]
    kinds_of_functions = ("function", "function-url", "permissions", "invoke-config", "event-source")
    identities = [
        *((kind, one) for kind in kinds_of_functions for one in functions),
        *(("iam-role", one) for one in (made["iot_role"], *functions)),
        *(("secret", one) for one in made["secrets"]),
        ("failure-queue", made["failure_queue"]),
        ("outbox", {**made["functions"]["connector"], "retain_data": False}),
        ("hot-table", made["hot_table"]),
        ("log-group", made["log_group"]),
        ("config-layer", made["configuration_layer"]),
        ("iot-rule", made["iot_rule"]),
        ("alarms", made["alarms"]),
        ("dashboard", made["dashboard"]),
    ]

    read: list[Any] = [read_spec(KINDS[kind].identity, identity) for kind, identity in identities]

    assert [identity.name for identity in read] == [identity["name"] for _, identity in identities]
    assert {kind for kind, _ in identities} == set(KINDS)


AROUND = 7  # load, check the roles, take the lock, record start and outcome, release the lock, announce the result
SHARED = 5 + 1  # queue, log group, layer, alarms, dashboard; and the layer's old versions
INNER = 3  # role, function, invoke settings
PUBLIC = 5  # role, function, URL, permissions, proof
GONE = 5  # URL, permissions, invoke settings, function, role


@pytest.mark.parametrize(
    ("mapping", "steps", "reason"),
    [
        (
            ("aws", "aws", "aws"),
            AROUND + SHARED + 1 + (INNER + 1) + 3 + 3 * INNER + (1 + INNER),
            "table; dispatcher with the rule's permission, seen twice; rule, role; three L2; press-1 with its package",
        ),
        (
            ("gcp", "aws", "aws"),
            AROUND + SHARED + 1 + 1 + PUBLIC + 3 * INNER + (1 + INNER),
            "table, secret, ingestion, L2",
        ),
        (
            ("aws", "gcp", "aws"),
            AROUND + SHARED + 1 + 3 + (INNER + 1) + 2 + INNER + PUBLIC,
            "two secrets, both ends of L2",
        ),
        (("gcp", "gcp", "aws"), AROUND + SHARED - 1 + 1 + 1 + PUBLIC, "no queue; table, secret, writer"),
        (("gcp", "gcp", "gcp"), AROUND, "nothing is on AWS"),
    ],
)
def test_a_first_deployment_takes_as_many_steps_as_its_journal_has_lines(
    mapping: tuple[str, str, str], steps: int, reason: str
) -> None:
    assert expected_steps(Footprint.of(project(mapping)), Footprint()) == steps


def test_taking_everything_down_drains_what_is_invoked_asynchronously_first() -> None:
    everything = Footprint(COMPONENTS, devices=("press-1",), connections=("gcp_l1_to_aws_l2",))
    inner, public, others = 5, 2, 6  # others: table, queue, log group, layer, alarms, dashboard

    steps = expected_steps(Footprint(), everything)

    outgoing = 2 * (1 + 1)  # each queue, and what its sender is run by
    assert steps == AROUND + inner * (1 + GONE) + public * GONE + others + outgoing + 2 + (1 + GONE) + 1


def test_with_batching_there_are_a_queue_and_an_event_source_more() -> None:
    plain = Footprint.of(project(("aws", "gcp", "gcp")))
    batching = plain | Footprint(("connector_queue",))

    assert expected_steps(batching, Footprint()) == expected_steps(plain, Footprint()) + 2
    assert expected_steps(plain, batching - plain) == expected_steps(plain, Footprint()) + 3, (
        "and a right is taken back"
    )


@pytest.mark.parametrize("mapping", MAPPINGS, ids="/".join)
def test_redeploying_takes_the_steps_of_deploying_and_none_to_remove(mapping: tuple[str, str, str]) -> None:
    wanted = Footprint.of(project(mapping))

    assert expected_steps(wanted, wanted - wanted) == expected_steps(wanted, Footprint())
