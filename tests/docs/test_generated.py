"""The generated parts of the documentation are what the code says today."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it ships no types
import pytest

from deploy_steps.registry import KINDS, all_tasks
from orchestrator.cli import gluecode
from orchestrator.core.config import ProjectFaults, read_folder, read_project
from orchestrator.reference import commands, configuration, kinds, mappings, naming, pages, permissions, schemas
from orchestrator.reference.markdown import anchor, code, plain, table
from state_machines import MACHINES, definition

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "factory-twin"


def test_what_is_generated_lies_there_as_it_would_be_generated_now() -> None:
    assert pages.stale(ROOT) == [], "run `make reference` and commit what it writes"


def test_a_stale_file_is_noticed_and_mended(tmp_path: Path) -> None:
    for folder in ("docs", "examples"):
        (tmp_path / folder).mkdir()
    (tmp_path / "docs" / "openapi.yaml").write_bytes((ROOT / "docs" / "openapi.yaml").read_bytes())
    (tmp_path / "examples" / "factory-twin").symlink_to(EXAMPLE)
    (tmp_path / "examples" / "mappings").symlink_to(ROOT / "examples" / "mappings")
    pages.write(tmp_path)
    names = tmp_path / "docs" / "reference" / "names.md"
    names.write_text("something else", encoding="utf-8")

    assert pages.stale(tmp_path) == [Path("docs/reference/names.md")]
    assert pages.write(tmp_path) == [Path("docs/reference/names.md")]
    assert pages.stale(tmp_path) == []


@pytest.mark.parametrize("machine", MACHINES)
def test_every_state_is_told_in_words(machine: str) -> None:
    page = (ROOT / "docs" / "architecture" / "state-machines.md").read_text(encoding="utf-8")

    missing = [name for name in _states(definition(machine)) if f"- **{plain(name)}** (" not in page]

    assert missing == []


def test_every_command_and_every_option_is_in_the_command_reference() -> None:
    page = commands.page()

    missing = [line for line in _options_of_all_commands() if line not in page]

    assert missing == []


def test_every_permission_of_every_task_is_in_the_table() -> None:
    page = permissions.page()

    missing = [(task.name, action) for task in all_tasks() for action in task.actions if f"`{action}`" not in page]

    assert missing == []


def test_every_link_inside_the_permissions_page_has_its_heading() -> None:
    page = permissions.page()
    headings = {anchor(line.lstrip("# ")) for line in page.splitlines() if line.startswith("#")}
    links = {part.partition(")")[0] for part in page.split("](#")[1:]}

    assert links <= headings


def test_every_kind_has_its_section_with_its_fields() -> None:
    page = kinds.page()

    assert [name for name in KINDS if f"## `{name}`" not in page] == []
    assert "`permissions_boundary`" in page


def test_every_decision_has_a_number_of_its_own() -> None:
    numbers = [record.name[:4] for record in sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))]

    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]


def test_the_name_table_shows_a_twins_names_as_the_naming_module_makes_them() -> None:
    page = naming.page()

    assert "`factory-twin-event-checker`" in page
    assert "`factory-twin/iot-data`" in page
    assert "`gluecode-artifacts-123456789012-eu-central-1`" in page


def test_the_mapping_table_has_all_27_mappings() -> None:
    rows = [line for line in mappings.page().splitlines() if line.startswith(("| aws", "| azure", "| gcp"))]

    assert len(rows) == 27
    assert rows[0] == "| aws | aws | aws | ● |  |  | ● | ● |  | ● | ● |  |"


def test_the_configuration_reference_has_every_field_of_the_models() -> None:
    paths = [path for file in schemas.MODELS for path, *_ in configuration.fields(file)]

    assert "digital_twin_name" in paths
    assert "[].properties[].dataType" in paths
    assert "[].action.feedback.iotDeviceId" in paths
    assert "connections.{connection}.signing" in paths
    assert "result.inputParamsUsed.useEventChecking" in paths


@pytest.mark.parametrize("file", schemas.MODELS)
def test_the_example_project_fits_its_schemas(file: str) -> None:
    path = EXAMPLE / file
    if not path.exists():
        path = ROOT / "examples" / "mappings" / "l2-azure" / file

    jsonschema.validate(json.loads(path.read_text(encoding="utf-8")), schemas.schema(file))


@pytest.mark.parametrize(
    ("file", "document", "reason"),
    [
        ("config.json", {"digital_twin_name": "a b"}, "a name with a space, and fields are missing"),
        ("config_providers.json", {"layer_1_provider": "ibm"}, "no such provider"),
        ("config_providers.json", {"layer_1_providr": "aws"}, "a misspelt field"),
        ("config_iot_devices.json", [{"id": "d", "properties": [{"name": "x", "dataType": "FLOAT"}]}], "no data type"),
        ("config_inter_cloud.json", {"connections": {"aws_l1_to_aws": {}}}, "no connection's id"),
        ("config_inter_cloud.json", {"connections": {"aws_l1_to_gcp_l2": {"uri": "https://x"}}}, "a misspelt field"),
        ("config_events.json", [{"condition": "a.b == INTEGER(1)", "action": {"type": "http"}}], "no such action"),
    ],
)
def test_a_schema_refuses_what_validation_refuses(file: str, document: Any, reason: str) -> None:
    files = read_folder(EXAMPLE) | {file: json.dumps(document).encode()}

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, schemas.schema(file))
    with pytest.raises(ProjectFaults):
        read_project(files)


def test_a_file_may_name_its_schema_and_means_the_same() -> None:
    files = read_folder(EXAMPLE)
    settings = json.loads(files["config.json"])
    without = {key: value for key, value in settings.items() if key != "$schema"}

    named = read_project({**files, "config.json": json.dumps({"$schema": "x", **without}).encode()})
    unnamed = read_project({**files, "config.json": json.dumps(without).encode()})

    assert named.digest == unnamed.digest


def test_a_google_provider_fits_the_schema_as_it_fits_validation() -> None:
    mapping = {"layer_1_provider": "google", "layer_2_provider": "aws", "layer_3_hot_provider": "aws"}

    jsonschema.validate(mapping, schemas.schema("config_providers.json"))


def test_markup_in_a_text_is_escaped_but_code_is_not() -> None:
    assert plain("a_b *c* <d> `e_f`") == r"a\_b \*c\* &lt;d&gt; `e_f`"
    assert plain("a list of {x: 1}") == "a list of &#123;x: 1&#125;"
    assert code("str | None") == "<code>str &#124; None</code>"
    assert table(("h",), [("a|b",)]) == "| h |\n|---|\n| a\\|b |"


def _states(machine: dict[str, Any]) -> Iterator[str]:
    for name, state in machine["States"].items():
        yield name
        for inner in (*state.get("Branches", ()), *filter(None, [state.get("ItemProcessor")])):
            yield from _states(inner)


def _options_of_all_commands() -> Iterator[str]:
    import click

    def walk(group: click.Group, context: click.Context, path: str) -> Iterator[str]:
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None
            yield f"## {path} {name}\n"
            for option in command.params:
                if isinstance(option, click.Option):
                    yield max(option.opts, key=len)
            if isinstance(command, click.Group):
                yield from walk(command, click.Context(command, parent=context), f"{path} {name}")

    yield from walk(gluecode, click.Context(gluecode), "gluecode")
