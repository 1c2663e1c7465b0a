"""A run begins with the roles that its mapping needs, and knows which of them may be there already."""

from __future__ import annotations

from orchestrator.core.plan import Footprint, removal
from orchestrator.core.plan.starting_state import starting_state
from tests.state_machines.example import TWIN, planned


def roles(mapping: tuple[str, str, str], before: Footprint) -> dict[str, bool]:
    """Role's name → whether it may be there."""
    known = starting_state(planned(mapping), before, drain=True)
    return {role["spec"]["name"]: role["may_exist"] for role in known["roles"]}


def test_a_first_deployment_prepares_the_roles_of_its_functions_and_of_the_rule() -> None:
    assert roles(("aws", "gcp", "aws"), Footprint()) == dict.fromkeys(
        (f"{TWIN}-{name}" for name in ("dispatcher", "connector", "writer", "trigger")), False
    )


def test_a_role_that_the_record_knows_may_be_there() -> None:
    before = Footprint(("iot_rule", "dispatcher", "processor"))

    assert roles(("aws", "gcp", "gcp"), before) == {
        f"{TWIN}-dispatcher": True,
        f"{TWIN}-connector": False,
        f"{TWIN}-trigger": True,
    }


def test_a_devices_own_processor_prepares_its_own_role() -> None:
    assert f"{TWIN}-press-processor" not in roles(("aws", "aws", "aws"), Footprint())


def test_nothing_is_prepared_for_a_twin_that_goes() -> None:
    known = starting_state(
        removal(TWIN, TWIN, "a-run", Footprint(("dispatcher",))), Footprint(("dispatcher",)), drain=False
    )

    assert known["roles"] == []


def test_a_sender_that_stays_may_work_off_its_queue_until_that_has_gone() -> None:
    before = Footprint(("dispatcher", "connector", "connector_queue"))

    known = starting_state(planned(("aws", "gcp", "gcp")), before, drain=True)

    (queue,) = known["obsolete_outboxes"]
    made = {role["spec"]["name"]: role["spec"] for role in known["roles"]}[f"{TWIN}-connector"]
    *plain, added = made["policy"]["Statement"]
    assert added["Resource"] == [f"arn:aws:sqs:eu-central-1:123456789012:{TWIN}-connector"]
    assert {**queue["role"]["policy"], "Statement": [*plain, added]} == made["policy"]
    assert queue["role"] == planned(("aws", "gcp", "gcp"))["functions"]["connector"]["role"]


def test_with_batching_switched_off_a_role_is_at_first_as_it_was() -> None:
    on = planned(("aws", "gcp", "gcp"), batching=True)["functions"]["connector"]["role"]
    before = Footprint(("dispatcher", "connector", "connector_queue"))

    known = starting_state(planned(("aws", "gcp", "gcp")), before, drain=True)

    assert on in [role["spec"] for role in known["roles"]]


def test_a_queue_whose_sender_leaves_takes_no_role_with_it() -> None:
    known = starting_state(planned(("aws", "aws", "aws")), Footprint(("connector", "connector_queue")), drain=True)

    assert [queue["sender_stays"] for queue in known["obsolete_outboxes"]] == [False]
    assert not any("role" in queue for queue in known["obsolete_outboxes"])
