"""One embedded cloud with the orchestrator installed, whose functions reach AWS by way of the proxy that fails."""

from __future__ import annotations

import json
import os
import random
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from orchestrator.core.names import Installation, TwinNames
from orchestrator.install import install as installer
from orchestrator.local import cloud, processes
from orchestrator.local.cloud import Cloud
from orchestrator.local.server import Settings
from orchestrator.operations import deployment, executions
from orchestrator.operations.session import Aws
from tests.loss.proxy import Proxy

Layers = tuple[str, str, str]
"""The providers of L1, L2 and L3."""

PLAIN, DOUBLED = "press", "oven"  # the second one's own code doubles each value
_PROCESS = "def process(event):\n    return {**event, 'value': 2 * event['value']}\n"
_SETTINGS = Settings(async_retry_seconds=0.5, wait_scale=0.02, async_workers=4)


@dataclass(frozen=True)
class World:
    """`aws` sees the embedded cloud undisturbed; `through_proxy` meets the faults."""

    running: Cloud
    installation: Installation
    aws: Aws
    proxy: Proxy
    through_proxy: Aws
    folder: Path

    def write_project(self, twin: str, layers: Layers, connections: Mapping[str, Any]) -> Path:
        """Write the project of a twin of two devices, over what was there. Returns its folder."""
        folder = self.folder / twin
        (folder / "processors" / DOUBLED).mkdir(parents=True, exist_ok=True)
        (folder / "processors" / DOUBLED / "process.py").write_text(_PROCESS, encoding="utf-8")
        for name, document in _documents(twin, layers, connections).items():
            (folder / name).write_text(json.dumps(document), encoding="utf-8")
        return folder

    def deploy(self, folder: Path) -> Mapping[str, Any]:
        """Deploy a project. Returns what the deployment answered, with the Function URLs."""
        prepared = deployment.prepare(lambda: self.aws, folder, allow_loopback_http=True)
        _, _, run = deployment.deploy(self.aws, self.installation, prepared, deployment.Options())
        for _ in executions.follow(self.aws, self.installation, run, every=0.2):
            pass
        ending = executions.ending(self.aws, run)
        if not ending.succeeded:
            raise RuntimeError(f"The deployment of {folder.name} failed. {ending.error}: {ending.cause}")
        return ending.output

    def lead_through_proxy(self, twin: str) -> None:
        """From now on the twin's functions call AWS by way of the proxy."""
        client = self.aws.client("lambda")
        for page in client.get_paginator("list_functions").paginate():
            for function in page["Functions"]:
                if function["FunctionName"].startswith(f"{twin}-"):
                    variables = {**function["Environment"]["Variables"], "AWS_ENDPOINT_URL": self.proxy.url}
                    client.update_function_configuration(
                        FunctionName=function["FunctionName"], Environment={"Variables": variables}
                    )

    def kill_a_worker(self, twin: str, dice: random.Random) -> bool:
        """Kill the process that runs one of the twin's functions, whatever it is doing. False when there is none."""
        workers = processes.marked(self.running.nonce, f"ministack-lambda-{twin}-")
        if not workers:
            return False
        with suppress(ProcessLookupError):
            os.kill(dice.choice(workers), signal.SIGKILL)
        return True

    def token(self, twin: str, connection: str) -> str:
        """A connection's token, as whoever hands it over to the other cloud reads it."""
        secret = TwinNames(twin).secret(connection)
        return str(self.aws.client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"])


@contextmanager
def world(folder: Path, seed: int = 0) -> Iterator[World]:
    """Start everything in that folder, and leave nothing behind."""
    home = folder / "home"
    running = cloud.up(home, _SETTINGS)
    try:
        with Proxy(running.endpoint, seed) as proxy:
            aws = _connected(running, running.endpoint)
            installed = installer.install(aws, installer.Options(), lambda _: None)
            yield World(running, installed.installation, aws, proxy, _connected(running, proxy.url), folder)
    finally:
        cloud.down(home)


def _connected(running: Cloud, endpoint: str) -> Aws:
    session = boto3.Session(cloud.CREDENTIAL, cloud.CREDENTIAL, region_name=running.region)
    return Aws(session, local=True, endpoint=endpoint)


def _documents(twin: str, layers: Layers, connections: Mapping[str, Any]) -> dict[str, Any]:
    names = ("layer_1_provider", "layer_2_provider", "layer_3_hot_provider")
    return {
        "config.json": {
            "digital_twin_name": twin,
            "hot_storage_size_in_days": 7,
            "cold_storage_size_in_days": 30,
            "mode": "PRODUCTION",
        },
        "config_iot_devices.json": [
            {"id": device, "properties": [{"name": "value", "dataType": "DOUBLE"}]} for device in (PLAIN, DOUBLED)
        ],
        "config_providers.json": dict(zip(names, layers, strict=True)),
        "config_inter_cloud.json": {"connections": dict(connections)},
    }
