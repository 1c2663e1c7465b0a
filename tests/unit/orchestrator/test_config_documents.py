"""What JSON itself, or the way a file is written, can have wrong with it."""

from __future__ import annotations

import json

import pytest

from orchestrator.core.config import Fault, ProjectFaults, read_project
from tests.unit.orchestrator.projects import SETTINGS, files


def faults_of(content: bytes, file: str = "config.json") -> list[Fault]:
    with pytest.raises(ProjectFaults) as caught:
        read_project({**files(), file: content})
    return [fault for fault in caught.value.faults if fault.file == file]


@pytest.mark.parametrize(
    ("content", "field", "problem", "fix", "reason"),
    [
        (b"", "line 1, column 1", "is not JSON: Expecting value.", "The file is empty", "an interrupted copy"),
        (b" \n", "line 2, column 1", "is not JSON: Expecting value.", "The file is empty", "only white space"),
        (b"{'a': 1}", "line 1, column 2", "is not JSON", "Use double quotes", "Python's quotes"),
        (b'{"a": 1\n "b": 2}', "line 2, column 2", "is not JSON: Expecting ','", "Correct the file", "a missing comma"),
        (b"// note\n{}", "line 1, column 1", "is not JSON", "Remove the comment", "a comment"),
        (b'{"a": \xff}', "line 1", "is not UTF-8 text.", "encoding UTF-8", "a file in Latin-1"),
        (b'{\n"a": "\xe4"}', "line 2", "is not UTF-8 text.", "encoding UTF-8", "the line is told"),
        (b'{"a": NaN}', "a", "is NaN, a number that cannot be stored.", "finite number", "Python writes NaN"),
        (b'{"a": [1, -Infinity]}', "a[1]", "is -Infinity", "finite number", "and infinities"),
        (b'{"a": 1e999}', "a", "is 1e999", "finite number", "a float that overflows"),
        (
            b'{"a": ' + b"9" * 5000 + b"}",
            "a",
            "is 99999999999999999999,",
            "38 digits",
            "Python refuses to read it at all",
        ),
        (b'{"a": {"b": 1, "c": 2, "b": 3}}', "a.b", "stands here more than once", "Keep the one", "a repeated key"),
        (b'{"x y": {"b": 1, "b": 3}}', '["x y"].b', "stands here more than once", "Keep", "a key with a space"),
        (
            rb'{"a": "\ud800"}',
            "a",
            "holds half of a character",
            "Write the character itself",
            "cannot be written as UTF-8",
        ),
        (rb'{"a": {"\udfff": 1}}', "a", "holds half of a character", "Write the character itself", "in a key"),
        (b"[" * 100_000, "", "is nested more than 40 levels deep.", "flatten it", "deeper than the parser can go"),
    ],
)
def test_a_file_that_json_cannot_carry_is_told_with_its_place(
    content: bytes, field: str, problem: str, fix: str, reason: str
) -> None:
    (fault,) = faults_of(content)

    assert fault.field == field
    assert fault.problem.startswith(problem)
    assert fix in fault.fix


def test_a_document_that_is_nested_too_deeply_is_told_with_its_place() -> None:
    (fault,) = faults_of(b'{"a":' * 50 + b"1" + b"}" * 50)

    assert fault.field.startswith("a.a.a.a.")
    assert fault.problem == "is nested more than 40 levels deep."


@pytest.mark.parametrize("content", [b'{"a": 1,}', b'{"a": [1, 2,]}', b'{"a": 1 ,\n}'])
def test_a_comma_too_many_is_recognised(content: bytes) -> None:
    (fault,) = faults_of(content)

    assert fault.fix.startswith("Remove the comma in front of this ")


def test_every_unfit_value_of_a_file_is_told_not_just_the_first() -> None:
    found = faults_of(b'{"a": NaN, "b": [1e999, {"c": 1, "c": 2}]}')

    assert [fault.field for fault in found] == ["a", "b[0]", "b[1].c"]


def test_a_byte_order_mark_does_no_harm() -> None:
    marked = b"\xef\xbb\xbf" + json.dumps(SETTINGS).encode()

    project = read_project({**files(), "config.json": marked})

    assert project == read_project(files())


@pytest.mark.parametrize(
    ("content", "problem", "fix"),
    [
        (b"null", "is null, not an object.", 'Write {"digital_twin_name": …, "hot_storage_size_in_days": …'),
        (b"[]", "is a list, not an object.", 'Write {"digital_twin_name": …'),
        (b'"twin"', "is a text, not an object.", 'Write {"digital_twin_name": …'),
        (b"7", "is a number, not an object.", 'Write {"digital_twin_name": …'),
        (b"true", "is true or false, not an object.", 'Write {"digital_twin_name": …'),
    ],
)
def test_a_document_of_another_shape_is_told_as_a_whole(content: bytes, problem: str, fix: str) -> None:
    (fault,) = faults_of(content)

    assert (fault.field, fault.problem) == ("", problem)
    assert fault.fix.startswith(fix)


@pytest.mark.parametrize("file", ["config_events.json", "config_optimization.json", "config_inter_cloud.json"])
def test_an_optional_file_may_be_missing_but_not_broken(file: str) -> None:
    (fault,) = faults_of(b"null", file)

    assert fault.problem.startswith("is null, not ")


@pytest.mark.parametrize(
    ("missing", "fix"),
    [
        ("config.json", 'Create it, with {"digital_twin_name": …'),
        ("config_iot_devices.json", 'Create it, with [{"id": …'),
        ("config_providers.json", 'Create it, with {"layer_1_provider": …'),
    ],
)
def test_a_missing_required_file_is_told_with_what_to_put_into_it(missing: str, fix: str) -> None:
    content = files()
    del content[missing]

    with pytest.raises(ProjectFaults) as caught:
        read_project(content)

    (fault,) = caught.value.faults
    assert (fault.file, fault.field, fault.problem) == (missing, "", "is missing.")
    assert fault.fix.startswith(fix)


@pytest.mark.parametrize(
    ("given", "meant", "reason"),
    [
        ("config_event.json", "config_events.json", "an optional file would silently not count"),
        ("Config.json", "config.json", "S3 and Linux tell capitals apart"),
        ("config-providers.json", "config_providers.json", "a hyphen for an underscore"),
        ("config_devices.json", "config_iot_devices.json", "a part left out"),
        ("config_optimisation.json", "config_optimization.json", "another spelling"),
        ("config_intercloud.json", "config_inter_cloud.json", "an underscore left out"),
    ],
)
def test_a_misspelt_file_name_is_told_with_the_right_one(given: str, meant: str, reason: str) -> None:
    content = files(("aws", "azure", "aws"))
    content[given] = content.pop(meant)

    with pytest.raises(ProjectFaults) as caught:
        read_project(content)

    assert Fault(given, "", f"is not read; it is probably meant to be {meant}.", f"Rename it to {meant}.") in (
        caught.value.faults
    )


def test_other_files_beside_the_projects_are_nobodys_business() -> None:
    others = {
        "README.md": b"# Twin",
        "config_events.json.bak": b"{",
        "config_events.old.json": b"{",
        "config_credentials.json": b"{",
        "notes/config.json": b"{",
    }

    project = read_project({**files(), **others})

    assert project == read_project(files())


def test_the_faults_of_all_files_are_told_at_once_file_by_file() -> None:
    content = {
        **files(("aws", "azure", "aws"), config_inter_cloud=None, config_providers={"layer_1_provider": "amazon"}),
        "config.json": b"{",
        "config_iot_devices.json": b"[{}]",
        "processors/press-2/process.py": b"x = 1",
    }

    with pytest.raises(ProjectFaults) as caught:
        read_project(content)

    assert [(fault.file, fault.field) for fault in caught.value.faults] == [
        ("config.json", "line 1, column 2"),
        ("config_events.json", "[0].condition"),
        ("config_events.json", "[0].action.feedback.iotDeviceId"),
        ("config_events.json", "[1].condition"),
        ("config_iot_devices.json", "[0].id"),
        ("config_iot_devices.json", "[0].properties"),
        ("config_providers.json", "layer_1_provider"),
        ("config_providers.json", "layer_2_provider"),
        ("config_providers.json", "layer_3_hot_provider"),
        ("processors/press-1", ""),
        ("processors/press-2", ""),
        ("processors/press-2/process.py", "process"),
    ]


def test_the_exceptions_text_names_file_field_problem_and_fix_of_each_fault() -> None:
    faults = ProjectFaults(
        [Fault("b.json", "", "is missing.", "Create it."), Fault("a.json", "x", "is 1.", "Write 2.")]
    )

    assert str(faults) == ("The project has 2 faults:\n- a.json, x: is 1. Write 2.\n- b.json: is missing. Create it.")
    assert str(ProjectFaults(faults.faults[:1])).startswith("The project has 1 fault:\n")
