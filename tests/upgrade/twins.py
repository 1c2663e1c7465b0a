"""The twins of the proof: three mappings, how an event crosses each, and a change of each that cannot be deployed."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from orchestrator.core.names import TwinNames
from orchestrator.local.remote_client import envelope
from orchestrator.local.remote_cloud import RemoteCloud
from tests.e2e.product import Product
from tests.local.functions import eventually
from tests.upgrade.account import Account

TOKEN = "a-token-that-the-other-cloud-made-up"
DEVICE = "press-1"
TO_AZURE, FROM_AZURE = "aws_l1_to_azure_l2", "azure_l2_to_aws_l3"
FROM_GCP, TO_GCP = "gcp_l1_to_aws_l2", "aws_l2_to_gcp_l3"

_START = datetime(2026, 11, 27, 11, tzinfo=UTC)
_PATIENCE_SECONDS = 90.0
_numbers = itertools.count()

Layers = tuple[str, str, str]
Documents = dict[str, Any]


@dataclass(frozen=True)
class Others:
    """The stand-ins for the other clouds."""

    azure: RemoteCloud
    gcp: RemoteCloud


@contextmanager
def others() -> Iterator[Others]:
    """Both stand-ins, listening."""
    with RemoteCloud("azure", TOKEN) as azure, RemoteCloud("gcp", TOKEN) as gcp:
        yield Others(azure, gcp)


def event() -> dict[str, Any]:
    """An event of a time that no other one has."""
    number = next(_numbers)
    time = (_START + timedelta(seconds=number)).isoformat().replace("+00:00", "Z")
    return {"iotDeviceId": DEVICE, "time": time, "force": 900.0 + number}


def key(sent: dict[str, Any]) -> tuple[str, str]:
    """What tells one event from every other."""
    return sent["iotDeviceId"], sent["time"]


def arrived(sent: dict[str, Any], where: Callable[[], Any]) -> None:
    """Wait until an event is there."""
    eventually(lambda: True if key(sent) in where() else None, seconds=_PATIENCE_SECONDS)


def token(account: Account, twin: str, connection: str) -> str:
    """The token of a connection, as the other cloud knows it."""
    secret = TwinNames(twin).secret(connection)
    return str(account.client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"])


def url(account: Account, twin: str, function: str) -> str:
    """Where another cloud calls a function."""
    name = TwinNames(twin).function(function)
    return str(account.client("lambda").get_function_url_config(FunctionName=name)["FunctionUrl"])


@dataclass(frozen=True)
class Mapping:
    """`connections` are those of the project; `cross` sends an event over the twin and waits until it has arrived;
    `obstruct` changes the project, and denies the orchestrator a call that the deployment makes near its end. It
    answers how to allow that again.
    """

    name: str
    layers: Layers
    connections: Callable[[Others], Documents]
    cross: Callable[[Product, Account, Others, str], None]
    obstruct: Callable[[Account, Path, str], Callable[[], Any]]

    def write(self, folder: Path, clouds: Others) -> None:
        """Write the mapping into a project that `gluecode init` made."""
        write(folder, self.layers, self.connections(clouds))


def write(folder: Path, layers: Layers, connections: Documents) -> None:
    """Write who runs the layers, and what is known of the other side."""
    names = ("layer_1_provider", "layer_2_provider", "layer_3_hot_provider")
    (folder / "config_providers.json").write_text(json.dumps(dict(zip(names, layers, strict=True))))
    (folder / "config_inter_cloud.json").write_text(json.dumps({"connections": connections}))


def add_device(folder: Path, device: str) -> bytes:
    """Add a device to a project, so that its configuration layer changes. The file's new content."""
    path = folder / "config_iot_devices.json"
    devices = json.loads(path.read_text())
    devices.append({"id": device, "properties": [{"name": "value", "dataType": "DOUBLE"}]})
    path.write_text(json.dumps(devices))
    return path.read_bytes()


def _cross_whole(product: Product, account: Account, _: Others, twin: str) -> None:
    sent = event()
    product.done("send", twin, json.dumps(sent))
    arrived(sent, lambda: account.stored(TwinNames(twin).hot_table))


def _cross_batched(product: Product, account: Account, clouds: Others, twin: str) -> None:
    sent, answered = event(), event()
    product.done("send", twin, json.dumps(sent))
    arrived(sent, lambda: clouds.azure.kept)
    message = envelope("azure", "L3", answered)
    answer = clouds.azure.send(url(account, twin, "writer"), token(account, twin, FROM_AZURE), message)
    assert answer.accepted, f"the writer answered {answer}"
    arrived(answered, lambda: account.stored(TwinNames(twin).hot_table))


def _cross_public(_: Product, account: Account, clouds: Others, twin: str) -> None:
    sent = event()
    message = envelope("gcp", "L2", sent)
    answer = clouds.gcp.send(url(account, twin, "ingestion"), token(account, twin, FROM_GCP), message)
    assert answer.accepted, f"the ingestion answered {answer}"
    arrived(sent, lambda: clouds.gcp.kept)


def _obstruct_whole(account: Account, folder: Path, twin: str) -> Callable[[], Any]:
    """One more device with its own code, whose function cannot be created."""
    add_device(folder, "kiln-1")
    (folder / "processors" / "kiln-1").mkdir()
    (folder / "processors" / "kiln-1" / "process.py").write_text("def process(event):\n    return event\n")
    return _without_function(account, TwinNames(twin).device_processor("kiln-1"))


def _obstruct_batched(account: Account, folder: Path, twin: str) -> Callable[[], Any]:
    """L2 moves to AWS as well: writer, connector and outbox would go. The processor cannot be created."""
    write(folder, ("aws", "aws", "aws"), {})
    add_device(folder, "kiln-1")
    return _without_function(account, TwinNames(twin).function("processor"))


def _obstruct_public(account: Account, folder: Path, twin: str) -> Callable[[], Any]:
    """All layers move to AWS: the ingestion would go. The IoT rule, which comes last, cannot be created."""
    write(folder, ("aws", "aws", "aws"), {})
    add_device(folder, "kiln-1")
    return account.deny("iot:CreateTopicRule", "*")


def _without_function(account: Account, name: str) -> Callable[[], Any]:
    return account.deny("lambda:CreateFunction", f"arn:aws:lambda:*:*:function:{name}")


WHOLE = Mapping("whole", ("aws", "aws", "aws"), lambda _: {}, _cross_whole, _obstruct_whole)
BATCHED = Mapping(
    "batched",
    ("aws", "azure", "aws"),
    lambda clouds: {TO_AZURE: {"url": clouds.azure.ingestion_url, "token": TOKEN, "batching": True}, FROM_AZURE: {}},
    _cross_batched,
    _obstruct_batched,
)
PUBLIC = Mapping(
    "public",
    ("gcp", "aws", "gcp"),
    lambda clouds: {FROM_GCP: {}, TO_GCP: {"url": clouds.gcp.writer_url, "token": TOKEN}},
    _cross_public,
    _obstruct_public,
)
MAPPINGS = (WHOLE, BATCHED, PUBLIC)
