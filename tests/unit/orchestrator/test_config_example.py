"""The example project and the mappings to try on it: valid, complete, and as their READMEs say."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

from orchestrator.core.config import read_folder, read_project

EXAMPLES = Path(__file__).parents[3] / "examples"
FACTORY = EXAMPLES / "factory-twin"
SAMPLES = sorted((FACTORY / "telemetry").glob("*.json"))


def test_the_example_is_a_twin_of_three_devices_on_aws_one_with_code_of_its_own() -> None:
    read = read_project(read_folder(FACTORY))

    assert read.twin == "factory-twin"
    assert [device.id for device in read.devices] == ["press-1", "oven-1", "conveyor-1"]
    assert list(read.processors) == ["oven-1"]
    assert len(read.events) == 2
    assert read.event_checking
    assert set(read.provider_names.values()) == {"aws"}


@pytest.mark.parametrize(
    ("mapping", "providers", "connections"),
    [
        ("all-aws", ["aws", "aws", "aws"], []),
        ("l1-gcp", ["gcp", "aws", "aws"], ["gcp_l1_to_aws_l2"]),
        ("l2-azure", ["aws", "azure", "aws"], ["aws_l1_to_azure_l2", "azure_l2_to_aws_l3"]),
    ],
)
def test_each_mapping_can_be_laid_over_the_example(mapping: str, providers: list[str], connections: list[str]) -> None:
    read = read_project(read_folder(FACTORY) | read_folder(EXAMPLES / "mappings" / mapping))

    assert list(read.provider_names.values()) == providers
    assert [connection.id for connection in read.connections] == connections


def test_the_readme_explains_every_file_of_the_example() -> None:
    readme = (FACTORY / "README.md").read_text()
    headings = [line for line in readme.splitlines() if line.startswith("### ")]

    explained = {heading.split("`")[1] for heading in headings}

    assert explained == {*read_folder(FACTORY), "config_inter_cloud.json", "telemetry/", "schemas/"}


def test_the_readme_of_the_mappings_names_each_of_them() -> None:
    readme = (EXAMPLES / "mappings" / "README.md").read_text()

    assert [
        folder.name for folder in sorted((EXAMPLES / "mappings").iterdir()) if f"| `{folder.name}` |" in readme
    ] == [
        "all-aws",
        "l1-gcp",
        "l2-azure",
    ]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: str(path.stem))
def test_a_sample_holds_only_properties_that_its_device_has(sample: Path) -> None:
    properties = {
        device.id: {each.name for each in device.properties} for device in read_project(read_folder(FACTORY)).devices
    }

    event = json.loads(sample.read_text())

    assert set(event) - {"iotDeviceId"} <= properties[event["iotDeviceId"]]


def oven(event: dict[str, Any]) -> dict[str, Any] | None:
    """What the oven's own code makes of an event."""
    process = runpy.run_path(str(FACTORY / "processors" / "oven-1" / "process.py"))["process"]
    made: dict[str, Any] | None = process(event)
    return made


@pytest.mark.parametrize(
    ("given", "made", "reason"),
    [
        ({"temperature": 392.0, "doorOpen": False}, {"temperature": 200.0, "doorOpen": False}, "the usual reading"),
        ({"temperature": 32}, {"temperature": 0.0}, "the coldest that it can be"),
        ({"temperature": 932}, {"temperature": 500.0}, "the hottest that it can be"),
        ({"temperature": 2498.0}, None, "a torn thermocouple"),
        ({"temperature": -40.0}, None, "colder than the hall"),
        ({"doorOpen": True}, {"doorOpen": True}, "nothing to convert"),
    ],
)
def test_the_ovens_own_code_converts_what_is_plausible_and_drops_the_rest(
    given: dict[str, Any], made: dict[str, Any] | None, reason: str
) -> None:
    before = dict(given)

    assert oven(given) == made
    assert given == before
