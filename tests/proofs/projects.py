"""The projects that the proofs deploy: any mapping, with a device of its own processor and with event checking."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

TWIN = "factory"
CLOUDS = ("aws", "azure", "gcp")

Mapping = tuple[str, str, str]
MAPPINGS: tuple[Mapping, ...] = tuple(itertools.product(CLOUDS, CLOUDS, CLOUDS))

SCENARIOS: dict[str, Mapping] = {
    "a: all on AWS": ("aws", "aws", "aws"),
    "b: L1 on GCP": ("gcp", "aws", "aws"),
    "c: L2 on Azure": ("aws", "azure", "aws"),
}
L2_ALONE: Mapping = ("gcp", "aws", "gcp")
"""What no scenario has: AWS between two boundaries."""


@dataclass(frozen=True)
class Project:
    """A project folder, as values. `own` names the devices with their own `process.py`, and what it multiplies by.

    With `batching`, the events that AWS sends share requests, on whichever connection it does.
    """

    mapping: Mapping = ("aws", "aws", "aws")
    twin: str = TWIN
    devices: tuple[str, ...] = ("oven", "press")
    own: tuple[tuple[str, int], ...] = (("press", 2),)
    event_checking: bool = True
    threshold: int = 80
    token: str = "T0ken-of-the-other-cloud"
    host: str = "ingest.example.com"
    batching: bool = False

    def on(self, mapping: Mapping) -> Project:
        """The same project on another mapping."""
        return replace(self, mapping=mapping)

    @property
    def files(self) -> dict[str, bytes]:
        """Its files by path."""
        documents: dict[str, Any] = {
            "config.json": {
                "digital_twin_name": self.twin,
                "hot_storage_size_in_days": 7,
                "cold_storage_size_in_days": 30,
                "mode": "PRODUCTION",
            },
            "config_iot_devices.json": [
                {"id": device, "properties": [{"name": "temperature", "dataType": "DOUBLE"}]} for device in self.devices
            ],
            "config_providers.json": dict(
                zip(("layer_1_provider", "layer_2_provider", "layer_3_hot_provider"), self.mapping, strict=True)
            ),
            "config_events.json": [
                {
                    "condition": f"{self.devices[0]}.temperature > DOUBLE({self.threshold})",
                    "action": {"type": "lambda", "functionName": "ring-the-bell"},
                }
            ],
            "config_optimization.json": {"result": {"inputParamsUsed": {"useEventChecking": self.event_checking}}},
            "config_inter_cloud.json": {"connections": self._connections()},
        }
        files = {name: json.dumps(document).encode() for name, document in documents.items()}
        for device, factor in self.own:
            source = f"def process(event):\n    return {{**event, 'temperature': {factor} * event['temperature']}}\n"
            files[f"processors/{device}/process.py"] = source.encode()
        return files

    def _connections(self) -> dict[str, dict[str, Any]]:
        sends: dict[str, Any] = {"url": f"https://{self.host}/in", "token": self.token}
        sends |= {"batching": True} if self.batching else {}
        connections: dict[str, dict[str, Any]] = {}
        for layer, (sender, receiver) in enumerate(itertools.pairwise(self.mapping), start=1):
            if sender != receiver and "aws" in (sender, receiver):
                connections[f"{sender}_l{layer}_to_{receiver}_l{layer + 1}"] = sends if sender == "aws" else {}
        return connections


def name_of(mapping: Sequence[str]) -> str:
    """A mapping as one reads it: `aws/azure/gcp`."""
    return "/".join(mapping)
