"""Takes the time of deployments on the embedded cloud, pair by pair with the least possible, at several distances."""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from orchestrator.core.names import Installation, TwinNames, project_files
from orchestrator.install import install as installer
from orchestrator.local import cloud, processes
from orchestrator.local.cloud import Cloud
from orchestrator.operations import upload
from orchestrator.operations.session import Aws
from tests.bench import idle, least
from tests.bench.counting import least_for
from tests.bench.slow import Distance, distance
from tests.bench.twins import twin
from tests.proofs.projects import Project

DELAYS = (0, 25, 50, 100)
_SERVICES = ("sqs", "logs", "lambda", "dynamodb", "iam", "iot", "cloudwatch", "s3")


@dataclass
class Walls:
    """Seconds of each thing that was timed, run by run, at one delay (milliseconds for each call)."""

    delay: int
    least: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    again: list[float] = field(default_factory=list)
    idle_first: list[float] = field(default_factory=list)
    idle_again: list[float] = field(default_factory=list)

    def median(self, name: str) -> float:
        """The median of one of the lists."""
        return float(statistics.median(getattr(self, name)))


class Stage:
    """The embedded cloud with the orchestrator, its idle double, and the proxy in front of AWS."""

    def __init__(
        self, running: Cloud, aws: Aws, installation: Installation, idle_one: Installation, far: Distance
    ) -> None:
        self._running = running
        self.aws = aws
        self.installation = installation
        self.far = far
        self._idle = idle_one
        self._twins = 0
        session = boto3.Session(cloud.CREDENTIAL, cloud.CREDENTIAL, region_name=aws.region)
        config = Config(retries={"mode": "standard", "max_attempts": 1}, max_pool_connections=least.THREADS)
        clients = {service: session.client(service, endpoint_url=far.url, config=config) for service in _SERVICES}  # type: ignore[call-overload]  # data
        self._clients: Callable[[str], Any] = clients.__getitem__
        layers = aws.client("lambda").list_layer_versions(LayerName=f"{installation.prefix}-functions")["LayerVersions"]
        self._layer = str(layers[0]["LayerVersionArn"])

    def project(self, devices: int, own: int = 0) -> Project:
        """A new twin's project, uploaded."""
        self._twins += 1
        made = twin(f"twin-{self._twins}", devices, own)
        upload.upload(self.aws, self.installation, made.files, project_files(made.twin))
        return made

    def deploy(self, project: Project) -> float:
        """Seconds from the start to the end of a deployment."""
        return self._run(self.installation, {"project": project.twin})

    def idle_run(self, which: str) -> float:
        """The same way through the same machines, by tasks that do nothing."""
        return self._run(self._idle, {"project": which})

    def end_workers(self) -> None:
        """End every Lambda worker, as AWS does after some idle time: whatever runs next begins with a cold start."""
        processes.end(self._running.nonce, "ministack-lambda-")

    def least_possible(self, devices: int) -> least.Took:
        """The creating calls alone, for a twin of that size."""
        project = self.project(devices)
        return least.create(self._clients, least_for(project, self.installation, self._layer))

    def _run(self, installation: Installation, request: dict[str, Any]) -> float:
        states = self.aws.client("stepfunctions")
        name = f"bench-{time.time_ns()}"
        arn = states.start_execution(
            stateMachineArn=installation.machine_arn("deploy"), name=name, input=json.dumps(request)
        )["executionArn"]
        while (told := states.describe_execution(executionArn=arn))["status"] == "RUNNING":
            time.sleep(0.02)
        if told["status"] != "SUCCEEDED":
            raise RuntimeError(f"{request}: {told['status']} {told.get('error')}: {told.get('cause')}")
        return float((told["stopDate"] - told["startDate"]).total_seconds())


@contextmanager
def stage(devices: int) -> Iterator[Stage]:
    """Start everything; nothing of it is left afterwards."""
    with tempfile.TemporaryDirectory(prefix="gluecode-bench-") as folder:
        home = Path(folder)
        running = cloud.up(home)
        try:
            with distance(running.endpoint) as far:
                session = boto3.Session(cloud.CREDENTIAL, cloud.CREDENTIAL, region_name=running.region)
                aws = Aws(session, local=True, endpoint=running.endpoint)
                installed = installer.install(aws, installer.Options(), lambda _: None).installation
                # What is deployed here is started by us: the run that an upload starts would come in between.
                aws.client("events").disable_rule(Name=f"{installed.prefix}-project-changed")
                _lead_through(aws, far, installed)
                yield Stage(running, aws, installed, idle.install(aws.client, installed, devices), far)
        finally:
            cloud.down(home)


def _lead_through(aws: Aws, far: Distance, installation: Installation) -> None:
    """Have every step task call AWS by way of the proxy."""
    functions = aws.client("lambda")
    for page in functions.get_paginator("list_functions").paginate():
        for function in page["Functions"]:
            if function["FunctionName"].startswith(f"{installation.prefix}-"):
                variables = function.get("Environment", {}).get("Variables", {})
                functions.update_function_configuration(
                    FunctionName=function["FunctionName"],
                    Environment={"Variables": {**variables, "AWS_ENDPOINT_URL": far.url}},
                )


def measure_cold(on: Stage, devices: int, rounds: int) -> tuple[float, float]:
    """Seconds (medians) of a first deployment and of one where nothing changed, both when no worker has started."""
    first: list[float] = []
    again: list[float] = []
    for _ in range(rounds):
        project = on.project(devices)
        for seconds in (first, again):
            on.end_workers()
            seconds.append(on.deploy(project))
    return statistics.median(first), statistics.median(again)


def measure(on: Stage, devices: int, rounds: int) -> list[Walls]:
    """All of it at every delay, with warm workers.

    What is compared is timed in turns, so that whatever else the machine does meets all of them.
    """
    for _ in range(3):  # every Lambda worker that will ever run side by side has run
        warming = on.project(devices)
        on.deploy(warming)
        on.deploy(warming)
        on.idle_run(idle.FIRST)
        on.idle_run(idle.AGAIN)
    on.least_possible(devices)
    measured = []
    for delay in DELAYS:
        on.far.set(delay)
        walls = Walls(delay)
        for _ in range(rounds):
            project = on.project(devices)
            walls.least.append(on.least_possible(devices).seconds)
            walls.first.append(on.deploy(project))
            walls.idle_first.append(on.idle_run(idle.FIRST))
            walls.again.append(on.deploy(project))
            walls.idle_again.append(on.idle_run(idle.AGAIN))
        measured.append(walls)
    on.far.set(0)
    return measured


def events_per_second(on: Stage, events: int) -> float:
    """From the device's topic to the hot table, through four functions; as many at once as the embedded cloud takes."""
    project = on.project(1)
    on.deploy(project)
    names, device = TwinNames(project.twin), project.devices[0]
    client, dynamodb = on.aws.client("iot-data"), on.aws.client("dynamodb")
    _publish(client, names, device, range(-5, 0))  # the workers start
    while _stored(dynamodb, names) < 5:
        time.sleep(0.1)
    started = time.perf_counter()
    _publish(client, names, device, range(events))
    while _stored(dynamodb, names) < 5 + events:
        time.sleep(0.1)
    return events / (time.perf_counter() - started)


def _publish(client: Any, names: TwinNames, device: str, moments: Iterable[int]) -> None:
    for moment in moments:
        event = {"iotDeviceId": device, "time": f"moment {moment}", "temperature": 20}
        client.publish(topic=names.topic, payload=json.dumps(event))


def _stored(dynamodb: Any, names: TwinNames) -> int:
    pages = dynamodb.get_paginator("scan").paginate(TableName=names.hot_table, Select="COUNT")
    return sum(page["Count"] for page in pages)


def busiest(on: Stage, devices: int, own: int) -> tuple[float, int]:
    """Seconds of a first deployment of so many devices with code of their own, 100 ms away from AWS, and the most calls
    of Lambda's control plane that it made within one second.
    """
    project = on.project(devices, own)
    on.far.set(100)
    took = on.deploy(project)
    most = on.far.busiest
    on.far.set(0)
    return took, most
