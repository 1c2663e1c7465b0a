"""Whose a thing is: its tags say so, and where they were stripped, the record of the last deployment."""

from __future__ import annotations

import pytest

from deploy_steps.ownership import is_ours
from orchestrator.core.specs import MANAGED_BY, Owner

OURS = {"ManagedBy": MANAGED_BY, "DigitalTwin": "factory", "Layer": "L1"}
ANOTHERS = {**OURS, "DigitalTwin": "foundry"}
A_TOOLS = {"ManagedBy": "terraform"}


@pytest.mark.parametrize(
    ("tags", "as_such", "recorded", "adopting"),
    [
        pytest.param(OURS, True, True, True, id="our tags"),
        pytest.param({"ManagedBy": MANAGED_BY}, True, True, True, id="one of our tags is left"),
        pytest.param({}, False, True, True, id="no tags: stripped if the record knows it, else somebody's"),
        pytest.param({"Layer": "L1"}, False, True, True, id="nothing in the tags says whose it is"),
        pytest.param({"DigitalTwin": "factory"}, False, True, True, id="the mark is missing"),
        pytest.param(ANOTHERS, False, False, True, id="another twin's"),
        pytest.param({"DigitalTwin": "foundry"}, False, False, True, id="another twin's, the mark is missing"),
        pytest.param(A_TOOLS, False, False, True, id="another tool's"),
    ],
)
def test_a_thing_is_ours(tags: dict[str, str], as_such: bool, recorded: bool, adopting: bool) -> None:
    owners = (Owner("factory"), Owner("factory", recorded=True), Owner("factory", adopt=True))

    assert [is_ours(owner, tags) for owner in owners] == [as_such, recorded, adopting]
