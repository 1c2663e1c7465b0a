"""Which components each of the 27 mappings puts on AWS, measured by the decision table."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from orchestrator.core import catalogue
from orchestrator.core.catalogue import COMPONENTS, QUEUES
from orchestrator.core.placement import Placement, Watch
from tests.state_machines import decision_table
from tests.unit.orchestrator.projects import MAPPINGS, providers


def needed(mapping: dict[str, str], **options: Any) -> frozenset[str]:
    return catalogue.needed(Placement.of(mapping, **options))


@pytest.mark.parametrize("mapping", MAPPINGS, ids="/".join)
def test_a_mapping_puts_exactly_its_row_on_aws(mapping: tuple[str, str, str]) -> None:
    row = decision_table.marked(mapping)

    assert needed(providers(mapping), event_checking=True) == row
    assert needed(providers(mapping), event_checking=False) == row - {"event_checker"}


@pytest.mark.parametrize("mapping", MAPPINGS, ids="/".join)
def test_an_installation_that_watches_nothing_has_neither_alarms_nor_dashboards(mapping: tuple[str, str, str]) -> None:
    row = decision_table.marked(mapping)
    unwatched = Watch(alarms=False, dashboards=False)

    assert needed(providers(mapping), event_checking=True, watch=unwatched) == {
        component for component in row if component != "dashboard" and not component.endswith("_alarm")
    }


@pytest.mark.parametrize("mapping", MAPPINGS, ids="/".join)
def test_with_batching_whoever_sends_has_a_queue_in_front_of_it(mapping: tuple[str, str, str]) -> None:
    plain = needed(providers(mapping), event_checking=True)
    l1, l2, l3 = (cloud == "aws" for cloud in mapping)
    sender = {"connector_queue"} if l1 and not l2 else {"persister_queue"} if l2 and not l3 else set()

    assert needed(providers(mapping), event_checking=True, batching=True) == plain | sender


def test_the_table_covers_every_combination_and_every_component() -> None:
    assert set(decision_table.rows()) == set(itertools.product((True, False), repeat=3))
    assert {*decision_table.COLUMNS.values(), *QUEUES} == set(COMPONENTS)
