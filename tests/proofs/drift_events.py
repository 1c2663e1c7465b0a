"""Proves that a twin works again once a change by hand was repaired: events cross it, function by function.

For every drift of the table in `drifts`, on the embedded cloud, whose functions run: it is done, deployed over, and
then an event of each device is sent. It must be stored, as the device's own processor makes it, and have started what
the event checker starts; with L2 elsewhere, the stand-in of that cloud must have it and send it back. The failure queue
stays empty.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from orchestrator.core.names import TwinNames, project_files
from orchestrator.local.remote_cloud import RemoteCloud
from orchestrator.operations import executions, telemetry
from orchestrator.operations.upload import upload
from tests.local.functions import zipped
from tests.loss.world import World, world
from tests.proofs.drifts import DRIFTS, Drift
from tests.proofs.projects import TWIN, Project
from tests.proofs.report import Outcome, Report

_NAMES = TwinNames(TWIN)
_PATIENCE_SECONDS = 120.0
_START = datetime(2026, 11, 27, 11, tzinfo=UTC)
_CONNECTED_BACK = "azure_l2_to_aws_l3"
_BELL, _BELLS = "ring-the-bell", "bells"
_RINGS = f"""
import boto3
def handler(event, context):
    sqs = boto3.client("sqs")
    sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName="{_BELLS}")["QueueUrl"], MessageBody=event["trace_id"])
"""


@dataclass
class Stage:
    """The embedded cloud and what is on it: the project that was deployed last, and the stand-in for the other cloud.

    `rung` are the trace ids of the events for which the event checker has started its action.
    """

    world: World
    azure: RemoteCloud
    project: Project | None = None
    rung: set[str] = field(default_factory=set)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def client(self, service: str) -> Any:
        """A boto3 client of the embedded cloud."""
        return self.world.aws.client(service)

    def deploy(self, project: Project) -> Mapping[str, Any]:
        """Upload and deploy a project as it is. Returns what the deployment answered."""
        files = {**project.files}
        connections = files["config_inter_cloud.json"].decode()
        sent_to = connections.replace(f"https://{project.host}/in", self.azure.ingestion_url)
        files["config_inter_cloud.json"] = sent_to.encode()
        upload(self.world.aws, self.world.installation, files, project_files(TWIN))
        run = executions.start(self.world.aws, self.world.installation, "deploy", "proof", {"project": TWIN})
        for _ in executions.follow(self.world.aws, self.world.installation, run, every=0.1):
            pass
        ending = executions.ending(self.world.aws, run)
        if not ending.succeeded:
            raise RuntimeError(f"The deployment failed. {ending.error}: {ending.cause}")
        self.project = project
        return ending.output

    def event(self, project: Project, device: str) -> dict[str, Any]:
        """An event of a time that no other one has, and of a temperature that rings the bell."""
        number = next(self._numbers)
        at = (_START + timedelta(seconds=number)).isoformat().replace("+00:00", "Z")
        return {"iotDeviceId": device, "time": at, "temperature": project.threshold + 1.0 + number}

    def stored(self, event: Mapping[str, Any]) -> float | None:
        """The temperature that is stored of an event; None where it is not."""
        key = {"iotDeviceId": {"S": event["iotDeviceId"]}, "id": {"S": event["time"]}}
        found = self.client("dynamodb").get_item(TableName=_NAMES.hot_table, Key=key, ConsistentRead=True).get("Item")
        return float(found["temperature"]["N"]) if found else None

    def listen(self) -> None:
        """Note for which events the bell has rung."""
        url = self.client("sqs").get_queue_url(QueueName=_BELLS)["QueueUrl"]
        while messages := self.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                self.rung.add(message["Body"])
                self.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    def failed(self) -> int:
        """How many events wait in the failure queue."""
        url = self.client("sqs").get_queue_url(QueueName=_NAMES.failure_queue)["QueueUrl"]
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        live = self.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(live[name]) for name in names)

    def connect(self) -> None:
        """Have the other cloud send back what it is sent, to where and with what the writer takes it now."""
        writer = self.client("lambda").get_function_url_config(FunctionName=_NAMES.function("writer"))
        token = self.client("secretsmanager").get_secret_value(SecretId=_NAMES.secret(_CONNECTED_BACK))
        self.azure.forward_to(writer["FunctionUrl"], token["SecretString"])


@contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    """An embedded cloud in that folder with the orchestrator installed, the bell, and the other cloud."""
    with world(folder) as made, RemoteCloud("azure", Project.token) as azure:
        made.aws.client("sqs").create_queue(QueueName=_BELLS)
        made.aws.client("lambda").create_function(
            FunctionName=_BELL,
            Runtime="python3.13",
            Role="arn:aws:iam::000000000000:role/any",
            Handler="app.handler",
            Code={"ZipFile": zipped({"app.py": _RINGS})},
        )
        yield Stage(made, azure)


def check(on: Stage, drift: Drift) -> Outcome:
    """Change a deployed twin by hand, deploy over it, and send an event of each device."""
    outcome, project = Outcome(), drift.project
    if on.project != project:
        on.deploy(project)
    drift.do(on.client)
    repaired = on.deploy(project)
    outcome.expect(set(repaired["summary"]) > {"unchanged"}, f"{drift.title}: nothing was repaired")
    for device in project.devices:
        outcome.counts["events sent after the repair"] += 1
        missing = _missing(on, project, device)
        outcome.counts["arrived"] += not missing
        outcome.failures += [f"{drift.title}: {device}'s event {line}" for line in missing]
    outcome.expect(on.failed() == 0, f"{drift.title}: {on.failed()} in the failure queue")
    return outcome


def _missing(on: Stage, project: Project, device: str) -> list[str]:
    """What has not become of an event."""
    elsewhere = project.mapping[1] != "aws"
    if elsewhere:
        on.connect()
    event = on.event(project, device)
    sent = telemetry.send(on.world.aws, TWIN, event)
    factor = 1 if elsewhere else dict(project.own).get(device, 1)

    def missing() -> list[str]:
        on.listen()
        stored = on.stored(event)
        rings = not elsewhere and device == project.devices[0] and sent.trace_id not in on.rung
        return [
            *(["is not at the other cloud"] if elsewhere and (device, event["time"]) not in on.azure.kept else []),
            *([f"is stored as {stored}"] if stored != factor * event["temperature"] else []),
            *(["did not start the action"] if rings else []),
        ]

    return _once_empty(missing)


def _once_empty(find: Any) -> list[str]:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while found := find():
        if time.monotonic() > deadline:
            break
        time.sleep(0.05)
    return list(found)


def run(drifts: Sequence[Drift], folder: Path) -> Report:
    """Check these drifts, project by project."""
    report = Report(f"Events after the repair: {len(drifts)} changes by hand")
    with stage(folder) as on:
        for drift in sorted(drifts, key=lambda each: (each.mapping, each.batching)):
            report.add(check(on, drift))
            report.show()
    return report


def main() -> int:
    """Check all of them, or those whose title has a word, and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="a part of the titles")
    only = parser.parse_args().only
    with tempfile.TemporaryDirectory() as folder:
        return run([drift for drift in DRIFTS if only in drift.title], Path(folder)).end()


if __name__ == "__main__":
    sys.exit(main())
