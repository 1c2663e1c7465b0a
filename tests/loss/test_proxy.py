"""The proxy fails as told, on the way to AWS or on the way back, and otherwise cannot be noticed."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
import requests
from botocore.exceptions import BotoCoreError, ClientError

from orchestrator.local.cloud import Cloud
from orchestrator.local.remote_faults import Fault, Kind
from tests.conftest import Clients, clients_of
from tests.local.functions import deploy
from tests.loss.proxy import FUNCTION_URL, Proxy


@pytest.fixture
def proxy(embedded_cloud: Cloud) -> Iterator[Proxy]:
    with Proxy(embedded_cloud.endpoint) as running:
        yield running


@pytest.fixture
def by_proxy(embedded_cloud: Cloud, proxy: Proxy) -> Clients:
    """Clients that try twice."""
    return clients_of(embedded_cloud, proxy.url)


def test_without_a_fault_every_call_gets_through(clients: Clients, by_proxy: Clients, proxy: Proxy) -> None:
    name = f"q-{uuid.uuid4().hex}"

    made = by_proxy("sqs").create_queue(QueueName=name)["QueueUrl"]

    assert clients("sqs").get_queue_url(QueueName=name)["QueueUrl"] == made
    assert proxy.met == {}


@pytest.mark.parametrize(
    ("kind", "takes_effect"),
    [
        ("throttle", False),
        ("error", False),
        ("unavailable", False),
        ("drop_unread", False),
        ("drop_unanswered", False),
        ("lose_answer", True),
    ],
)
def test_a_fault_is_an_error_before_or_after_the_call_took_effect(
    clients: Clients, by_proxy: Clients, proxy: Proxy, kind: Kind, takes_effect: bool
) -> None:
    name = f"q-{uuid.uuid4().hex}"
    proxy.faults.plan([Fault(kind, "sqs", times=2)])

    with pytest.raises((ClientError, BotoCoreError)):
        by_proxy("sqs").create_queue(QueueName=name)

    queues = clients("sqs").list_queues(QueueNamePrefix=name).get("QueueUrls", [])
    assert (bool(queues), proxy.met) == (takes_effect, {("sqs", kind): 2})


def test_a_throttled_call_is_tried_again_by_boto3(by_proxy: Clients, proxy: Proxy) -> None:
    proxy.faults.plan([Fault("throttle", None)])

    assert "TableNames" in by_proxy("dynamodb").list_tables()
    assert proxy.met == {("dynamodb", "throttle"): 1}


def test_a_fault_of_one_service_spares_the_others(by_proxy: Clients, proxy: Proxy) -> None:
    proxy.faults.plan([Fault("error", "dynamodb", times=None)])

    by_proxy("sqs").list_queues()

    assert proxy.met == {}


def test_a_function_url_is_told_from_a_call(clients: Clients, proxy: Proxy) -> None:
    function = deploy(clients, "def handler(event, context):\n    return {'statusCode': 200, 'body': event['body']}\n")
    url = clients("lambda").create_function_url_config(FunctionName=function, AuthType="NONE")["FunctionUrl"]
    proxy.faults.plan([Fault("throttle", FUNCTION_URL, seconds=0.5)])

    throttled, served = (
        requests.post(proxy.in_front_of(url), data="hello", headers={"Content-Type": "text/plain"}, timeout=30)
        for _ in range(2)
    )

    assert (throttled.status_code, throttled.headers["Retry-After"]) == (429, "0.5")
    assert (served.status_code, served.text) == (200, "hello")
