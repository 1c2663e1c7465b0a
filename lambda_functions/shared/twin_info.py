"""The twin's document, which the deployment made from the project's files: devices, providers, processors, events.

`{"config", "config_iot_devices", "config_events", "config_providers", "processors"}`, as `digital_twin_info.json` on
the import path (the configuration layer puts it there), or in the environment variable DIGITAL_TWIN_INFO, which wins.
"""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lambda_functions.shared.errors import ConfigurationError

FILE = "digital_twin_info.json"
VARIABLE = "DIGITAL_TWIN_INFO"


@dataclass(frozen=True)
class TwinInfo:
    """The parts that functions ask for. `devices` is None where the document does not say which there are."""

    name: str
    devices: frozenset[str] | None
    providers: Mapping[str, Any] | None
    processors: Mapping[str, str]
    events: tuple[Mapping[str, Any], ...]

    def provider(self, layer: str) -> str | None:
        """The provider of a layer (`layer_2`, `layer_3_hot`), or None when the mapping does not say."""
        name = (self.providers or {}).get(f"{layer}_provider")
        if not isinstance(name, str) or not name.strip():
            return None
        name = name.strip().lower()
        return "gcp" if name == "google" else name


def load() -> TwinInfo:
    """The twin's document, read once per worker. Raises ConfigurationError when there is none that can be read."""
    info = find()
    if info is None:
        raise ConfigurationError(
            f"There is no {FILE} on the import path and {VARIABLE} is not set: deploy the twin again."
        )
    return info


def find() -> TwinInfo | None:
    """The twin's document, or None when there is none. Raises ConfigurationError for one that cannot be read."""
    text = os.environ.get(VARIABLE, "")
    return _read(text, VARIABLE) if text.strip() else _from_import_path()


@functools.cache
def _from_import_path() -> TwinInfo | None:
    for folder in sys.path:
        path = Path(folder or ".") / FILE
        if path.is_file():
            return _read(path.read_text(encoding="utf-8"), str(path))
    return None


@functools.lru_cache(maxsize=1)
def _read(text: str, source: str) -> TwinInfo:
    try:
        document = json.loads(text)
        devices = document.get("config_iot_devices")
        return TwinInfo(
            name=(document.get("config") or {}).get("digital_twin_name", ""),
            devices=frozenset(device["id"] for device in devices) if devices is not None else None,
            providers=document.get("config_providers"),
            processors=document.get("processors") or {},
            events=tuple(document.get("config_events") or ()),
        )
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise ConfigurationError(
            f"{source} does not hold a twin's document: {type(error).__name__}: {error}"
        ) from error
