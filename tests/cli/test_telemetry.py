"""Sending an event, and rebuilding its way from log lines as the functions write them."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import Any

import pytest
from moto.iotdata.models import iotdata_backends

from orchestrator.cli import trace_view
from orchestrator.core.errors import UsageError
from orchestrator.core.names import TwinNames
from orchestrator.operations import telemetry
from orchestrator.operations.session import Aws
from tests.cli.conftest import ACCOUNT, REGION

TRACE = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"
EVENT = {"iotDeviceId": "press-1", "time": "2026-11-23T10:00:00Z", "temperature": 21.5}


def _hop(second: str, service: str, hop: str, **fields: Any) -> dict[str, Any]:
    return {
        "timestamp": f"2026-11-23T10:00:{second}+00:00",
        "trace_id": TRACE,
        "hop": hop,
        "service": service,
        "function": f"plant-{service}",
        "message": "…",
        **fields,
    }


def _log(aws: Aws, *lines: Any, twin: str = "plant") -> None:
    logs, group = aws.client("logs"), TwinNames(twin).log_group
    with suppress(logs.exceptions.ResourceAlreadyExistsException):
        logs.create_log_group(logGroupName=group)
        logs.create_log_stream(logGroupName=group, logStreamName="worker")
    now = int(time.time() * 1000)
    messages = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    events = [{"timestamp": now, "message": message} for message in messages]
    logs.put_log_events(logGroupName=group, logStreamName="worker", logEvents=events)


def test_an_event_travels_in_an_envelope_with_the_trace_id_that_is_returned(aws: Aws) -> None:
    sent = telemetry.send(aws, "plant", EVENT)

    [(topic, payload)] = iotdata_backends[ACCOUNT][REGION].published_payloads
    document = json.loads(payload)
    assert topic == sent.topic == "plant/iot-data"
    assert document.pop("timestamp").endswith("Z")
    assert document == {
        "source_cloud": "aws",
        "target_layer": "L2",
        "message_type": "telemetry",
        "payload": EVENT,
        "trace_id": sent.trace_id,
    }


def test_an_event_without_time_gets_the_present(aws: Aws) -> None:
    sent = telemetry.send(aws, "plant", {"iotDeviceId": "press-1"})

    assert sent.event["time"].endswith("Z")


@pytest.mark.parametrize("event", [[], "text", None, {}, {"iotDeviceId": ""}, {"iotDeviceId": 7}])
def test_what_is_no_telemetry_event_is_not_sent(aws: Aws, event: Any) -> None:
    with pytest.raises(UsageError, match="no JSON object with 'iotDeviceId'"):
        telemetry.send(aws, "plant", event)


def test_the_way_is_told_in_the_order_of_time_over_all_twins(aws: Aws) -> None:
    _log(aws, _hop("02.000", "writer", "received"), _hop("02.150", "writer", "stored", to="plant-hot"), twin="plant-b")
    _log(
        aws,
        _hop("00.000", "dispatcher", "received", cold_start=True),
        _hop("00.020", "dispatcher", "forwarded", to="x"),
    )

    found = telemetry.trace(aws, TRACE, ["plant", "plant-b"])

    assert [(hop.twin, hop.service, hop.what) for hop in found.hops] == [
        ("plant", "dispatcher", "received"),
        ("plant", "dispatcher", "forwarded"),
        ("plant-b", "writer", "received"),
        ("plant-b", "writer", "stored"),
    ]
    assert found.end is not None
    assert (found.over, found.end.to) == (True, "plant-hot")


def test_a_line_that_is_delivered_twice_is_one_hop(aws: Aws) -> None:
    line = _hop("00.000", "dispatcher", "received")
    _log(aws, line, line)

    assert len(telemetry.trace(aws, TRACE, ["plant"]).hops) == 1


def test_lines_that_are_no_hops_are_left_out(aws: Aws) -> None:
    note = {"trace_id": TRACE, "message": "a note", "timestamp": "2026-11-23T10:00:00.000+00:00"}
    other = {**_hop("00.000", "writer", "received"), "trace_id": "another", "seen": TRACE}
    _log(aws, note, other, f"START RequestId: {TRACE}", f'["{TRACE}"]')

    assert telemetry.trace(aws, TRACE, ["plant"]).hops == ()


@pytest.mark.parametrize(
    ("hops", "end", "over"),
    [
        pytest.param([], None, False, id="nothing is known"),
        pytest.param(["received"], "received", False, id="still in the first function"),
        pytest.param(["received", "forwarded"], "forwarded", False, id="on its way to the next"),
        pytest.param(["received", "failed"], "failed", False, id="Lambda tries again"),
        pytest.param(["received", "failed", "received", "stored"], "stored", True, id="the second attempt did it"),
        pytest.param(["received", "stored", "forwarded"], "stored", True, id="the event checker gets a copy"),
        pytest.param(["received", "dropped"], "dropped", True, id="the device's own code"),
        pytest.param(["received", "refused failure-queue"], "refused", True, id="in the failure queue"),
        pytest.param(["refused sender"], "refused", False, id="its sender was told, and may try again"),
    ],
)
def test_where_it_ended_is_the_most_telling_hop(aws: Aws, hops: list[str], end: str | None, over: bool) -> None:
    told = [(f"0{n}.000", *what.partition(" ")[::2]) for n, what in enumerate(hops)]
    _log(aws, "START", *(_hop(second, "persister", what, to=to) for second, what, to in told))

    found = telemetry.trace(aws, TRACE, ["plant"])

    assert (found.end.what if found.end else None, found.over) == (end, over)


def _attempts(*hops: str, request: str = "r") -> list[dict[str, Any]]:
    """What the persister tells of its attempts, from the first second on."""
    return [_hop(f"0{n}.000", "persister", what, request_id=request) for n, what in enumerate(hops)]


def test_an_event_that_lambda_gave_up_on_ended_in_the_failure_queue(aws: Aws) -> None:
    _log(aws, *_attempts(*("received", "failed") * 3))

    found = telemetry.trace(aws, TRACE, ["plant"])

    assert (found.over, found.given_up) == (True, True)
    assert trace_view.as_dict(found)["in_failure_queue"]
    assert "It is in the failure queue; `gluecode replay plant` puts it back in." in str(trace_view.conclusion(found))


@pytest.mark.parametrize(
    ("hops", "said"),
    [
        pytest.param(("received", "failed") * 2, "Lambda tries again", id="one attempt is left"),
        pytest.param(("received",) * 3, "begun it 3 times", id="killed or out of time each time"),
    ],
)
def test_an_event_that_lambda_may_still_try_is_not_over(aws: Aws, hops: tuple[str, ...], said: str) -> None:
    _log(aws, *_attempts(*hops))

    found = telemetry.trace(aws, TRACE, ["plant"])

    assert not found.over
    assert said in str(trace_view.conclusion(found))


@pytest.mark.parametrize("before", [("received", "failed") * 3, ("received", "refused")])
def test_an_event_that_was_put_back_in_has_left_the_failure_queue(aws: Aws, before: tuple[str, ...]) -> None:
    again = _hop("08.000", "persister", "received", request_id="replayed")
    _log(aws, *_attempts(*before), again)
    under_way = telemetry.trace(aws, TRACE, ["plant"])
    _log(aws, _hop("09.000", "persister", "forwarded", to="azure.example.com", request_id="replayed"))

    accepted = telemetry.trace(aws, TRACE, ["plant"])

    assert (under_way.over, under_way.end and under_way.end.what) == (False, "received")
    assert str(trace_view.conclusion(accepted)).startswith("It was handed to azure.example.com by plant-persister.")


@pytest.mark.parametrize(
    ("service", "to", "l2", "l3", "left"),
    [
        ("persister", "writer.example.com", "aws", "gcp", True),
        ("persister", "writer.example.com", "aws", "aws", False),
        ("persister", "plant-event-checker", "aws", "gcp", False),  # the event checker is a side branch
        ("connector", "ingestion.example.com", "azure", "azure", True),
        ("connector", "ingestion.example.com", "azure", "aws", False),  # it comes back, to the Writer
        ("dispatcher", "plant-connector", "azure", "azure", False),
    ],
)
def test_an_event_has_left_when_another_cloud_has_it_and_nothing_comes_back(
    aws: Aws, service: str, to: str, l2: str, l3: str, left: bool
) -> None:
    _log(aws, _hop("00", service, "received"), _hop("01", service, "forwarded", to=to))

    found = telemetry.trace(aws, TRACE, ["plant"])

    assert telemetry.has_left(found, {"layer_2_provider": l2, "layer_3_hot_provider": l3}) is left


def test_a_twin_without_logs_tells_nothing(aws: Aws) -> None:
    assert telemetry.trace(aws, TRACE, ["gone"]).hops == ()


@pytest.mark.parametrize("written", [TRACE.upper(), TRACE.replace("-", "")])
def test_a_trace_id_is_known_however_it_is_written(aws: Aws, written: str) -> None:
    _log(aws, _hop("00.000", "writer", "stored"))

    assert telemetry.trace(aws, written, ["plant"]).over


def test_what_is_no_trace_id_is_refused(aws: Aws) -> None:
    with pytest.raises(UsageError, match="'yesterday' is no trace id"):
        telemetry.trace(aws, "yesterday", ["plant"])


def test_waiting_ends_with_the_event_s_way(aws: Aws) -> None:
    turns = [_hop("00.000", "dispatcher", "received"), _hop("01.000", "persister", "stored")]

    found = telemetry.wait(aws, TRACE, "plant", pause=lambda _: _log(aws, turns.pop(0)))

    assert (found.over, turns) == (True, [])


def test_waiting_ends_when_patience_does(aws: Aws) -> None:
    found = telemetry.wait(aws, TRACE, "plant", patience=0.0, pause=lambda _: None)

    assert found.hops == ()
