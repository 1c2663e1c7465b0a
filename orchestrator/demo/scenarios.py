"""The three scenarios: how the layers are spread over clouds, and how an event gets in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from orchestrator.core.errors import GluecodeError
from orchestrator.demo.picture import draw
from orchestrator.local.remote_client import envelope
from orchestrator.local.remote_cloud import RemoteCloud

Event = Mapping[str, Any]
Send = Callable[[Event], str]
"""Sends an event and returns its trace id."""

_TOKEN_OF_AZURE = "a-token-that-azure-made-up"  # noqa: S105  # of a stand-in on this machine


@dataclass(frozen=True)
class Deployed:
    """What a scenario can use once the twin is there."""

    publish: Send
    urls: Mapping[str, str]
    token_of: Callable[[str], str]


@dataclass(frozen=True)
class World:
    """The clouds around AWS in one scenario: what the project has to know of them, and how events travel."""

    connections: Mapping[str, Any] = field(default_factory=dict)
    connect: Callable[[Deployed], Send] = lambda deployed: deployed.publish


@dataclass(frozen=True)
class Scenario:
    """One spread of the layers over clouds."""

    twin: str
    name: str
    why: str
    picture: str
    layers: tuple[str, str, str]
    entrance: str
    world: Callable[[], Any]

    @property
    def providers(self) -> dict[str, str]:
        """The content of `config_providers.json`."""
        return dict(zip(("layer_1_provider", "layer_2_provider", "layer_3_hot_provider"), self.layers, strict=True))


@contextmanager
def _all_on_aws() -> Iterator[World]:
    yield World()


@contextmanager
def _from_gcp() -> Iterator[World]:
    with RemoteCloud("gcp") as gcp:

        def connect(deployed: Deployed) -> Send:
            def send(event: Event) -> str:
                message = envelope("gcp", "L2", event)
                answer = gcp.send(deployed.urls["ingestion"], deployed.token_of("gcp_l1_to_aws_l2"), message)
                if not answer.accepted:
                    raise GluecodeError(f"The Ingestion URL answered {answer.status}: {answer.body}")
                return str(message["trace_id"])

            return send

        yield World({"gcp_l1_to_aws_l2": {}}, connect)


@contextmanager
def _over_azure() -> Iterator[World]:
    with RemoteCloud("azure", _TOKEN_OF_AZURE) as azure:

        def connect(deployed: Deployed) -> Send:
            azure.forward_to(deployed.urls["writer"], deployed.token_of("azure_l2_to_aws_l3"))
            return deployed.publish

        there = {"url": azure.ingestion_url, "token": _TOKEN_OF_AZURE}
        yield World({"aws_l1_to_azure_l2": there, "azure_l2_to_aws_l3": {}}, connect)


SCENARIOS = (
    Scenario(
        twin="factory-a",
        name="Scenario a: everything on AWS",
        why="The plain case. Devices publish over MQTT; three functions carry each event to the hot table.",
        picture=draw(
            (
                "AWS",
                "devices ──MQTT─▶ dispatcher ──▶ processor ─▶ persister ──▶ hot table",
                "                     L1                 L2                    L3",
            ),
        ),
        layers=("aws", "aws", "aws"),
        entrance="publish on the twin's MQTT topic, as the devices do",
        world=_all_on_aws,
    ),
    Scenario(
        twin="factory-b",
        name="Scenario b: devices on Google Cloud, the rest on AWS",
        why="Telemetry arrives on another cloud. Its Connector posts each event to the Ingestion URL that AWS puts up.",
        picture=draw(
            ("Google Cloud", "devices ─▶ Connector", "          L1"),
            (
                "AWS",
                "ingestion ─▶ processor ─▶ persister ──▶ hot table",
                "                L2                        L3",
            ),
        ),
        layers=("gcp", "aws", "aws"),
        entrance="post to the Ingestion URL over HTTP, as a Connector on Google Cloud does (here a stand-in)",
        world=_from_gcp,
    ),
    Scenario(
        twin="factory-c",
        name="Scenario c: from AWS to Azure and back",
        why="Processing runs on Azure, devices and storage on AWS. Each event crosses the boundary twice.",
        picture=draw(
            ("AWS", "dispatcher ─▶ connector", "           L1"),
            ("Azure", "Ingestion … Persister", "         L2"),
            ("AWS", "writer ─▶ hot table", "        L3"),
        ),
        layers=("aws", "azure", "aws"),
        entrance="publish on the twin's MQTT topic; Azure is a stand-in, reached over HTTP",
        world=_over_azure,
    ),
)
