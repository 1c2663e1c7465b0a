"""The decision table: which components each of the 27 mappings puts on AWS, written out by hand."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from orchestrator.core import catalogue
from orchestrator.core.catalogue import COMPONENTS, QUEUES
from orchestrator.core.placement import Placement, Watch
from tests.unit.orchestrator.projects import MAPPINGS, providers

# A column per component, see COLUMNS. Of a layer it only matters whether it runs on AWS, not where else.
TABLE = """
L1     L2     L3     R D C I P S E W T Q L K f r u b
aws    aws    aws    x x - - x x x - x x x x x - - x
aws    aws    other  x x - - x x x - - x x x x - - x
aws    other  aws    x x x - - - - x x x x x x x x x
aws    other  other  x x x - - - - - - x x x x - - x
other  aws    aws    - - - x x x x - x x x x x x x x
other  aws    other  - - - x x x x - - x x x x x x x
other  other  aws    - - - - - - - x x - x x - x x x
other  other  other  - - - - - - - - - - - - - - - -
"""
COLUMNS = {
    "R": "iot_rule",
    "D": "dispatcher",
    "C": "connector",
    "I": "ingestion",
    "P": "processor",
    "S": "persister",
    "E": "event_checker",
    "W": "writer",
    "T": "hot_table",
    "Q": "failure_queue",
    "L": "log_group",
    "K": "configuration_layer",
    "f": "failed_events_alarm",
    "r": "refused_requests_alarm",
    "u": "url_requests_alarm",
    "b": "dashboard",
}


def needed(mapping: dict[str, str], **options: Any) -> frozenset[str]:
    return catalogue.needed(Placement.of(mapping, **options))


def rows() -> dict[tuple[str, ...], set[str]]:
    heading, *lines = (line.split() for line in TABLE.strip().splitlines())
    return {
        tuple(line[:3]): {COLUMNS[column] for column, mark in zip(heading[3:], line[3:], strict=True) if mark == "x"}
        for line in lines
    }


@pytest.mark.parametrize("mapping", MAPPINGS, ids="/".join)
def test_a_mapping_puts_exactly_its_row_on_aws(mapping: tuple[str, str, str]) -> None:
    row = rows()[tuple(cloud if cloud == "aws" else "other" for cloud in mapping)]

    assert needed(providers(mapping), event_checking=True) == row
    assert needed(providers(mapping), event_checking=False) == row - {"event_checker"}


@pytest.mark.parametrize("mapping", MAPPINGS, ids="/".join)
def test_an_installation_that_watches_nothing_has_neither_alarms_nor_dashboards(mapping: tuple[str, str, str]) -> None:
    row = rows()[tuple(cloud if cloud == "aws" else "other" for cloud in mapping)]
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
    assert set(rows()) == set(itertools.product(("aws", "other"), repeat=3))
    assert {*COLUMNS.values(), *QUEUES} == set(COMPONENTS)
