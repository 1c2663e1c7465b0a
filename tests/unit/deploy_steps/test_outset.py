"""A run begins with the roles that its mapping needs, and knows which of them may be there already."""

from __future__ import annotations

from deploy_steps.tasks.outset import outset
from orchestrator.plan import Footprint, removal
from tests.state_machines.example import TWIN, planned


def roles(mapping: tuple[str, str, str], before: Footprint) -> dict[str, bool]:
    """Role's name → whether it may be there."""
    known = outset(planned(mapping), before, drain=True)
    return {role["spec"]["name"]: role["was_there"] for role in known["roles"]}


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
    known = outset(removal(TWIN, TWIN, "a-run", Footprint(("dispatcher",))), Footprint(("dispatcher",)), drain=False)

    assert known["roles"] == []
