"""Scenario c, AWS to Azure and back: fails half-way, goes on, and carries events over two boundaries."""

from __future__ import annotations

import json
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
from tests.e2e.product import Product, Said

TWIN = "factory-c"
TOKEN = "a-token-that-azure-made-up"
TO_AZURE, FROM_AZURE = "aws_l1_to_azure_l2", "azure_l2_to_aws_l3"
ROLE = f"{TWIN}-connector-us-east-1-gluecode"
EVENT = {"iotDeviceId": "press-1", "time": "2026-11-23T11:00:00Z", "force": 900.0}


@pytest.fixture(scope="module")
def azure() -> Iterator[RemoteCloud]:
    """The stand-in, listening."""
    with RemoteCloud("azure", TOKEN) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def project(make_project: MakeProject, azure: RemoteCloud) -> Path:
    """L2 on Azure, with the address and the token that its deployment printed."""
    sending = {"url": azure.ingestion_url, "token": TOKEN}
    return make_project(TWIN, ("aws", "azure", "aws"), {TO_AZURE: sending, FROM_AZURE: {}})


@pytest.fixture(scope="module")
def failed(product: Product, project: Path, clients: Clients) -> Said:
    """A deployment that meets somebody else's role of the connector's name. The role is gone afterwards."""
    trust = {
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]
    }
    clients("iam").create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(trust))
    said = product.run("deploy", str(project))
    clients("iam").delete_role(RoleName=ROLE)
    return said


@pytest.fixture(scope="module")
def deployed(product: Product, project: Path, failed: Said, aws: Aws) -> Iterator[Any]:
    """What the same command said once the cause was gone."""
    assert failed
    yield product.done("deploy", str(project))
    if remains(aws, TWIN):
        product.run("destroy", TWIN, "--delete-data", "--yes")


@pytest.fixture(scope="module")
def writer(deployed: Any, clients: Clients) -> Endpoint:
    """The Writer's URL and its token, as Azure knows them."""
    entry = deployed["connections"][FROM_AZURE]
    secret = clients("secretsmanager").get_secret_value(SecretId=entry["token_secret"])
    return Endpoint(entry["url"], secret["SecretString"])


def test_a_failed_deployment_says_which_step_and_how_to_go_on(failed: Said) -> None:
    assert failed.code == 1
    assert "error: The deployment failed. ForeignResource" in failed.err
    assert ROLE in failed.err
    assert "how to go on: " in failed.err
    assert "Traceback" not in failed.err


def test_it_goes_on_once_the_cause_is_gone(failed: Said, deployed: Any) -> None:
    # A layer has a second step: older versions of it are looked for, and there are none.
    there = [step for step in deployed["steps"] if step["outcome"] != "absent"]
    # A role has one as well where a run before did not end: its rights are narrowed once every function has changed.
    outcomes = {(step["kind"], step["name"]): step["outcome"] for step in reversed(there)}

    assert outcomes["iam-role", ROLE] == "created"
    done_before = [tuple(line.split()[1:3]) for line in failed.err.splitlines() if line.split()[:1] == ["created"]]
    assert {outcomes[kind, name] for kind, name in done_before} == {"unchanged"}


def test_the_writer_url_answers_as_the_contract_says(writer: Endpoint, clients: Clients) -> None:
    message = envelope("azure", "L3", {**EVENT, "time": "2026-11-23T10:00:00Z"})

    statuses = writer.statuses(message, without="time")

    assert statuses == {
        "the right token and a valid envelope": 200,
        "a wrong token": 403,
        "no token": 403,
        "not JSON": 400,
        "no time": 400,
    }
    assert set(account.items(clients, TWIN)) == {("press-1", "2026-11-23T10:00:00Z")}


def test_an_event_keeps_its_trace_id_over_both_boundaries(
    product: Product, azure: RemoteCloud, writer: Endpoint, clients: Clients
) -> None:
    azure.forward_to(writer.url, writer.token)

    sent = product.done("send", TWIN, json.dumps(EVENT), "--wait")

    received = [hop["service"] for hop in sent["trace"]["hops"] if hop["what"] == "received"]
    assert received == ["dispatcher", "connector", "writer"]
    assert sent["trace"]["end"] == "stored"
    assert [each.envelope["trace_id"] for each in azure.received] == [sent["trace_id"]]
    assert ("press-1", EVENT["time"]) in account.items(clients, TWIN)


@pytest.mark.usefixtures("deployed")
def test_the_token_is_nowhere_but_in_its_secret(product: Product, aws: Aws, clients: Clients) -> None:
    s3, bucket = clients("s3"), f"gluecode-artifacts-{aws.account}-{aws.region}"
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket, Prefix=f"projects/{TWIN}/")["Contents"]]
    uploaded = b"".join(s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys)
    functions = clients("lambda").list_functions()["Functions"]

    assert clients("secretsmanager").get_secret_value(SecretId=f"{TWIN}/{TO_AZURE}")["SecretString"] == TOKEN
    assert TOKEN.encode() not in uploaded
    assert TOKEN not in json.dumps([function.get("Environment") for function in functions])


@pytest.mark.usefixtures("deployed")
def test_destroying_leaves_nothing(product: Product, aws: Aws) -> None:
    product.done("destroy", TWIN, "--delete-data", "--yes")

    assert remains(aws, TWIN) == {}


def test_the_trace_of_a_destroyed_twin_is_gone(product: Product, aws: Aws) -> None:
    assert telemetry.trace(aws, "6f9619ff-8b86-4d01-b42d-00cf4fc964ff", [TWIN]).hops == ()
