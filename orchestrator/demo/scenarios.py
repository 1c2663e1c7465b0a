"""The three scenarios: how the layers are spread over clouds, and how an event gets in."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from orchestrator.core.errors import GluecodeError
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
    layers: Sequence[str]
    entrance: str
    world: Callable[[], AbstractContextManager[World]]

    @property
    def providers(self) -> dict[str, str]:
        """The content of `config_providers.json`."""
        return dict(zip(("layer_1_provider", "layer_2_provider", "layer_3_hot_provider"), self.layers, strict=True))


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


_WORLDS: Mapping[str, Callable[[], AbstractContextManager[World]]] = {
    "factory-a": lambda: nullcontext(World()),
    "factory-b": _from_gcp,
    "factory-c": _over_azure,
}
_TEXTS = tomllib.loads((files("orchestrator.demo") / "scenarios.toml").read_text(encoding="utf-8"))

SCENARIOS = tuple(Scenario(twin, **_TEXTS[twin], world=world) for twin, world in _WORLDS.items())
