"""What a twin's alarms watch and what its dashboard shows, by mapping and by what the installation was told."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy_steps.kinds.shared import dashboard_content
from orchestrator.core.plan import Footprint, Request, Watch, plan
from orchestrator.core.spec_json import read_spec
from orchestrator.core.specs import DashboardSpec
from tests.unit.orchestrator.projects import MAPPINGS, project
from tests.unit.orchestrator.test_plan_specs import AWS, CODE

FROM_GCP = ("gcp", "aws", "aws")
ON_AWS = ("aws", "aws", "aws")
REPORTED = Path(__file__).parents[3] / "lambda_functions" / "shared" / "observability.py"


def planned(mapping: tuple[str, str, str], watch: Watch | None = None) -> dict[str, Any]:
    request = Request("run-1", "factory", "projects/factory/")
    return plan(project(mapping), AWS, CODE, Footprint(), request, watch=watch or Watch()).as_json()


def watched(made: dict[str, Any]) -> dict[str, tuple[str, dict[str, str], int]]:
    """Alarm -> metric, dimensions, threshold."""
    return {each["name"]: (each["metric"], each["dimensions"], each["threshold"]) for each in made["alarms"]["alarms"]}


def widgets(made: dict[str, Any]) -> dict[str, Any]:
    spec = read_spec(DashboardSpec, json.loads(json.dumps(made["dashboard"])))
    return {widget["properties"]["title"]: widget for widget in dashboard_content.widgets(spec.shows)}


def metrics(made: dict[str, Any]) -> Iterator[list[Any]]:
    for widget in widgets(made).values():
        yield from widget["properties"].get("metrics", [])


def test_a_twin_that_another_cloud_sends_to_is_watched_where_events_fail_and_where_they_come_in() -> None:
    assert watched(planned(FROM_GCP)) == {
        "failed-events": ("ApproximateNumberOfMessagesVisible", {"QueueName": "factory-twin-failures"}, 0),
        "refused-requests": ("EventsRefused", {"service": "ingestion"}, 50),
        "url-requests": ("UrlRequestCount", {"FunctionName": "factory-twin-ingestion"}, 30_000),
    }


def test_a_twin_without_a_public_url_is_watched_where_events_fail() -> None:
    assert list(watched(planned(ON_AWS))) == ["failed-events"]


def test_a_twin_that_only_stores_is_watched_where_events_come_in() -> None:
    assert watched(planned(("gcp", "azure", "aws"))) == {
        "refused-requests": ("EventsRefused", {"service": "writer"}, 50),
        "url-requests": ("UrlRequestCount", {"FunctionName": "factory-twin-writer"}, 30_000),
    }


def test_the_installation_says_from_which_rates_on_and_who_is_told() -> None:
    watch = Watch(topic_arn="arn:aws:sns:eu-central-1:1:on-call", refused_per_minute=2, requests_per_minute=100)

    made = planned(FROM_GCP, watch)

    assert made["alarms"]["topic_arn"] == "arn:aws:sns:eu-central-1:1:on-call"
    assert [threshold for _, _, threshold in watched(made).values()] == [0, 10, 500]


@pytest.mark.parametrize("mapping", MAPPINGS, ids="/".join)
def test_without_alarms_none_is_made_and_none_is_shown(mapping: tuple[str, str, str]) -> None:
    made = planned(mapping, Watch(alarms=False))

    assert watched(made) == {}
    assert "Alarms" not in widgets(made)


def test_the_dashboard_of_a_twin_between_clouds_shows_every_side_of_it() -> None:
    assert list(widgets(planned(("gcp", "aws", "azure")))) == [
        "Events per hop",
        "Failed and refused",
        "Cross-cloud latency (ms)",
        "Retries, and the breaker (1 is open)",
        "Failure queue",
        "Requests on the URL",
        "Errors and throttles",
        "Duration (ms)",
        "Alarms",
    ]


def test_the_dashboard_of_a_twin_on_one_cloud_shows_nothing_that_crosses_clouds() -> None:
    shown = list(widgets(planned(ON_AWS)))

    assert shown == ["Events per hop", "Failed and refused", "Failure queue", *shown[3:]]
    assert shown[3:] == ["Errors and throttles", "Duration (ms)", "Alarms"]


@pytest.mark.parametrize("mapping", MAPPINGS, ids="/".join)
def test_widgets_stand_side_by_side_and_none_covers_another(mapping: tuple[str, str, str]) -> None:
    places = [(each["x"], each["y"], each["width"], each["height"]) for each in widgets(planned(mapping)).values()]

    assert len({(x, y) for x, y, _, _ in places}) == len(places)
    assert all(x in (0, 12) and (y - 2) % 6 == 0 and (width, height) == (12, 6) for x, y, width, height in places)


@pytest.mark.parametrize("mapping", MAPPINGS, ids="/".join)
def test_every_metric_of_ours_is_one_that_the_functions_report(mapping: tuple[str, str, str]) -> None:
    told = set(re.findall(r"\b[A-Z][a-z]+[A-Z]?[A-Za-z]+\b", REPORTED.read_text()))

    ours = {(metric[0], metric[1]) for metric in metrics(planned(mapping)) if not metric[0].startswith("AWS/")}

    assert {namespace for namespace, _ in ours} <= {"gluecode/factory-twin"}
    assert {name for _, name in ours} <= told


@pytest.mark.parametrize("mapping", MAPPINGS, ids="/".join)
def test_only_functions_that_the_mapping_needs_are_shown(mapping: tuple[str, str, str]) -> None:
    made = planned(mapping)
    names = {component["name"]: short for short, component in made["functions"].items()}

    shown = {names[metric[3]] for metric in metrics(made) if metric[0] == "AWS/Lambda"}
    shown |= {metric[3] for metric in metrics(made) if metric[0].startswith("gluecode/")}

    assert shown == set(Footprint.of(project(mapping)).components) & set(made["functions"])
