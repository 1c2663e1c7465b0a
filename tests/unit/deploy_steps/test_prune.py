"""What may be left over is what the record knows, less what the mapping wants."""

from __future__ import annotations

from orchestrator.core.plan import COMPONENTS, Footprint, removal
from orchestrator.core.plan.prune import EVERY_CONNECTION, prune, wanted
from tests.state_machines.example import EVERYTHING, NOTHING, TWIN, planned

OWNER = {"twin": TWIN}


def test_a_plan_wants_what_its_mapping_needs() -> None:
    plan = planned(("gcp", "aws", "gcp"), event_checking=False)

    assert wanted(plan) == Footprint(
        components=(
            *("configuration_layer", "dashboard", "failed_events_alarm", "failure_queue", "ingestion", "log_group"),
            *("persister", "processor", "refused_requests_alarm", "url_requests_alarm"),
        ),
        devices=("press",),
        connections=("aws_l2_to_gcp_l3", "gcp_l1_to_aws_l2"),
    )


def test_the_identities_that_destroy_works_with_want_nothing() -> None:
    assert wanted(removal(TWIN, TWIN, "a-run", EVERYTHING)) == NOTHING


def test_a_twin_that_was_never_there_leaves_nothing() -> None:
    assert prune(TWIN, NOTHING, wanted(planned(("aws", "aws", "aws"))), drain=True) == {
        "components": dict.fromkeys(COMPONENTS, False),
        "draining": [],
        "obsolete_alarms": {"name": TWIN, "owner": OWNER, "alarms": []},
        "obsolete_processors": [],
        "obsolete_outboxes": [],
        "obsolete_secrets": [],
    }


def test_what_departs_is_named_and_its_queues_are_drained() -> None:
    before = Footprint(("connector", "dispatcher", "ingestion"), ("lathe", "press"), ("aws_l1_to_gcp_l2",))

    found = prune(TWIN, before, Footprint(("dispatcher",), ("press",)), drain=True)

    assert {name for name, there in found["components"].items() if there} == set(before.components)
    assert found["draining"] == [
        {"name": f"{TWIN}-connector", "owner": OWNER},  # who is public is called synchronously: nothing is queued
        {"name": f"{TWIN}-lathe-processor", "owner": OWNER},
    ]
    assert found["obsolete_processors"] == [{"name": f"{TWIN}-lathe-processor", "owner": OWNER}]
    assert found["obsolete_secrets"] == [{"name": f"{TWIN}/aws_l1_to_gcp_l2", "owner": OWNER}]


def test_a_queue_departs_with_its_sender_or_without_it() -> None:
    before = Footprint(("connector", "connector_queue", "persister", "persister_queue"))

    found = prune(TWIN, before, Footprint(("persister",)), drain=True)

    assert found["obsolete_outboxes"] == [
        {"identity": {"name": f"{TWIN}-persister", "owner": OWNER}, "sender_stays": True},
        {"identity": {"name": f"{TWIN}-connector", "owner": OWNER}, "sender_stays": False},
    ]


def test_the_alarms_that_have_nothing_to_watch_any_more_are_named() -> None:
    watched = wanted(planned(("gcp", "aws", "aws")))

    found = prune(TWIN, watched, wanted(planned(("gcp", "gcp", "aws"))), drain=True)

    assert found["obsolete_alarms"] == {"name": TWIN, "owner": OWNER, "alarms": ["failed-events"]}


def test_nothing_is_drained_when_that_is_not_wanted() -> None:
    assert prune(TWIN, EVERYTHING, NOTHING, drain=False)["draining"] == []


def test_every_connection_that_aws_can_take_part_in_is_known() -> None:
    assert sorted(EVERY_CONNECTION) == [
        "aws_l1_to_azure_l2",
        "aws_l1_to_gcp_l2",
        "aws_l2_to_azure_l3",
        "aws_l2_to_gcp_l3",
        "azure_l1_to_aws_l2",
        "azure_l2_to_aws_l3",
        "gcp_l1_to_aws_l2",
        "gcp_l2_to_aws_l3",
    ]


def test_what_the_last_deployment_left_is_removed_even_without_its_tags() -> None:
    ours = Footprint(("dispatcher", "persister_queue", "failed_events_alarm"), ("press",), ("aws_l1_to_gcp_l2",))
    before = ours | Footprint(("persister",), ("lathe",))

    found = prune(TWIN, before, NOTHING, ours, drain=True)

    known = {each["name"]: each["owner"].get("recorded", False) for each in found["obsolete_processors"]}
    assert known == {f"{TWIN}-press-processor": True, f"{TWIN}-lathe-processor": False}
    assert found["obsolete_alarms"]["owner"]["recorded"]
    assert [queue["identity"]["owner"].get("recorded") for queue in found["obsolete_outboxes"]] == [True]
    assert [secret["owner"].get("recorded") for secret in found["obsolete_secrets"]] == [True]
