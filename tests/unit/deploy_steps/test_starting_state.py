"""A run begins with the roles that its mapping needs, and knows which of them may be there already."""

from __future__ import annotations

from typing import Any

from orchestrator.core.plan import Footprint
from orchestrator.core.plan.prune import Removal
from orchestrator.core.plan.starting_state import starting_state
from tests.state_machines.example import TWIN, planned


def started(plan: dict[str, Any], before: Footprint) -> dict[str, Any]:
    """What a run starts from that drains what may wait."""
    return starting_state(plan, before, Footprint(), Removal(draining=before))


def outboxes(known: dict[str, Any]) -> list[dict[str, Any]]:
    """Those that are obsolete."""
    return [outbox for part in known["obsolete"]["data"] for outbox in part["outboxes"]]


def roles(mapping: tuple[str, str, str], before: Footprint) -> dict[str, bool]:
    """Role's name → whether it may be there."""
    known = started(planned(mapping), before)
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
    known = started({"twin": TWIN}, Footprint(("dispatcher",)))

    assert known["roles"] == []


def test_a_sender_that_stays_may_work_off_its_queue_until_that_has_gone() -> None:
    before = Footprint(("dispatcher", "connector", "connector_queue"))

    known = started(planned(("aws", "gcp", "gcp")), before)

    (queue,) = outboxes(known)
    made = {role["spec"]["name"]: role["spec"] for role in known["roles"]}[f"{TWIN}-connector"]
    *plain, added = made["policy"]["Statement"]
    assert added["Resource"] == [f"arn:aws:sqs:eu-central-1:123456789012:{TWIN}-connector"]
    assert {**queue["role"]["policy"], "Statement": [*plain, added]} == made["policy"]
    assert queue["role"] == planned(("aws", "gcp", "gcp"))["functions"]["connector"]["role"]


def test_with_batching_switched_off_a_role_is_at_first_as_it_was() -> None:
    on = planned(("aws", "gcp", "gcp"), batching=True)["functions"]["connector"]["role"]
    before = Footprint(("dispatcher", "connector", "connector_queue"))

    known = started(planned(("aws", "gcp", "gcp")), before)

    assert on in [role["spec"] for role in known["roles"]]


def test_a_queue_whose_sender_leaves_takes_no_role_with_it() -> None:
    known = started(planned(("aws", "aws", "aws")), Footprint(("connector", "connector_queue")))

    assert ["sender" in outbox for outbox in outboxes(known)] == [False]
    assert not any("role" in queue for queue in outboxes(known))
