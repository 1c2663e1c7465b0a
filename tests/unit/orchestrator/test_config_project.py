"""The project as a whole: what it says, its digest, reading it from a folder, and that nothing breaks the reader."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.core.config import Project, ProjectFaults, read_folder, read_project
from tests.unit.orchestrator.projects import (
    CLOUDS,
    DEVICES,
    EVENTS,
    MAPPINGS,
    OWN_CODE,
    SETTINGS,
    files,
    project,
    providers,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def test_the_functions_are_told_of_the_project_and_of_devices_with_their_own_function() -> None:
    info = project(("gcp", "aws", "aws")).digital_twin_info

    assert info == {
        "config": SETTINGS,
        "config_iot_devices": DEVICES,
        "config_events": EVENTS,
        "config_providers": providers(("gcp", "aws", "aws")),
        "processors": {"press-1": "factory-twin-press-1-processor"},
    }


def test_devices_have_no_function_of_their_own_on_aws_when_the_processing_is_elsewhere() -> None:
    read = project(("aws", "gcp", "aws"))

    assert read.digital_twin_info["processors"] == {}
    assert read.source_digests == {}


def test_the_configuration_document_is_its_content_and_nothing_else() -> None:
    read = project()

    assert json.loads(read.configuration) == read.digital_twin_info
    assert read.configuration == project().configuration


def test_the_digest_does_not_depend_on_how_the_files_are_laid_out() -> None:
    content = files()
    indented = {
        path: json.dumps(json.loads(text), indent=4, sort_keys=True).encode() if path.endswith(".json") else text
        for path, text in reversed(content.items())
    }

    assert read_project(indented).digest == read_project(content).digest


def sending(url: str = "https://gcp.example", token: str = "a") -> Project:
    to_gcp = {"connections": {"aws_l1_to_gcp_l2": {"url": url, "token": token}}}
    return project(("aws", "gcp", "gcp"), config_inter_cloud=to_gcp)


def test_the_digest_does_not_depend_on_tokens() -> None:
    assert sending(token="another").digest == sending().digest


def test_the_digest_does_not_depend_on_what_the_optimizer_says_besides() -> None:
    more = {"result": {"inputParamsUsed": {"useEventChecking": True, "devices": 3}}}

    assert project(config_optimization=more).digest == project().digest


@pytest.mark.parametrize(
    ("replaced", "added", "reason"),
    [
        ({"config": {**SETTINGS, "mode": "DEBUG"}}, {}, "a setting"),
        ({"config_iot_devices": [*DEVICES, {"id": "new", "properties": []}]}, {}, "a device"),
        ({"config_events": EVENTS[:1]}, {}, "an event"),
        ({"config_optimization": None}, {}, "the switch"),
        ({"config_providers": providers(("gcp", "aws", "aws"))}, {}, "the mapping"),
        ({}, {"processors/press-1/process.py": b"def process(event): return None\n"}, "a device's code"),
        ({}, {"processors/press-1/data.json": b"1"}, "a file beside it"),
        ({}, {"processors/oven-1/process.py": OWN_CODE}, "another device's code"),
    ],
)
def test_the_digest_depends_on(replaced: dict[str, Any], added: dict[str, bytes], reason: str) -> None:
    needed: dict[str, Any] = {"connections": {"gcp_l1_to_aws_l2": {}}}

    base = project(config_inter_cloud=needed)

    assert project(added=added, **{"config_inter_cloud": needed, **replaced}).digest != base.digest


def test_the_digest_depends_on_where_data_is_sent() -> None:
    assert sending("https://other.example").digest != sending().digest


def test_moving_bytes_between_files_changes_a_devices_source_digest() -> None:
    one = project(added={"processors/press-1/a.py": b"xy", "processors/press-1/b.py": b""})
    other = project(added={"processors/press-1/a.py": b"x", "processors/press-1/b.py": b"y"})

    assert one.source_digests != other.source_digests


def test_ten_thousand_devices_are_read_and_their_document_is_complete() -> None:
    devices = [{"id": f"sensor-{n}", "properties": [{"name": "value", "dataType": "DOUBLE"}]} for n in range(10_000)]

    content = {**files(config_iot_devices=devices, config_events=[])}
    del content["processors/press-1/process.py"]

    assert len(read_project(content).digital_twin_info["config_iot_devices"]) == 10_000


def write(folder: Path, content: dict[str, bytes]) -> None:
    for path, data in content.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def test_a_folder_reads_as_the_files_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "my twin"
    content = {**files(), "processors/press-1/data/limits.json": b"{}"}
    write(folder, content)
    write(folder, {"README.md": b"#", "processors/press-1/__pycache__/x.pyc": b"", "other/config.json": b"{"})

    assert read_folder(folder) == content


def test_a_folder_that_there_is_not_is_told(tmp_path: Path) -> None:
    with pytest.raises(ProjectFaults, match="is not a folder"):
        read_folder(tmp_path / "nowhere")


def test_a_file_in_place_of_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")

    with pytest.raises(ProjectFaults, match="is not a folder"):
        read_folder(tmp_path / "config.json")


def test_an_empty_folder_lacks_the_three_required_files(tmp_path: Path) -> None:
    with pytest.raises(ProjectFaults) as caught:
        read_project(read_folder(tmp_path))

    assert [fault.file for fault in caught.value.faults] == [
        "config.json",
        "config_iot_devices.json",
        "config_providers.json",
    ]


def test_a_file_that_cannot_be_read_is_told_by_its_name(tmp_path: Path) -> None:
    write(tmp_path, files())
    (tmp_path / "config_events.json").unlink()
    (tmp_path / "config_events.json").symlink_to(tmp_path / "config_events.json")

    with pytest.raises(ProjectFaults) as caught:
        read_folder(tmp_path)

    assert [fault.file for fault in caught.value.faults] == ["config_events.json"]


def test_what_is_no_file_is_left_alone(tmp_path: Path) -> None:
    write(tmp_path, files())
    (tmp_path / "archive.json").mkdir()
    os.mkfifo(tmp_path / "pipe.json")

    assert read_folder(tmp_path) == files()


def expect_valid_or_told(content: dict[str, bytes]) -> None:
    """The files make a project, or faults that can be printed and acted on; any other exception fails the test."""
    try:
        outcome: Project | ProjectFaults = read_project(content)
    except ProjectFaults as faults:
        outcome = faults
    if isinstance(outcome, Project):
        assert json.loads(outcome.configuration) == outcome.digital_twin_info
        assert len(outcome.digest) == 64
    else:
        assert all(fault.file and fault.problem and fault.fix for fault in outcome.faults)
        assert str(outcome).encode().decode() == str(outcome)


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, bytes]:
    """A valid project's files, with one value somewhere replaced, removed or renamed."""
    mapping = draw(st.sampled_from(MAPPINGS))
    content = files(mapping)
    name = draw(st.sampled_from(sorted(path for path in content if path.endswith(".json"))))
    document = json.loads(content[name])
    at = draw(st.randoms(use_true_random=False).map(lambda source: place(document, source)))
    value = draw(
        JSON | st.sampled_from([*CLOUDS, "google", "", "DOUBLE", "steps", "oven-1", "https://x.example", 0, -1])
    )
    how = draw(st.sampled_from(["replace", "remove", "rename", "repeat"]))
    content[name] = json.dumps(mutate(document, at, value, how, draw(st.text(max_size=8)))).encode()
    return content


def place(document: Any, source: random.Random) -> list[str | int]:
    at: list[str | int] = []
    while isinstance(document, dict | list) and document and source.random() < 0.8:
        key = source.choice(list(document) if isinstance(document, dict) else range(len(document)))
        at.append(key)
        document = document[key]
    return at


def mutate(document: Any, at: list[str | int], value: Any, how: str, name: str) -> Any:
    if not at:
        return value
    parent = document
    for part in at[:-1]:
        parent = parent[part]
    if how == "remove":
        del parent[at[-1]]
    elif how == "rename" and isinstance(parent, dict):
        parent[name] = parent.pop(at[-1])
    elif how == "repeat" and isinstance(parent, list):
        parent.append(parent[int(at[-1])])
    else:
        parent[at[-1]] = value
    return document


@settings(max_examples=400, deadline=None)
@given(content=mutated())
def test_any_mutation_of_a_valid_project_is_valid_or_told(content: dict[str, bytes]) -> None:
    expect_valid_or_told(content)


@settings(max_examples=200, deadline=None)
@given(
    name=st.sampled_from(sorted(files())),
    position=st.floats(0, 1),
    length=st.integers(0, 5),
    noise=st.binary(max_size=6),
)
def test_any_damage_to_a_files_bytes_is_valid_or_told(name: str, position: float, length: int, noise: bytes) -> None:
    content = files()
    at = int(position * len(content[name]))

    content[name] = content[name][:at] + noise + content[name][at + length :]

    expect_valid_or_told(content)


@settings(max_examples=150, deadline=None)
@given(content=st.dictionaries(st.text(max_size=20) | st.sampled_from(sorted(files())), st.binary(max_size=40)))
def test_any_mapping_of_paths_to_bytes_is_valid_or_told(content: dict[str, bytes]) -> None:
    expect_valid_or_told(content)


@settings(max_examples=100, deadline=None)
@given(names=st.lists(st.text(max_size=12), max_size=4))
def test_any_path_under_processors_is_valid_or_told(names: list[str]) -> None:
    expect_valid_or_told({**files(), f"processors/{'/'.join(names)}": OWN_CODE})
