"""What `gluecode init` writes, and what it leaves alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.cli import main
from orchestrator.core.config import read_folder, read_project

EXAMPLE = Path(__file__).parents[2] / "examples" / "factory-twin"


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "a new folder"
    folder.mkdir()
    monkeypatch.chdir(folder)


def test_the_example_is_copied_under_the_twin_s_new_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "my-twin"]) == 0

    assert capsys.readouterr().out == f"{Path.cwd() / 'my-twin'}\n"
    assert json.loads(Path("my-twin/config.json").read_text())["digital_twin_name"] == "my-twin"
    assert Path("my-twin/README.md").is_file()


def test_what_is_written_is_a_valid_project() -> None:
    main(["init", "my-twin"])

    assert read_project(read_folder(Path("my-twin"))).twin == "my-twin"


def test_only_the_name_differs_from_the_example() -> None:
    main(["init", "my-twin"])

    expected, written = read_folder(EXAMPLE), read_folder(Path("my-twin"))
    assert set(written) == set(expected)
    settings, original = json.loads(written.pop("config.json")), json.loads(expected.pop("config.json"))
    assert (settings, written) == ({**original, "digital_twin_name": "my-twin"}, expected)


def test_an_existing_folder_is_left_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    Path("my-twin").mkdir()

    assert main(["init", "my-twin"]) == 1

    assert list(Path("my-twin").iterdir()) == []
    assert "exists already" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["", "../up", "a b", "ümlaut", "a/b", "x" * 129])
def test_a_name_that_aws_would_reject_is_refused(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", name]) == 2

    assert list(Path.cwd().iterdir()) == []
    assert "is no name for a twin" in capsys.readouterr().err
