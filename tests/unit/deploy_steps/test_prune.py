"""What is obsolete is what the record knows, less what the mapping wants."""

from __future__ import annotations

from typing import Any

import pytest

from deploy_steps.registry import KINDS
from orchestrator.core.plan import COMPONENTS, Footprint
from orchestrator.core.plan.prune import EVERY_CONNECTION, Removal, obsolete, wanted
from orchestrator.core.spec_json import read_spec
from tests.state_machines.decision_table import DATA, FUNCTIONS, SINGLES, marked
from tests.state_machines.example import EVERYTHING, NOTHING, TWIN, planned

OWNER = {"twin": TWIN}
KINDS_OF = {
    **dict.fromkeys(("iot_rule",), ("iot-rule",)),
    **dict.fromkeys(("iot_role",), ("iam-role",)),
    **dict.fromkeys(
        FUNCTIONS,
        ("function", "function-url", "permissions", "invoke-config", "event-source", "iam-role"),
    ),
    "device_processors": ("function", "function-url", "permissions", "invoke-config", "iam-role"),
    "alarms": ("alarms",),
    "outboxes": ("outbox",),
    **{component: (single.kind,) for component, single in SINGLES.items()},
    "secrets": ("secret",),
}
"""The kinds of which the machine removes each entry."""


def removed(before: Footprint, now: Footprint, ours: Footprint = NOTHING, **how: Any) -> dict[str, Any]:
    """All that is to go, of both phases."""
    found = obsolete(TWIN, before - now, now, ours, Removal(**how), {f"{TWIN}-persister": {}})
    return {name: value for phase in found.values() for part in phase for name, value in part.items()}


def test_a_plan_wants_what_its_mapping_needs() -> None:
    plan = planned(("gcp", "aws", "gcp"), event_checking=False)

    assert wanted(plan) == Footprint(
        components=tuple(sorted(marked(("gcp", "aws", "gcp")) - {"event_checker"})),
        devices=("press",),
        connections=("aws_l2_to_gcp_l3", "gcp_l1_to_aws_l2"),
        scopes=("gluecode/eu-central-1",),
    )


def test_a_plan_of_an_earlier_release_does_not_want_what_that_release_did_not_know() -> None:
    plan = planned(("gcp", "gcp", "aws"))
    older = {name: part for name, part in plan.items() if name != "dashboard"}
    older["functions"] = {name: part for name, part in plan["functions"].items() if name != "writer"}

    assert {*wanted(plan).components} - {*wanted(older).components} == {"dashboard", "writer"}


def test_a_removal_wants_nothing() -> None:
    assert wanted({"twin": TWIN}) == NOTHING


def test_a_twin_that_was_never_there_leaves_nothing() -> None:
    now = wanted(planned(("aws", "aws", "aws")))

    assert obsolete(TWIN, NOTHING - now, now, NOTHING, Removal(draining=NOTHING)) == {"functions": [], "data": []}


def test_what_is_obsolete_is_named_and_its_queues_are_drained() -> None:
    before = Footprint(("connector", "dispatcher", "ingestion"), ("lathe", "press"), ("aws_l1_to_gcp_l2",))

    found = removed(before, Footprint(("dispatcher",), ("press",)), draining=before)

    assert found == {
        "connector": {"name": f"{TWIN}-connector", "owner": OWNER},
        "ingestion": {"name": f"{TWIN}-ingestion", "owner": OWNER},
        "device_processors": [{"name": f"{TWIN}-lathe-processor", "owner": OWNER}],
        "secrets": [{"name": f"{TWIN}/aws_l1_to_gcp_l2", "owner": OWNER}],
        "draining": [
            {"name": f"{TWIN}-connector", "owner": OWNER},  # who is public is called synchronously: nothing is queued
            {"name": f"{TWIN}-lathe-processor", "owner": OWNER},
        ],
    }


def test_what_no_rollback_brings_back_is_of_the_phase_of_data() -> None:
    found = obsolete(TWIN, EVERYTHING, NOTHING, NOTHING, Removal(draining=EVERYTHING))

    (functions,), (data,) = found["functions"], found["data"]
    assert {*data} == {*DATA, "outboxes", "secrets"}
    assert {*functions} == {*KINDS_OF, "draining"} - {*data}


def test_in_a_dry_run_each_part_is_looked_for_by_itself_and_nothing_is_drained() -> None:
    found = obsolete(TWIN, EVERYTHING, NOTHING, NOTHING, Removal(draining=EVERYTHING, dry_run=True))

    parts = [sorted(part) for phase in found.values() for part in phase]
    assert ["iot_role", "iot_rule"] in parts
    assert sorted(name for part in parts for name in part) == sorted(KINDS_OF)
    assert all(len(part) == 1 for part in parts if part != ["iot_role", "iot_rule"])


def test_everything_that_a_twin_can_consist_of_is_removed_and_every_step_can_read_its_identity() -> None:
    found = removed(EVERYTHING, NOTHING)

    read = set()
    for name, kinds in KINDS_OF.items():
        for each in found[name] if isinstance(found[name], list) else [found[name]]:
            for kind in kinds:
                identity: Any = read_spec(KINDS[kind].identity, each.get("identity", each))
                assert identity.name == each.get("identity", each)["name"]
                read.add(kind)
    assert read == set(KINDS)
    assert len(found["alarms"]["alarms"]) == sum(component.endswith("_alarm") for component in COMPONENTS)


@pytest.mark.parametrize("retain_data", [True, False])
def test_data_is_retained_unless_it_is_said_otherwise(retain_data: bool) -> None:
    found = removed(EVERYTHING, NOTHING, retain_data=retain_data)

    keeping = [found["hot_table"], found["failure_queue"], *(each["identity"] for each in found["outboxes"])]
    assert {each["retain_data"] for each in keeping} == {retain_data}


def test_an_outbox_goes_with_its_sender_or_without_it() -> None:
    before = Footprint(("connector", "connector_queue", "persister", "persister_queue"))

    found = removed(before, Footprint(("persister",)), draining=before)

    assert found["outboxes"] == [
        {"identity": {"name": f"{TWIN}-connector", "owner": OWNER, "retain_data": True}},
        {
            "identity": {"name": f"{TWIN}-persister", "owner": OWNER, "retain_data": True},
            "sender": {"name": f"{TWIN}-persister", "owner": OWNER},
            "role": {},
        },
    ]


def test_where_an_outbox_goes_without_its_sender_its_last_events_are_waited_for() -> None:
    before = Footprint(("persister", "persister_queue"))

    assert removed(before, Footprint(("persister",)), draining=before)["draining"] == []


def test_the_alarms_that_have_nothing_to_watch_any_more_are_named() -> None:
    watched = wanted(planned(("gcp", "aws", "aws")))

    found = removed(watched, wanted(planned(("gcp", "gcp", "aws"))))

    assert found["alarms"] == {"name": TWIN, "owner": OWNER, "alarms": ["failed-events"]}


def test_nothing_is_drained_when_that_is_not_wanted() -> None:
    assert "draining" not in removed(EVERYTHING, NOTHING)


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

    found = removed(before, NOTHING, ours)

    recorded = {each["name"]: each["owner"].get("recorded", False) for each in found["device_processors"]}
    assert recorded == {f"{TWIN}-press-processor": True, f"{TWIN}-lathe-processor": False}
    assert (found["dispatcher"]["owner"].get("recorded"), found["persister"]["owner"].get("recorded")) == (True, None)
    assert found["alarms"]["owner"]["recorded"]
    assert [each["identity"]["owner"].get("recorded") for each in found["outboxes"]] == [True]
    assert [secret["owner"].get("recorded") for secret in found["secrets"]] == [True]


def test_nothing_that_is_to_be_removed_is_adopted() -> None:
    assert "adopt" not in str(removed(EVERYTHING, NOTHING))
