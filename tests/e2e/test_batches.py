"""Events that wait to be sent share requests: under load, after somebody stopped it, and no more when switched off."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestrator.demo.remains import remains
from orchestrator.local.remote_cloud import RemoteCloud
from orchestrator.operations.session import Aws
from tests.conftest import Clients
from tests.e2e.conftest import MakeProject
from tests.e2e.product import Product
from tests.local.functions import eventually

TWIN = "factory-d"
TOKEN = "a-token-that-azure-made-up"
TO_AZURE = "aws_l1_to_azure_l2"
SENDER = f"{TWIN}-connector"
WAITING = 12
START = datetime(2026, 11, 27, 11, tzinfo=UTC)


def event(number: int) -> dict[str, Any]:
    """One of many events of a device."""
    time = (START + timedelta(seconds=number)).isoformat().replace("+00:00", "Z")
    return {"iotDeviceId": "press-1", "time": time, "force": 900.0 + number}


@pytest.fixture(scope="module")
def azure() -> Iterator[RemoteCloud]:
    """The stand-in, listening."""
    with RemoteCloud("azure", TOKEN) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def project(make_project: MakeProject, azure: RemoteCloud) -> Path:
    """L1 on AWS, and everything behind it on Azure."""
    return make_project(TWIN, ("aws", "azure", "azure"), connections(azure, batching=True))


def connections(azure: RemoteCloud, *, batching: bool) -> dict[str, Any]:
    """Where to send, and how."""
    return {TO_AZURE: {"url": azure.ingestion_url, "token": TOKEN, "batching": batching}}


@pytest.fixture(scope="module")
def deployed(product: Product, project: Path, aws: Aws) -> Iterator[Any]:
    """What the deployment said."""
    yield product.done("deploy", str(project))
    if remains(aws, TWIN):
        product.run("destroy", TWIN, "--delete-data", "--yes")


def queued(clients: Clients) -> dict[str, int] | None:
    """How many events wait to be sent, and how many of them are being sent; None without a queue."""
    sqs = clients("sqs")
    try:
        url = sqs.get_queue_url(QueueName=SENDER)["QueueUrl"]
    except sqs.exceptions.QueueDoesNotExist:
        return None
    names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
    live = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names))["Attributes"]
    return {name: int(live[name]) for name in names}


def once(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    eventually(lambda: True if holds() else None, seconds=60)


def test_an_event_alone_crosses_alone_as_an_ordinary_envelope(
    product: Product, deployed: Any, azure: RemoteCloud
) -> None:
    assert deployed["outcome"] == "deployed"

    sent = product.done("send", TWIN, json.dumps(event(0)))
    once(lambda: bool(azure.received))

    assert [each.envelope["trace_id"] for each in azure.received] == [sent["trace_id"]]
    assert [each.status for each in azure.requests] == [200]


def test_deploying_it_again_changes_nothing(product: Product, deployed: Any, project: Path) -> None:
    assert deployed

    again = product.done("deploy", str(project))

    assert set(again["summary"]) == {"unchanged"}


@pytest.mark.usefixtures("deployed")
def test_a_stopped_event_source_is_found_and_started_again_and_what_waited_leaves_in_few_requests(
    product: Product, project: Path, azure: RemoteCloud, clients: Clients
) -> None:
    functions = clients("lambda")
    (mapping,) = functions.list_event_source_mappings(FunctionName=SENDER)["EventSourceMappings"]
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    for number in range(1, WAITING + 1):
        clients("iot-data").publish(topic=f"{TWIN}/iot-data", qos=1, payload=json.dumps(event(number)).encode())
    once(lambda: sum((queued(clients) or {}).values()) == WAITING)
    before = len(azure.requests)

    seen = product.run("inspect", TWIN, "--json")
    repaired = product.done("deploy", str(project))
    once(lambda: len(azure.kept) == WAITING + 1)

    found = [(each["kind"], each["name"], each["problem"]) for each in seen.json["findings"]]
    assert found == [("event-source", SENDER, "drifted")]
    assert [change["field"] for change in seen.json["findings"][0]["changes"]] == ["enabled"]
    assert repaired["summary"]["updated"] == 1
    assert len(azure.requests) - before <= WAITING / 2
    arrived = [each.envelope for each in azure.received[1:]]
    assert sorted(each["payload"]["time"] for each in arrived) == [event(n)["time"] for n in range(1, WAITING + 1)]
    assert len({each["trace_id"] for each in arrived}) == WAITING
    once(lambda: sum((queued(clients) or {}).values()) == 0)


@pytest.mark.usefixtures("deployed")
def test_switched_off_the_queue_goes_and_events_cross_as_before(
    product: Product, project: Path, azure: RemoteCloud, clients: Clients
) -> None:
    (project / "config_inter_cloud.json").write_text(json.dumps({"connections": connections(azure, batching=False)}))

    off = product.done("deploy", str(project))
    sent = product.done("send", TWIN, json.dumps(event(WAITING + 1)))
    once(lambda: azure.received[-1].envelope["trace_id"] == sent["trace_id"])

    assert off["retained"] == []
    assert queued(clients) is None
    assert clients("lambda").list_event_source_mappings(FunctionName=SENDER)["EventSourceMappings"] == []


@pytest.mark.usefixtures("deployed")
def test_destroying_a_twin_with_batching_leaves_nothing(
    product: Product, project: Path, azure: RemoteCloud, aws: Aws, clients: Clients
) -> None:
    (project / "config_inter_cloud.json").write_text(json.dumps({"connections": connections(azure, batching=True)}))
    product.done("deploy", str(project))
    assert queued(clients) is not None

    product.done("destroy", TWIN, "--delete-data", "--yes")

    assert remains(aws, TWIN) == {}
    assert queued(clients) is None
    assert clients("lambda").list_event_source_mappings(FunctionName=SENDER)["EventSourceMappings"] == []
