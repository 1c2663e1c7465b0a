"""What every command has in common: help, exit codes, and errors a person can act on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import click
import pytest

from orchestrator.cli import gluecode, main
from orchestrator.core.errors import GluecodeError, UsageError
from tests.cli.conftest import TO_AZURE, MakeProject


def _commands(group: click.Command, *path: str) -> Iterator[tuple[str, ...]]:
    if not isinstance(group, click.Group):
        yield path
        return
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield from _commands(command, *path, name)


EVERY = list(_commands(gluecode))


@contextmanager
def _counting_aws() -> Iterator[tuple[str, list[str]]]:
    """An endpoint that refuses every call, and a list of the calls it was sent."""
    calls: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            calls.append(self.path)
            self.send_error(403)

        do_GET = do_PUT = do_HEAD = do_POST  # noqa: N815  # http.server's names

        def log_message(self, *_: Any) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", calls
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize("command", EVERY, ids=" ".join)
def test_every_command_has_help_with_an_example_and_json(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "--help"]) == 0

    shown = capsys.readouterr().out
    assert "Example:\n" in shown
    assert f"  gluecode {' '.join(command)}" in shown or f"$(gluecode {' '.join(command)}" in shown
    assert "--json" in shown


@pytest.mark.parametrize(
    "command", [each for each in EVERY if each[0] not in {"local", "init", "conformance"}], ids=" ".join
)
def test_every_command_that_touches_aws_says_which(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    main([*command, "--help"])

    shown = capsys.readouterr().out
    assert [option for option in ("--local", "--prefix", "--profile", "--region") if option not in shown] == []


def test_without_a_command_it_shows_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2

    shown = capsys.readouterr()
    assert "gluecode local up" in shown.err
    assert shown.out == ""


@pytest.mark.parametrize("arguments", [["nope"], ["deploy"], ["deploy", "--nope", "x"], ["init", "a", "b"]])
def test_wrong_use_ends_with_2_and_says_where_help_is(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2

    shown = capsys.readouterr().err
    assert shown.startswith("error: ")
    assert "--help` shows what it takes" in shown


def test_a_problem_ends_with_1_and_says_how_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["local", "env"]) == 1

    shown = capsys.readouterr()
    assert shown.err == (
        "error: The embedded cloud is not running.\nhow to go on: Start it with `gluecode local up`.\n"
    )
    assert shown.out == ""


def test_local_stands_for_the_embedded_cloud(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["destroy", "plant", "--local"]) == 1

    assert "The embedded cloud is not running." in capsys.readouterr().err


def test_an_environment_variable_stands_for_local(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GLUECODE_LOCAL", "1")

    assert main(["inspect", "plant"]) == 1

    assert "The embedded cloud is not running." in capsys.readouterr().err


def test_a_faulty_prefix_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "plant", "--prefix", "Not_A_Prefix"]) == 2

    assert "Not_A_Prefix" in capsys.readouterr().err


def test_an_endpoint_that_is_not_aws_is_explained(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with _counting_aws() as (endpoint, _):
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        code = main(["inspect", "plant"])

    assert code == 1
    assert "AWS_ENDPOINT_URL" in capsys.readouterr().err


def test_missing_credentials_are_explained(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")

    assert main(["inspect", "plant"]) == 1

    shown = capsys.readouterr().err
    assert "No AWS credentials were found." in shown
    assert "--local" in shown


def test_a_programming_fault_is_one_block_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("orchestrator.local.cloud.find", lambda: 1 // 0)

    assert main(["local", "status"]) == 1

    shown = capsys.readouterr().err
    assert shown.startswith("error: ZeroDivisionError")
    assert "Traceback" not in shown


def test_debugging_shows_where_it_comes_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLUECODE_DEBUG", "1")

    with pytest.raises(GluecodeError, match="not running"):
        main(["local", "env"])


@pytest.mark.parametrize("command", ["validate", "plan", "deploy"])
def test_a_project_with_faults_shows_them_all_and_makes_no_aws_call(
    command: str, make_project: MakeProject, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_project({**TO_AZURE, "layer_1_provider": "asw"})
    (folder / "config.json").unlink()
    (folder / "config_iot_devices.json").write_text("[{")

    with _counting_aws() as (endpoint, calls):
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        code = main([command, str(folder)])

    shown = capsys.readouterr()
    assert (code, calls, shown.out) == (2, [], "")
    for file in ("config.json", "config_iot_devices.json", "config_providers.json", "config_inter_cloud.json"):
        assert file in shown.err
    assert shown.err.count("    fix: ") == 4
    assert "has 4 faults. Nothing was sent to AWS." in shown.err


@pytest.mark.parametrize("command", ["validate", "plan", "deploy"])
def test_faults_can_be_read_by_scripts(
    command: str, make_project: MakeProject, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_project({**TO_AZURE, "layer_1_provider": "asw"})

    assert main([command, str(folder), "--json"]) == 2

    told = json.loads(capsys.readouterr().out)
    assert told["valid"] is False
    assert {"file", "field", "problem", "fix"} == set(told["faults"][0])


def test_a_folder_that_is_none_is_a_fault(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "nowhere"]) == 2

    assert "is not a folder" in capsys.readouterr().err


def test_a_valid_project_is_told_in_one_line(make_project: MakeProject, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", str(make_project())]) == 0

    assert capsys.readouterr().out == "The project is valid: twin 'plant', 1 device, aws → aws → aws.\n"


def test_deleting_data_is_refused_where_nobody_can_be_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["destroy", "plant", "--delete-data"]) == 2

    assert "Add --yes if you mean it." in capsys.readouterr().err


@pytest.mark.parametrize("event", ["{not json", "@nowhere.json"])
def test_an_event_that_cannot_be_read_is_wrong_use(
    event: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with _counting_aws() as (endpoint, calls):
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        code = main(["send", "plant", event])

    assert (code, calls) == (2, [])
    assert capsys.readouterr().err.startswith("error: The event")


def test_colours_are_for_terminals_only(make_project: MakeProject, capsys: pytest.CaptureFixture[str]) -> None:
    main(["validate", str(make_project())])
    main(["validate", "nowhere"])

    shown = capsys.readouterr()
    assert "\x1b" not in shown.out + shown.err


def test_wrong_use_and_failure_have_their_own_exit_codes() -> None:
    assert (GluecodeError("x").exit_code, UsageError("x").exit_code) == (1, 2)


def test_no_name_is_cut_or_wrapped_where_no_terminal_is(
    make_project: MakeProject, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_project({**TO_AZURE, "layer_1_provider": "a" * 300}, {})

    main(["validate", str(Path(folder))])

    assert all(
        line.startswith(("config", "    fix: ", "error: ", "how ")) for line in capsys.readouterr().err.splitlines()
    )
