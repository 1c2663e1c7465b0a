"""Project files to start a test from: a twin with three devices, valid on every mapping."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator.core.config import Project, read_project

CLOUDS = ("aws", "azure", "gcp")
ALL_AWS = ("aws", "aws", "aws")
MAPPINGS = list(itertools.product(CLOUDS, CLOUDS, CLOUDS))

SETTINGS = {
    "digital_twin_name": "factory-twin",
    "hot_storage_size_in_days": 30,
    "cold_storage_size_in_days": 90,
    "mode": "PRODUCTION",
}
DEVICES = [
    {"id": "press-1", "properties": [{"name": "force", "dataType": "DOUBLE"}]},
    {"id": "oven-1", "properties": [{"name": "temperature", "dataType": "DOUBLE", "initValue": 20.0}]},
    {
        "id": "belt-1",
        "properties": [{"name": "speed", "dataType": "DOUBLE"}, {"name": "running", "dataType": "BOOLEAN"}],
    },
]
EVENTS = [
    {
        "condition": "oven-1.temperature > DOUBLE(240)",
        "action": {
            "type": "lambda",
            "functionName": "call-the-shift",
            "feedback": {"type": "mqtt", "iotDeviceId": "oven-1", "payload": {"heater": "off"}},
        },
    },
    {"condition": "belt-1.running == BOOLEAN(false)", "action": {"type": "lambda", "functionName": "write-a-ticket"}},
]
OWN_CODE = b"def process(event):\n    return event\n"


def providers(mapping: Sequence[str]) -> dict[str, str]:
    """`config_providers.json` for L1, L2 and L3."""
    return dict(zip(("layer_1_provider", "layer_2_provider", "layer_3_hot_provider"), mapping, strict=True))


def connections(mapping: Sequence[str]) -> dict[str, dict[str, str]]:
    """What `config_inter_cloud.json` must at least say for a mapping."""
    needed: dict[str, dict[str, str]] = {}
    for layer, (sender, receiver) in enumerate(itertools.pairwise(mapping), start=1):
        if sender != receiver and "aws" in (sender, receiver):
            sends = {"url": f"https://{receiver}.example/l{layer + 1}", "token": f"token-of-{receiver}"}
            needed[f"{sender}_l{layer}_to_{receiver}_l{layer + 1}"] = sends if sender == "aws" else {}
    return needed


def batching(mapping: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The same, where events that AWS sends share requests."""
    return {name: {**entry, "batching": True} if entry else {} for name, entry in connections(mapping).items()}


def files(mapping: Sequence[str] = ALL_AWS, **replaced: Any) -> dict[str, bytes]:
    """A project's files. `replaced` gives other documents by file name without `.json`; None leaves a file out."""
    documents = {
        "config": SETTINGS,
        "config_iot_devices": DEVICES,
        "config_providers": providers(mapping),
        "config_events": EVENTS,
        "config_optimization": {"result": {"inputParamsUsed": {"useEventChecking": True}}},
        "config_inter_cloud": {"connections": connections(mapping)},
        **replaced,
    }
    made = {
        f"{name}.json": json.dumps(document).encode() for name, document in documents.items() if document is not None
    }
    return {**made, "processors/press-1/process.py": OWN_CODE}


def project(mapping: Sequence[str] = ALL_AWS, added: Mapping[str, bytes] | None = None, **replaced: Any) -> Project:
    """The project that `files` make up, with the files in `added` on top."""
    return read_project({**files(mapping, **replaced), **(added or {})})
