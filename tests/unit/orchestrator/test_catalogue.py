"""The catalogue of components: every row fits the others, the names and the kinds."""

from __future__ import annotations

from itertools import product

import pytest

from deploy_steps.registry import KINDS
from orchestrator.core.catalogue import CATALOGUE, COMPONENTS, FUNCTIONS, OF, QUEUES, REMOVAL, needed, rows_of
from orchestrator.core.names import ALARMS, Installation, TwinNames
from orchestrator.core.placement import Placement
from tests.state_machines.decision_table import COLUMNS

_HERE = Installation("gluecode", "aws", "eu-central-1", "123456789012")
_TWIN = TwinNames("factory")
_PLACEMENTS = [Placement(l1, l2, l3, check, batch) for l1, l2, l3, check, batch in product((True, False), repeat=5)]
_WITH = {
    "processor": ("device_processor", "processor"),
    "hot_table": ("hot_table", "connector_queue", "persister_queue"),
}
"""What the decision table has no column for, beside what it is removed with."""
_IDS = {"": (), "device": ("oven",), "connection": ("aws_l1_to_azure_l2",)}


def test_every_row_has_a_name_of_its_own_and_a_kind_that_there_is() -> None:
    assert len(OF) == len(CATALOGUE)
    assert {row.kind for row in CATALOGUE} == set(KINDS)


@pytest.mark.parametrize("placement", _PLACEMENTS, ids=str)
def test_what_hangs_on_components_is_needed_only_with_all_of_them(placement: Placement) -> None:
    for row in CATALOGUE:
        if row.hangs_on:
            assert row.needed(placement) == all(OF[name].needed(placement) for name in row.hangs_on), row.name


def test_two_things_of_one_kind_have_different_names() -> None:
    for kind in KINDS:
        names = [row.named(_TWIN, *_IDS[row.each]) for row in rows_of(kind)]

        assert len(names) == len(set(names)), kind


def test_an_arn_ends_in_the_name_except_where_aws_gives_it_a_number() -> None:
    for row in CATALOGUE:
        arn, name = row.arn(_HERE, _TWIN, *_IDS[row.each]), row.named(_TWIN, *_IDS[row.each])

        assert arn.startswith("arn:aws:")
        scope = "-eu-central-1-gluecode" if row.kind in ("iam-role", "dashboard") else ""
        assert arn.endswith("event-source-mapping:*" if row.kind == "event-source" else name + scope)


def test_a_twin_is_taken_down_from_its_entrances_to_its_data() -> None:
    order = [name for column in COLUMNS.values() for name in _WITH.get(column, (column,))]

    assert [row.name for row in REMOVAL] == [*order, "secret"]
    phases = [row.phase for row in REMOVAL]
    assert phases == sorted(phases, reverse=True)
    assert next(row.name for row in REMOVAL if row.phase == "data") == "hot_table"


def test_the_record_lists_everything_that_a_twin_has_once() -> None:
    assert frozenset[str]().union(*map(needed, _PLACEMENTS)) == frozenset(COMPONENTS)
    assert set(QUEUES.values()) <= set(FUNCTIONS)
    assert len(rows_of("alarms")) == len(ALARMS)
