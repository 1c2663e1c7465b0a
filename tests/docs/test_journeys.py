"""The journeys through the code name files that there are, each of them once."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from tests.docs.site import ROOT

PAGE = (ROOT / "docs" / "architecture" / "journeys.md").read_text(encoding="utf-8")
FILES = re.findall(r"`(\w+/[\w./-]+\.\w+)`", PAGE)
JOURNEYS = dict(part.split("\n", 1) for part in PAGE.split("\n## ")[1:])


def test_every_file_that_a_journey_names_exists() -> None:
    assert [path for path in FILES if not (ROOT / path).is_file()] == []


def test_no_file_is_named_twice() -> None:
    assert [path for path, times in Counter(FILES).items() if times > 1] == []


@pytest.mark.parametrize(
    ("journey", "first", "last"),
    [
        ("An event", "lambda_functions/dispatcher/handler.py", "lambda_functions/aws/hot_table.py"),
        ("A spec", "deploy_steps/tasks/load_project.py", "deploy_steps/kinds/hot_table.py"),
        ("`gluecode deploy`", "orchestrator/cli/__init__.py", "orchestrator/operations/executions.py"),
    ],
)
def test_each_journey_goes_from_its_start_to_its_end(journey: str, first: str, last: str) -> None:
    (text,) = (text for title, text in JOURNEYS.items() if title.startswith(journey))

    assert text.index(first) < text.index(last)
