"""Every line says whose event it is about and what happened to it, and nothing of what it holds."""

from __future__ import annotations

import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest

from lambda_functions.aws import observe
from lambda_functions.aws.entry import observed
from lambda_functions.shared import observability
from lambda_functions.shared.errors import Refused
from lambda_functions.shared.observability import bind_envelope, describe, hop, note
from tests.unit.lambda_functions.support import Context, an_envelope, lines_of, metrics_of


@observed("processor")
def handler(event: Any, _context: Any) -> str:
    """A handler that tells of one event."""
    bind_envelope(an_envelope())
    hop("received", "An event arrived.")
    if event == "fail":
        raise Refused("because")
    hop("forwarded", "The event is with the next function.", to="factory-persister")
    return "done"


def test_every_line_has_what_a_trace_is_built_from(capsys: pytest.CaptureFixture[str]) -> None:
    handler(None, Context(function_name="factory-processor"))

    line = lines_of(capsys.readouterr().out)[1]
    assert datetime.fromisoformat(line.pop("timestamp")).tzinfo is not None
    assert line.pop("location").startswith("handler:")
    assert isinstance(line.pop("cold_start"), bool)
    assert line == {
        "level": "INFO",
        "message": "The event is with the next function.",
        "hop": "forwarded",
        "to": "factory-persister",
        "trace_id": an_envelope().trace_id,
        "service": "processor",
        "function": "factory-processor",
        "device": "oven-1",
        "source_cloud": "azure",
        "request_id": Context.aws_request_id,
    }


def test_an_invocation_knows_nothing_of_the_one_before(capsys: pytest.CaptureFixture[str]) -> None:
    @observed("writer")
    def silent(_event: Any, _context: Any) -> None:
        note("Nothing is bound here.")

    handler(None, Context())
    silent(None, Context())

    line = lines_of(capsys.readouterr().out)[-1]
    assert {"trace_id", "device", "source_cloud", "hop"}.isdisjoint(line)
    assert line["service"] == "writer"


def test_only_a_workers_first_invocation_is_a_cold_start(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observability._Worker, "cold", True)

    handler(None, Context())
    handler(None, Context())

    assert [line["cold_start"] for line in lines_of(capsys.readouterr().out)] == [True, True, False, False]


def test_an_invocation_that_breaks_off_says_so_and_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Refused):
        handler("fail", Context())

    output = capsys.readouterr().out
    assert [(line["level"], line["hop"], line.get("reason")) for line in lines_of(output)] == [
        ("INFO", "received", None),
        ("ERROR", "failed", "because"),
    ]
    [metrics] = metrics_of(output)
    assert (metrics["service"], metrics["EventsIn"], metrics["Failures"]) == ("processor", [1.0], [1.0])


def test_metrics_are_cloudwatchs_embedded_format(capsys: pytest.CaptureFixture[str]) -> None:
    handler(None, Context())

    [metrics] = metrics_of(capsys.readouterr().out)
    assert metrics["_aws"]["CloudWatchMetrics"] == [
        {
            "Namespace": "gluecode",
            "Dimensions": [["service"]],
            "Metrics": [{"Name": "EventsIn", "Unit": "Count"}, {"Name": "EventsOut", "Unit": "Count"}],
        }
    ]


def test_an_invocation_without_lambda_around_it_works(capsys: pytest.CaptureFixture[str]) -> None:
    assert handler(None, None) == "done"
    assert lines_of(capsys.readouterr().out)[0]["function"] == "processor"


def test_an_error_of_unknown_origin_is_described_by_its_place_and_not_by_what_it_says() -> None:
    try:
        json.loads("a secret value")
    except ValueError as error:
        described = describe(error)

    assert described.startswith("JSONDecodeError at decoder.py:")
    assert describe(KeyError("a secret value")) == "KeyError"


def test_a_long_device_id_is_cut_in_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    bind_envelope(an_envelope({"iotDeviceId": "x" * 2000}))
    note("A line.")

    assert len(lines_of(capsys.readouterr().out)[0]["device"]) == 128


def test_a_device_id_that_cannot_be_printed_does_not_cost_the_line(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    bind_envelope(an_envelope({"iotDeviceId": "oven-\ud83d"}))
    note("A line.")

    assert json.loads(capfdbinary.readouterr().out)["device"] == "oven-?"


def test_what_another_cloud_gives_as_its_reason_makes_no_metric_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    hop("refused", "The event will not be accepted as it is.", reason="remote_400:anything_at_all")

    output = capsys.readouterr().out
    assert [line["reason"] for line in lines_of(output)] == ["remote_400:anything_at_all"]
    assert [metrics["reason"] for metrics in metrics_of(output)] == ["remote_400"]


def test_events_on_several_threads_keep_their_own_fields(capsys: pytest.CaptureFixture[str]) -> None:
    together = threading.Barrier(8)

    @observed("writer")
    def write(event: Any, _context: Any) -> None:
        bind_envelope(an_envelope({"iotDeviceId": event}, trace_id=event))
        together.wait(10)
        note(event)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: write(name, Context(function_name=name)), [f"event-{n}" for n in range(80)]))

    lines = lines_of(capsys.readouterr().out)
    assert len(lines) == 80
    for line in lines:
        name = line["message"]
        assert (line["trace_id"], line["device"], line["function"]) == (name, name, name)


# X-Ray.


@pytest.mark.parametrize(
    ("trace", "daemon"),
    [
        ("", "127.0.0.1:2000"),
        ("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0", "127.0.0.1:2000"),
        ("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1", ""),
    ],
)
def test_xray_is_left_alone_unless_the_invocation_is_sampled_and_someone_listens(
    trace: str, daemon: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", trace)
    monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", daemon)

    with observe.segment("writer") as segment:
        assert segment is None


@pytest.fixture
def segments(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What X-Ray's recorder is told in a sampled invocation."""
    seen: list[Any] = []

    class Recorder:
        """Stands where X-Ray's recorder does."""

        def in_subsegment(self, name: str) -> Any:
            seen.append(name)
            return self

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *_: Any) -> None:
            seen.append("end")

        def put_annotation(self, key: str, value: str) -> None:
            seen.append((key, value))

    tracer = type("Tracer", (), {"provider": Recorder()})()
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1")
    monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", "127.0.0.1:2000")
    monkeypatch.setattr(observe, "_tracer", lambda: tracer)
    return seen


def test_a_sampled_invocation_has_a_segment_that_carries_the_trace_id(segments: list[Any]) -> None:
    handler(None, Context())

    assert segments == [
        "## processor",
        ("trace_id", an_envelope().trace_id),
        ("source_cloud", "azure"),
        ("device", "oven-1"),
        "end",
    ]


def test_each_event_of_a_batch_has_a_segment_of_its_own(segments: list[Any]) -> None:
    @observed("writer")
    def write(_event: Any, _context: Any) -> None:
        for trace_id in ("first", "second"):
            with observability.one_of_several():
                observability.bind(trace_id=trace_id)
        observability.bind(device="both")

    write(None, Context())

    assert segments == [
        "## writer",
        *("## writer", ("trace_id", "first"), "end"),
        *("## writer", ("trace_id", "second"), "end"),
        ("device", "both"),
        "end",
    ]


def test_a_layer_without_the_xray_sdk_costs_the_picture_and_not_the_event(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1")
    monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", "127.0.0.1:2000")
    for name in [name for name in sys.modules if name.partition(".")[0] == "aws_xray_sdk"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "aws_xray_sdk", None)
    observe._tracer.cache_clear()

    assert handler(None, Context()) == "done"

    observe._tracer.cache_clear()
