"""The figures that the pages give are those that are counted today."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.bench.counting import Count, count, first
from tests.docs.site import ROOT
from tests.harness.account import Account

COMPARISON = (ROOT / "docs" / "comparison.md").read_text(encoding="utf-8")
COSTS = (ROOT / "docs" / "operating" / "costs.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    """The harness, in which calls and transitions are counted."""
    with Account() as made:
        yield made


@pytest.fixture(scope="module")
def shared(account: Account) -> dict[str, Count]:
    """What deployments take of a twin whose devices have no code of their own."""
    return {each.run: each for each in count(account, 3)}


def test_the_comparison_counts_what_is_counted(account: Account, shared: dict[str, Count]) -> None:
    own = first(account, 3, own=3)
    rows = {
        "first deployment": "first deployment",
        "no change": "nothing changed",
        "one device added": "one device more",
    }

    told = [
        f"| {title} | {shared[run].calls} | {shared[run].writes} | {shared[run].transitions} |"
        for run, title in rows.items()
    ]

    assert [row for row in told if row not in COMPARISON] == []
    assert f"| **gluecode** | {own.calls} / " in COMPARISON
    assert f"{own.writes} / " in COMPARISON


def test_the_costs_of_a_deployment_are_those_of_its_transitions(shared: dict[str, Count]) -> None:
    transitions = shared["first deployment"].transitions

    assert f"| {transitions} | ${transitions * 0.000025:.4f} |" in COSTS
    assert shared["no change"].transitions == 16, "the page says sixteen"
