"""Scenario b, devices on Google Cloud: killed in the middle, completed, and used over its Ingestion URL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.demo.remains import remains
from orchestrator.local.remote_client import envelope
from orchestrator.local.remote_cloud import RemoteCloud
from orchestrator.operations import telemetry
from orchestrator.operations.session import Aws
from tests.conftest import Clients
from tests.e2e import account
from tests.e2e.conftest import MakeProject
from tests.e2e.http import Endpoint
from tests.e2e.product import Product

TWIN = "factory-b"
CONNECTION = "gcp_l1_to_aws_l2"
PRESS = {"iotDeviceId": "press-1", "time": "2026-11-23T10:00:00Z", "force": 1250.5}
OVEN = {"iotDeviceId": "oven-1", "time": "2026-11-23T10:00:00Z", "temperature": 392.0}


@pytest.fixture(scope="module")
def project(make_project: MakeProject) -> Path:
    """L1 on Google Cloud; the token is left to be generated."""
    return make_project(TWIN, ("gcp", "aws", "aws"), {CONNECTION: {}})


@pytest.fixture(scope="module")
def killed_at(product: Product, project: Path) -> str:
    """The execution whose `gluecode deploy` was killed (SIGKILL) after some steps. Returns its name."""
    process = product.start("deploy", str(project))
    assert process.stderr is not None
    name, created = "", 0
    with process:
        for line in process.stderr:
            words = line.split()
            name = words[1] if words[:1] == ["deployment"] else name
            created += words[:1] == ["created"]
            if created == 3:
                process.kill()
                break
    return name


@pytest.fixture(scope="module")
def deployed(product: Product, project: Path, killed_at: str, aws: Aws) -> Iterator[Any]:
    """What the same command said when it was run again."""
    assert killed_at
    yield product.done("deploy", str(project))
    if remains(aws, TWIN):
        product.run("destroy", TWIN, "--delete-data", "--yes")


@pytest.fixture(scope="module")
def ingestion(deployed: Any, clients: Clients) -> Endpoint:
    """The URL as the other cloud knows it: from the deployment's output, with the token from Secrets Manager."""
    entry = deployed["connections"][CONNECTION]
    secret = clients("secretsmanager").get_secret_value(SecretId=entry["token_secret"])
    return Endpoint(entry["url"], secret["SecretString"])


def test_a_killed_deployment_is_joined_or_completed(killed_at: str, deployed: Any, clients: Clients) -> None:
    first = account.execution(clients, killed_at)

    assert first["status"] == "SUCCEEDED"
    # The second command joins it, unless it was done by then: what is left to do is nothing.
    joined = deployed["execution"] == first["executionArn"]
    assert joined or {step["outcome"] for step in deployed["steps"]} <= {"unchanged", "present", "absent"}
    assert deployed["outcome"] == "deployed"


def test_the_ingestion_url_answers_as_the_contract_says(ingestion: Endpoint, clients: Clients, aws: Aws) -> None:
    message = envelope("gcp", "L2", PRESS)

    statuses = ingestion.statuses(message, without="iotDeviceId")

    assert statuses == {
        "the right token and a valid envelope": 200,
        "a wrong token": 403,
        "no token": 403,
        "not JSON": 400,
        "no iotDeviceId": 400,
    }
    telemetry.wait(aws, message["trace_id"], TWIN)
    assert set(account.items(clients, TWIN)) == {(PRESS["iotDeviceId"], PRESS["time"])}


def test_an_event_of_a_connector_keeps_its_trace_id_to_the_table(
    ingestion: Endpoint, product: Product, aws: Aws
) -> None:
    with RemoteCloud("gcp") as gcp:
        message = envelope("gcp", "L2", OVEN)
        assert gcp.send(ingestion.url, ingestion.token, message).accepted

    telemetry.wait(aws, message["trace_id"], TWIN)
    way = product.done("trace", message["trace_id"], "--twin", TWIN)

    received = [hop["service"] for hop in way["hops"] if hop["what"] == "received"]
    assert received[:3] == ["ingestion", "processor", "persister"]
    assert way["end"] == "stored"


@pytest.mark.usefixtures("deployed")
def test_telemetry_that_enters_elsewhere_is_not_published_here(product: Product) -> None:
    said = product.run("send", TWIN, '{"iotDeviceId": "press-1"}')

    assert said.code == 1
    assert "takes telemetry in on gcp" in said.err


@pytest.mark.usefixtures("deployed")
def test_destroying_leaves_nothing(product: Product, aws: Aws) -> None:
    product.done("destroy", TWIN, "--delete-data", "--yes")

    assert remains(aws, TWIN) == {}
