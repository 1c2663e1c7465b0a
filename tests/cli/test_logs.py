"""A twin's log is shown line by line: by level, by event, by age, and as it grows."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pytest

from orchestrator.cli import main
from orchestrator.core.errors import GluecodeError, UsageError
from orchestrator.core.names import TwinNames
from orchestrator.operations import logs
from orchestrator.operations.logs import LEVELS, Level
from orchestrator.operations.session import Aws

TRACE = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"
NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)


def _told(message: str, level: str = "INFO", **fields: Any) -> str:
    return json.dumps({"level": level, "message": message, "function": "plant-writer", **fields})


def _log(aws: Aws, *messages: str, seconds_ago: float = 5) -> None:
    client, group = aws.client("logs"), TwinNames("plant").log_group
    with suppress(client.exceptions.ResourceAlreadyExistsException):
        client.create_log_group(logGroupName=group)
        client.create_log_stream(logGroupName=group, logStreamName="worker")
    at = int((time.time() - seconds_ago) * 1000)
    events = [{"timestamp": at, "message": message} for message in messages]
    client.put_log_events(logGroupName=group, logStreamName="worker", logEvents=events)


def _read(aws: Aws, **options: Any) -> list[str]:
    since = datetime.now(UTC) - timedelta(minutes=10)
    return [line.message for line in logs.read(aws, "plant", **{"since": since, **options})]


@pytest.mark.parametrize(
    ("level", "shown"),
    [
        ("DEBUG", ["START RequestId: 1", "", "d", "i", "w", "e", "[ERROR] ValueError: no", "c"]),
        ("INFO", ["i", "w", "e", "[ERROR] ValueError: no", "c"]),
        ("WARNING", ["w", "e", "[ERROR] ValueError: no", "c"]),
        ("ERROR", ["e", "[ERROR] ValueError: no", "c"]),
    ],
)
def test_a_level_shows_itself_and_what_is_graver(aws: Aws, level: Level, shown: list[str]) -> None:
    levels = {"d": "DEBUG", "i": "INFO", "w": "WARNING", "e": "ERROR"}
    metrics = json.dumps({"_aws": {"Timestamp": 1}, "EventsIn": [1.0]})
    told = [_told(message, name) for message, name in levels.items()]
    _log(aws, "START RequestId: 1", metrics, *told, "[ERROR] ValueError: no", _told("c", "CRITICAL"))

    assert _read(aws, level=level) == shown


@pytest.mark.parametrize("text", ["Task timed out after 3.00 seconds", "RequestId: 1 Error: Runtime exited"])
def test_the_platform_s_errors_are_errors(aws: Aws, text: str) -> None:
    _log(aws, text)

    assert _read(aws, level="ERROR") == [text]


def test_one_event_s_lines_are_found_by_its_trace_id(aws: Aws) -> None:
    _log(aws, _told("this one", trace_id=TRACE), _told("another", trace_id="0f8fad5b-d9cb-469f-a165-70867728950e"))

    assert _read(aws, trace_id=TRACE) == ["this one"]


def test_what_is_older_is_left_out(aws: Aws) -> None:
    _log(aws, _told("old"), seconds_ago=3600)
    _log(aws, _told("new"))

    assert _read(aws) == ["new"]
    assert _read(aws, since=None) == ["old", "new"]


def test_a_followed_log_tells_each_line_once_also_a_late_one(aws: Aws) -> None:
    _log(aws, _told("first"), seconds_ago=5)
    to_come = iter([("late", 9.0), ("second", 3.0)])

    def time_passes(_: float) -> None:
        message, seconds_ago = next(to_come)
        _log(aws, _told(message), seconds_ago=seconds_ago)

    lines = logs.follow(aws, "plant", since=datetime.now(UTC) - timedelta(minutes=1), pause=time_passes)

    assert [line.message for line in islice(lines, 3)] == ["first", "late", "second"]


def test_following_ends_with_ctrl_c_and_no_error(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def follow(*_: Any, **__: Any) -> Iterator[logs.Line]:
        yield logs.Line(NOW, "INFO", "the last line")
        raise KeyboardInterrupt

    monkeypatch.setattr(logs, "follow", follow)

    assert main(["logs", "plant", "--follow"]) == 0
    assert "the last line" in capsys.readouterr().out


def test_a_twin_without_a_log_is_said_to_have_none(aws: Aws) -> None:
    with pytest.raises(GluecodeError, match="no log group '/gluecode/gone'"):
        list(logs.read(aws, "gone", since=None))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30s", NOW - timedelta(seconds=30)),
        ("10m", NOW - timedelta(minutes=10)),
        ("2h", NOW - timedelta(hours=2)),
        ("1d", NOW - timedelta(days=1)),
        ("2026-11-23T08:00:00Z", NOW - timedelta(hours=2)),
        ("2026-11-23T08:00", NOW - timedelta(hours=2)),
        ("2026-11-23T09:00+01:00", NOW - timedelta(hours=2)),
    ],
)
def test_a_moment_is_an_age_or_a_time(text: str, expected: datetime) -> None:
    assert logs.moment(text, NOW) == expected


@pytest.mark.parametrize("text", ["yesterday", "10", "10w", "-5m", ""])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no moment"):
        logs.moment(text, NOW)


def test_a_line_shows_what_a_person_looks_for(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    _log(aws, _told("It is in the table.", hop="stored", to="plant-hot", trace_id=TRACE, request_id="unseen"))

    assert main(["logs", "plant"]) == 0

    shown = capsys.readouterr().out
    assert f" INFO    plant-writer  It is in the table.  hop=stored  to=plant-hot  trace_id={TRACE}\n" in shown
    assert "unseen" not in shown


def test_a_script_gets_each_line_as_it_was_written(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    written = _told("one", request_id="1")
    _log(aws, written, "START RequestId: 1")

    main(["logs", "plant", "--json", "--level", "debug"])

    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first == json.loads(written)
    assert second["message"] == "START RequestId: 1"


def test_a_trace_id_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["logs", "plant", "--trace", "yesterday"]) == 2
    assert "'yesterday' is no trace id" in capsys.readouterr().err


def test_the_levels_go_from_chatty_to_grave() -> None:
    assert LEVELS == ("DEBUG", "INFO", "WARNING", "ERROR")
