"""A clean worker for every test: no settings, no cached clients, no AWS but an emulated one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
from boto3.dynamodb.types import TypeDeserializer

from deploy_steps.kinds import hot_table
from lambda_functions.aws import cloud, observe
from lambda_functions.shared import endpoint, observability, sending, tokens, twin_info
from orchestrator.core.specs import HotTableSpec, Owner
from tests.emulated import aws_account
from tests.unit.lambda_functions.support import TABLE, TOKEN, Recorded, Remote, by_hand, remote_cloud, twin_document

observability.use(observe)
hypothesis.settings.register_profile("gluecode", deadline=None)  # a busy machine is no fault of the code
hypothesis.settings.load_profile("gluecode")

SETTINGS = (
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_XRAY_DAEMON_ADDRESS",
    "CONNECTOR_LAMBDA_NAME",
    "CONNECTOR_QUEUE_URL",
    "DIGITAL_TWIN_INFO",
    "DYNAMODB_TABLE_NAME",
    "EVENT_CHECKER_LAMBDA_NAME",
    "FAILURE_QUEUE_URL",
    "GLUECODE_ALLOW_LOOPBACK_HTTP",
    "INTER_CLOUD_SIGNING",
    "INTER_CLOUD_TOKEN",
    "INTER_CLOUD_TOKEN_SECRET",
    "OUTGOING_ATTEMPTS",
    "PERSISTER_LAMBDA_NAME",
    "PERSISTER_QUEUE_URL",
    "PROCESSOR_LAMBDA_NAME",
    "REMOTE_INGESTION_URL",
    "REMOTE_WRITER_URL",
    "USE_EVENT_CHECKING",
    "_X_AMZN_TRACE_ID",
)


@pytest.fixture(autouse=True)
def clean_worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "GLUECODE_ALLOW_LOOPBACK_HTTP": "1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    _forget()
    yield
    _forget()


def _forget() -> None:
    # The clients stay: making one takes longer than most tests, and the emulated account behind them is a new one.
    for cached in (
        endpoint._verifier,
        sending.sender_to,
        tokens._cached,
        twin_info._from_import_path,
        twin_info._read,
    ):
        cached.cache_clear()
    observe._metrics.clear_metrics()


@pytest.fixture
def aws() -> Iterator[None]:
    """An emulated account with the hot table in it. Its Lambda accepts every invocation, and runs nothing."""
    with aws_account():
        hot_table.create(by_hand("dynamodb"), HotTableSpec(TABLE, Owner("factory")))
        yield


@pytest.fixture
def stored(aws: None) -> Any:
    """Answers every item in the hot table."""
    value = TypeDeserializer().deserialize

    def items() -> list[dict[str, Any]]:
        found = by_hand("dynamodb").scan(TableName=TABLE)["Items"]
        return [{name: value(attribute) for name, attribute in item.items()} for item in found]

    return items


@pytest.fixture
def invocations(aws: None) -> Iterator[Recorded]:
    """What Lambda was asked to run."""
    recorded, events = Recorded(), cloud.client("lambda").meta.events
    events.register("provide-client-params.lambda.Invoke", recorded.note)
    yield recorded
    events.unregister("provide-client-params.lambda.Invoke", recorded.note)


@pytest.fixture
def lambda_over_http(monkeypatch: pytest.MonkeyPatch, remote: Remote) -> Iterator[Remote]:
    """Lambda's own API, answering over real HTTP what it is told to."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", remote.url)
    cloud.client.cache_clear()
    yield remote
    cloud.client.cache_clear()


@pytest.fixture
def failure_queue(aws: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The twin's failure queue; answers the documents in it."""
    sqs = by_hand("sqs")
    url = sqs.create_queue(QueueName="factory-failures")["QueueUrl"]
    monkeypatch.setenv("FAILURE_QUEUE_URL", url)

    def documents() -> list[dict[str, Any]]:
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"]) for message in messages]

    return documents


@pytest.fixture
def remote() -> Iterator[Remote]:
    """An endpoint on another cloud, over real HTTP."""
    with remote_cloud() as endpoint_elsewhere:
        yield endpoint_elsewhere


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings of a function that receives from another cloud."""
    monkeypatch.setenv("INTER_CLOUD_TOKEN", TOKEN)
    monkeypatch.setenv("DIGITAL_TWIN_INFO", twin_document())
    monkeypatch.setenv("DYNAMODB_TABLE_NAME", TABLE)
    monkeypatch.setenv("PROCESSOR_LAMBDA_NAME", "factory-processor")
