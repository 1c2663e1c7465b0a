"""What is remembered of a twin."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.plan import Footprint
from tests.state_machines.decision_table import marked
from tests.unit.orchestrator.projects import project

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
        components=tuple(sorted(marked(("gcp", "aws", "gcp")))),
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
