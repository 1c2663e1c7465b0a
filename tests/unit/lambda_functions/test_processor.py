"""The processor runs a device's own code, if there is any, and hands the result on."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lambda_functions.aws import cloud
from lambda_functions.processor import handler, own_code
from lambda_functions.processor.process import process
from lambda_functions.shared.errors import ConfigurationError, Refused
from tests.unit.lambda_functions.support import (
    TELEMETRY,
    TRACE_ID,
    Context,
    Recorded,
    an_envelope,
    lines_of,
    metrics_of,
)


@pytest.fixture(autouse=True)
def deployed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERSISTER_LAMBDA_NAME", "factory-persister")


@pytest.fixture
def with_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Packs a `process.py` next to the functions, as a device's own package has it."""

    def pack(code: str) -> None:
        package = tmp_path / "device_processor"
        package.mkdir()
        (package / "process.py").write_text(code)
        (package / "scale.py").write_text("FACTOR = 2\n")
        monkeypatch.syspath_prepend(tmp_path)

    yield pack
    for name in [name for name in sys.modules if name.partition(".")[0] == "device_processor"]:
        del sys.modules[name]
    importlib.invalidate_caches()


def handed_on(own: own_code.Process, invocations: Recorded, **changes: Any) -> dict[str, Any]:
    envelope = an_envelope({**TELEMETRY, **changes}, target_layer="L2")
    assert process(cloud, envelope, own) == "forwarded"
    [(function, made)] = invocations.payloads()
    assert function == "factory-persister"
    payload: dict[str, Any] = made["payload"]
    return payload


def test_an_event_of_a_device_without_code_of_its_own_is_handed_on_unchanged(invocations: Recorded) -> None:
    sent = an_envelope(source_cloud="gcp", target_layer="L2")

    answer = handler.lambda_handler(sent.as_dict(), Context())

    assert answer == {"trace_id": TRACE_ID, "outcome": "forwarded"}
    assert invocations.payloads() == [("factory-persister", {**sent.as_dict(), "target_layer": "L3"})]


def test_a_plain_event_is_taken_too(invocations: Recorded) -> None:
    handler.lambda_handler(TELEMETRY, Context())

    [(_, envelope)] = invocations.payloads()
    assert envelope["payload"] == TELEMETRY
    assert envelope["trace_id"] == Context.aws_request_id


def test_what_the_devices_own_code_returns_is_handed_on(invocations: Recorded) -> None:
    assert handed_on(lambda event: {**event, "fahrenheit": 466.7}, invocations) == {**TELEMETRY, "fahrenheit": 466.7}


def test_none_drops_the_event_and_the_log_and_the_metrics_say_so(
    invocations: Recorded, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handler, "_process", lambda _: None)

    answer = handler.lambda_handler(an_envelope().as_dict(), Context())

    assert answer["outcome"] == "dropped"
    assert invocations.calls == []
    output = capsys.readouterr().out
    assert [(line["hop"], line["trace_id"]) for line in lines_of(output)] == [
        ("received", TRACE_ID),
        ("dropped", TRACE_ID),
    ]
    assert [metrics["EventsDropped"] for metrics in metrics_of(output)] == [[1.0]]


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        ([1], "processor_made_no_object"),
        ("text", "processor_made_no_object"),
        (True, "processor_made_no_object"),
        ({"at": datetime(2026, 11, 23)}, "processor_made_no_json"),
        ({"x": float("nan")}, "processor_made_no_json"),
        ({"x": "\ud83d"}, "processor_made_no_json"),
        ({"x": {1, 2}}, "processor_made_no_json"),
        ({"x": "x" * 600_000}, "processor_made_too_much"),
    ],
)
def test_what_is_no_event_is_refused(made: Any, reason: str, invocations: Recorded) -> None:
    with pytest.raises(Refused, match=reason):
        process(cloud, an_envelope(), lambda _: made)

    assert invocations.calls == []


def test_a_result_that_contains_itself_is_refused(invocations: Recorded) -> None:
    made: dict[str, Any] = {}
    made["made"] = made

    with pytest.raises(Refused, match="processor_made_no_json"):
        process(cloud, an_envelope(), lambda _: made)


def test_a_decimal_from_the_devices_own_code_is_a_number(invocations: Recorded) -> None:
    assert handed_on(lambda event: {**event, "exact": Decimal("0.25")}, invocations)["exact"] == 0.25


def test_a_refused_result_leaves_the_original_event_in_the_failure_queue_whatever_the_code_did_to_it(
    failure_queue: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoil(event: dict[str, Any]) -> Any:
        event["position"]["x"] = "spoilt"
        event.clear()
        return "nonsense"

    monkeypatch.setattr(handler, "_process", spoil)
    sent = an_envelope({**TELEMETRY, "position": {"x": 1}}, target_layer="L2").as_dict()

    handler.lambda_handler(sent, Context(function_name="oven-1-processor"))

    [document] = failure_queue()
    assert (document["reason"], document["event"]) == ("processor_made_no_object", sent)


def test_an_error_in_the_devices_own_code_fails_the_invocation_so_that_lambda_tries_again(
    invocations: Recorded, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(event: dict[str, Any]) -> Any:
        return event["temperature"] / 0

    monkeypatch.setattr(handler, "_process", broken)

    with pytest.raises(ZeroDivisionError):
        handler.lambda_handler(TELEMETRY, Context())

    assert invocations.calls == []
    reasons = [line["reason"] for line in lines_of(capsys.readouterr().out) if line["hop"] == "failed"]
    assert len(reasons) == 1
    assert reasons[0].startswith("ZeroDivisionError at test_processor.py:")


def test_without_the_persisters_name_the_error_names_the_setting(
    invocations: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PERSISTER_LAMBDA_NAME")

    with pytest.raises(ConfigurationError, match="PERSISTER_LAMBDA_NAME"):
        handler.lambda_handler(TELEMETRY, Context())


# Where the device's own code is found.


def test_a_package_without_a_devices_code_leaves_events_unchanged() -> None:
    assert own_code.load() is own_code.unchanged


def test_a_devices_code_is_found_with_everything_in_its_folder(with_code: Callable[[str], None]) -> None:
    with_code("from device_processor.scale import FACTOR\ndef process(event):\n    return {'t': event['t'] * FACTOR}\n")

    assert own_code.load()({"t": 21}) == {"t": 42}


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("import a_package_that_is_not_there", ModuleNotFoundError),
        ("def process(event: return event", SyntaxError),
        ("raise RuntimeError('at import')", RuntimeError),
        ("def another(event):\n    return event", AttributeError),
    ],
)
def test_a_devices_code_that_cannot_be_loaded_is_not_taken_for_none(
    code: str, error: type[Exception], with_code: Callable[[str], None]
) -> None:
    with_code(code)

    with pytest.raises(error):
        own_code.load()
