"""Devices' own code: where it lies, that it compiles, and that `process` can be called with an event."""

from __future__ import annotations

import pytest

from orchestrator.core.config import Fault, ProjectFaults, is_project_file, read_project
from tests.unit.orchestrator.projects import DEVICES, OWN_CODE, files, project

PRESS = "processors/press-1/process.py"


def faults_of(added: dict[str, bytes]) -> list[Fault]:
    with pytest.raises(ProjectFaults) as caught:
        read_project({**files(), **added})
    return list(caught.value.faults)


def test_everything_in_a_devices_folder_belongs_to_its_code() -> None:
    added = {"processors/press-1/units.py": b"KN = 1000", "processors/press-1/data/limits.json": b"{}"}

    read = project(added=added)

    assert read.processors == {"press-1": {"process.py": OWN_CODE, "units.py": b"KN = 1000", "data/limits.json": b"{}"}}


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("processors/press-1/__pycache__/process.cpython-313.pyc", "Python's cache"),
        ("processors/press-1/.DS_Store", "a file manager's note"),
        ("processors/.git/config", "a hidden folder"),
        ("processors/press-1/", "an empty object by which S3's console shows a folder"),
        ("processors/README.md", "a note beside the devices' folders"),
    ],
)
def test_what_tools_leave_behind_is_not_part_of_the_code(path: str, reason: str) -> None:
    assert project(added={path: b""}).processors == project().processors


def test_only_known_files_and_sources_belong_to_a_project() -> None:
    paths = ["config.json", "config_events.json", PRESS, "README.md", "config_credentials.json", "a/config.json"]

    assert [path for path in paths if is_project_file(path)] == ["config.json", "config_events.json", PRESS]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (b"def process(event):\n    return event\n", "the usual way"),
        (b"def process(event, *, scale=2):\n    return event\n", "defaults need not be given"),
        (b"def process(event, context=None):\n    return event\n", "nor those by position"),
        (b"def process(*events):\n    return events[0]\n", "any number is one, too"),
        (b"def process(event, /):\n    return event\n", "by position only"),
        (b"from units import convert as process\n", "imported from a file beside it"),
        (b"process = lambda event: event\n", "assigned"),
        (b"process: object = print\n", "assigned with a type"),
        (b"try:\n    import numpy\n    process = numpy.abs\nexcept ImportError:\n    process = abs\n", "in a branch"),
        (
            b"try:\n    import numpy\nexcept ImportError:\n    def process(event):\n        return event\n",
            "in a handler",
        ),
        (b"# coding: latin-1\nNAME = '\xe4'\ndef process(event):\n    return event\n", "its own encoding"),
        (b"def process(event):\n    return '\\d'\n", "a doubtful escape is its author's business"),
    ],
)
def test_process_may_be_defined_in_any_way_that_can_be_called_with_an_event(source: bytes, reason: str) -> None:
    assert project(added={PRESS: source}).processors == {"press-1": {"process.py": source}}


@pytest.mark.parametrize(
    ("source", "field", "problem", "reason"),
    [
        (b"", "process", "is not defined.", "an empty file"),
        (b"def proces(event):\n    return event\n", "process", "is not defined.", "misspelt"),
        (b"class A:\n    def process(self): ...\n", "process", "is not defined.", "a method is out of reach"),
        (b"def outer():\n    def process(event): ...\n", "process", "is not defined.", "and so is an inner function"),
        (b"async def process(event):\n    return event\n", "process", "is asynchronous", "nobody would await it"),
        (b"def process():\n    return 1\n", "process", "cannot be called with one", "takes no event"),
        (b"def process(event, context):\n    return event\n", "process", "cannot be called with one", "takes two"),
        (b"def process(*, event):\n    return event\n", "process", "cannot be called with one", "by name only"),
        (b"def process(event:\n    return event\n", "", "does not compile: '(' was never closed, line 1.", "syntax"),
        (b"def process(event):\nreturn event\n", "", "does not compile: expected an indented block", "indentation"),
        (b"return 1\n", "", "does not compile: 'return' outside function", "found by the compiler, not the parser"),
        (b"x = '\0'", "", "does not compile: source code string cannot contain null bytes", "a binary file"),
        (b"x = '\xe4'", "", "does not compile: ", "Latin-1 that does not say so"),
        (b"x = " + b"(" * 5000 + b")" * 5000, "", "does not compile: ", "nested beyond the parser's stack"),
    ],
)
def test_code_that_cannot_be_called_is_told_before_it_is_deployed(
    source: bytes, field: str, problem: str, reason: str
) -> None:
    (fault,) = faults_of({PRESS: source})

    assert (fault.file, fault.field) == (PRESS, field)
    assert fault.problem.startswith(problem)


def test_code_for_a_device_that_there_is_not_is_told() -> None:
    assert faults_of({"processors/press-2/process.py": OWN_CODE}) == [
        Fault(
            "processors/press-2",
            "",
            "holds code for a device that the twin does not have.",
            "Did you mean 'press-1'? Name the folder after a device of config_iot_devices.json, or remove it.",
        )
    ]


def test_a_folder_without_process_is_told_with_what_was_probably_meant() -> None:
    (fault,) = faults_of({"processors/oven-1/Process.py": OWN_CODE})

    assert fault == Fault(
        "processors/oven-1/process.py",
        "",
        "is missing.",
        "Did you mean 'Process.py'? It holds `def process(event):`, which returns the event or None.",
    )


def test_code_outside_a_devices_folder_is_told() -> None:
    (fault,) = faults_of({"processors/process.py": OWN_CODE})

    assert (fault.file, fault.problem) == ("processors/process.py", "lies outside a device's folder.")


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("processors/press-1/../../evil.py", "processors/press-1/../../evil.py"),
        ("processors/press-1//evil.py", "processors/press-1//evil.py"),
        ("processors/press-1/a\\evil.py", "processors/press-1/a\\evil.py"),
        ("processors/press-1/a\nb.py", "processors/press-1/a\\nb.py"),
        ("processors/press-1/\udcff.py", "processors/press-1/\\udcff.py"),
    ],
)
def test_a_path_that_could_leave_its_folder_is_told(path: str, shown: str) -> None:
    (fault,) = faults_of({path: b""})

    assert (fault.file, fault.problem) == (shown, "has a path that could leave its folder.")


def test_two_devices_with_code_whose_ids_differ_only_in_case_are_told() -> None:
    devices = [*DEVICES, {"id": "Press-1", "properties": []}]

    with pytest.raises(ProjectFaults) as caught:
        read_project({**files(config_iot_devices=devices), "processors/Press-1/process.py": OWN_CODE})

    (fault,) = caught.value.faults
    assert fault.problem.endswith("differ only in case; their IAM roles would have one name.")


def test_while_the_devices_are_not_known_their_code_is_not_called_strange() -> None:
    found = faults_of({"config_iot_devices.json": b"{"})

    assert [fault.file for fault in found] == ["config_iot_devices.json"]
