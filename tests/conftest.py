"""Fixtures that every test may use: a running embedded cloud, and boto3 clients for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from orchestrator.local import cloud, processes
from orchestrator.local.cloud import Cloud
from orchestrator.local.server import Settings

Clients = Callable[[str], Any]


@pytest.fixture(scope="session")
def embedded_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """An embedded cloud of this test process alone, with short retry delays. It ends with the tests."""
    home = tmp_path_factory.mktemp("gluecode-home")
    running = cloud.up(home, Settings(async_retry_seconds=0.05, wait_scale=0.05))
    yield running
    cloud.down(home)
    assert processes.marked(running.nonce) == [], "a process of the embedded cloud outlived the tests"


@pytest.fixture(scope="session")
def clients(embedded_cloud: Cloud) -> Clients:
    """Gives the boto3 client of a service, connected to the embedded cloud: `clients("lambda")`."""
    return clients_of(embedded_cloud)


def clients_of(running: Cloud, endpoint: str | None = None) -> Clients:
    """The boto3 clients of one embedded cloud, made once each; `endpoint` is for a proxy in front of it."""
    made: dict[str, Any] = {}
    session = boto3.Session(cloud.CREDENTIAL, cloud.CREDENTIAL, region_name=running.region)

    def client(service: str) -> Any:
        if service not in made:
            made[service] = session.client(
                service,  # type: ignore[call-overload]  # the service's name is data here
                endpoint_url=endpoint or running.endpoint,
                config=Config(retries={"mode": "standard", "max_attempts": 1}, connect_timeout=5, read_timeout=60),
            )
        return made[service]

    return client
