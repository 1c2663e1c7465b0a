"""Our own Ingestion and Writer conform, with and without signatures."""

from __future__ import annotations

import base64
import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from lambda_functions.ingestion import handler as ingestion
from lambda_functions.writer import handler as writer
from orchestrator.operations import conformance
from orchestrator.operations.conformance.messages import Layer
from tests.conformance.serving import Headers, Reply, served
from tests.unit.lambda_functions.conftest import aws, clean_worker, stored
from tests.unit.lambda_functions.support import TABLE, TOKEN, Context, twin_document

__all__ = ["aws", "clean_worker", "stored"]  # fixtures

DEVICE = "press-1"
Handler = Callable[[Any, Any], Any]


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, aws: None) -> None:
    for name, value in {
        "DIGITAL_TWIN_INFO": twin_document(),
        "DYNAMODB_TABLE_NAME": TABLE,
        "INTER_CLOUD_TOKEN": TOKEN,
        "PROCESSOR_LAMBDA_NAME": "factory-processor",
    }.items():
        monkeypatch.setenv(name, value)


def over_http(handler: Handler) -> Callable[[Headers, bytes], Reply]:
    """The handler behind a Function URL, as Lambda hands a request over: one at a time, as one worker has them."""
    worker = threading.Lock()

    def endpoint(headers: Headers, body: bytes) -> Reply:
        event: dict[str, Any] = {"version": "2.0", "headers": {}, "isBase64Encoded": False}
        for name, value in headers:
            before = event["headers"].get(name.lower())
            event["headers"][name.lower()] = value if before is None else f"{before},{value}"
        try:
            event["body"] = body.decode() or None
        except UnicodeDecodeError:
            event |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
        with worker:
            answer = handler(event, Context(aws_request_id=str(uuid.uuid4())))
        return Reply(answer["statusCode"], answer["body"].encode(), answer["headers"])

    return endpoint


@pytest.fixture(params=["L2", "L3"])
def layer(request: pytest.FixtureRequest) -> Layer:
    found: Layer = request.param
    return found


def _handler(layer: Layer) -> Handler:
    return ingestion.lambda_handler if layer == "L2" else writer.lambda_handler


@pytest.mark.usefixtures("settings")
def test_our_endpoint_conforms(layer: Layer) -> None:
    with served(over_http(_handler(layer))) as url:
        report = conformance.run(url, TOKEN, device=DEVICE)

    assert [(result.check.name, result.detail) for result in report.failed] == []
    assert report.layer == layer


@pytest.mark.usefixtures("settings")
def test_our_endpoint_conforms_with_signatures(layer: Layer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTER_CLOUD_SIGNING", "true")

    with served(over_http(_handler(layer))) as url:
        report = conformance.run(url, TOKEN, device=DEVICE, signing=True)

    assert [(result.check.name, result.detail) for result in report.failed] == []
    assert "signed-request-again" in [result.check.name for result in report.results]


@pytest.mark.usefixtures("settings")
def test_our_writer_stores_one_item_for_each_event_that_it_accepted(stored: Any) -> None:
    with served(over_http(writer.lambda_handler)) as url:
        report = conformance.run(url, TOKEN, device=DEVICE)

    times = {str(event.get("time", event.get("id"))) for event in report.accepted}
    assert sorted(item["id"] for item in stored()) == sorted(times)
