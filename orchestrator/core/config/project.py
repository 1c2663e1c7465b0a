"""Reads a whole project, and either gives it typed or says everything that is wrong with it."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from orchestrator.core.config.checks import check_devices, check_events, device_properties, providers_so_far
from orchestrator.core.config.connections import FILE as INTER_CLOUD
from orchestrator.core.config.connections import Connection, entry_faults, read_connections, take_tokens
from orchestrator.core.config.documents import parse
from orchestrator.core.config.faults import Fault, ProjectFaults
from orchestrator.core.config.models import Device, Event, Optimization, ProviderMapping, TwinSettings
from orchestrator.core.config.processors import is_source, read_processors, source_digest
from orchestrator.core.config.reading import fit, near_misses
from orchestrator.core.names import TwinNames

SETTINGS = "config.json"
DEVICES = "config_iot_devices.json"
PROVIDERS = "config_providers.json"
EVENTS = "config_events.json"
OPTIMIZATION = "config_optimization.json"

REQUIRED_FILES = {
    SETTINGS: '{"digital_twin_name": …, "hot_storage_size_in_days": …, "cold_storage_size_in_days": …, "mode": …}',
    DEVICES: '[{"id": …, "properties": [{"name": …, "dataType": …}]}]',
    PROVIDERS: '{"layer_1_provider": …, "layer_2_provider": …, "layer_3_hot_provider": …}',
}
"""The files that every project has, and what each holds."""

OPTIONAL_FILES: dict[str, Any] = {EVENTS: [], OPTIMIZATION: {}, INTER_CLOUD: {"connections": {}}}
"""The files that a project may lack, and what each then amounts to."""

FILES = (*REQUIRED_FILES, *OPTIONAL_FILES)
"""The files of a project whose names are known; the others are devices' own code."""

M = TypeVar("M")


@dataclass(frozen=True)
class Project:
    """A project without faults.

    `connections` are those that AWS takes part in; `processors` holds each device's own files, by their path there.
    """

    settings: TwinSettings
    devices: tuple[Device, ...]
    providers: ProviderMapping
    events: tuple[Event, ...]
    event_checking: bool
    connections: tuple[Connection, ...]
    processors: Mapping[str, Mapping[str, bytes]]

    @property
    def twin(self) -> str:
        """The twin's name."""
        return self.settings.digital_twin_name

    @property
    def provider_names(self) -> dict[str, str]:
        """The mapping as in its file, with one name per provider and without the layers that it leaves out."""
        return self.providers.model_dump(exclude_none=True)

    @property
    def batching(self) -> bool:
        """Whether events that AWS sends share requests. It sends on one connection at most."""
        return any(connection.batching for connection in self.connections)

    @cached_property
    def source_digests(self) -> dict[str, str]:
        """Device -> SHA-256 (hex) of its own code, for the devices whose code runs on AWS: L2 runs there."""
        if self.providers.layer_2_provider != "aws":
            return {}
        return {device: source_digest(files) for device, files in self.processors.items()}

    @cached_property
    def digital_twin_info(self) -> dict[str, Any]:
        """What the twin's functions know about it. `processors` says which devices have a function of their own."""
        twin = TwinNames(self.twin)
        return {
            "config": self.settings.model_dump(),
            "config_iot_devices": [device.model_dump(exclude_unset=True) for device in self.devices],
            "config_events": [event.model_dump(exclude_unset=True) for event in self.events],
            "config_providers": self.provider_names,
            "processors": {device: twin.device_processor(device) for device in self.source_digests},
        }

    @cached_property
    def configuration(self) -> bytes:
        """`digital_twin_info` as the bytes of its document: the same information, the same bytes."""
        return _canonical(self.digital_twin_info)

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) over what the project says, however its files are laid out; tokens have no part in it."""
        content = {
            "info": self.digital_twin_info,
            "event_checking": self.event_checking,
            "connections": {connection.id: connection.url for connection in self.connections},
            "sources": self.source_digests,
        }
        if self.batching:
            content["batching"] = True
        return hashlib.sha256(_canonical(content)).hexdigest()


def read_project(
    files: Mapping[str, bytes], *, allow_loopback_http: bool = False, tokens_known: Collection[str] = ()
) -> Project:
    """The project that the files make up, given by their paths relative to its folder, with `/` between the parts.

    `tokens_known` names the connections whose token already lies in Secrets Manager; `allow_loopback_http` takes
    http://127.0.0.1 as a remote address, as on the embedded cloud. Raises ProjectFaults with everything that is wrong.
    """
    documents, faults = _documents(files)
    settings = _model(documents, SETTINGS, TwinSettings, faults)
    devices = _model(documents, DEVICES, list[Device], faults)
    providers = _model(documents, PROVIDERS, ProviderMapping, faults)
    events = _model(documents, EVENTS, list[Event], faults)
    optimization = _model(documents, OPTIMIZATION, Optimization, faults)
    faults += near_misses(OPTIMIZATION, documents.get(OPTIMIZATION), Optimization)

    properties = device_properties(documents.get(DEVICES))
    processors, unfit = read_processors(files, properties)
    faults += [*unfit, *check_devices(DEVICES, documents.get(DEVICES))]
    faults += check_events(EVENTS, documents.get(EVENTS), _twin(documents), properties, processors)
    connections: tuple[Connection, ...] = ()
    if INTER_CLOUD in documents:
        connections, unfit = read_connections(
            documents[INTER_CLOUD],
            providers_so_far(documents.get(PROVIDERS)),
            tokens_known=tokens_known,
            allow_loopback_http=allow_loopback_http,
        )
        faults += unfit

    if faults or settings is None or devices is None or providers is None or events is None or optimization is None:
        raise ProjectFaults(faults)
    return Project(
        settings=settings,
        devices=tuple(devices),
        providers=providers,
        events=tuple(events),
        event_checking=optimization.result.inputParamsUsed.useEventChecking,
        connections=connections,
        processors=processors,
    )


def without_tokens(files: Mapping[str, bytes]) -> tuple[dict[str, bytes], dict[str, str]]:
    """The project's files as they may be uploaded, and the tokens taken out of them, by connection id.

    Files that are no part of a project are left out. Raises ProjectFaults when the connections cannot be read.
    """
    kept = {path: content for path, content in files.items() if is_project_file(path)}
    if INTER_CLOUD not in kept:
        return kept, {}
    document, faults = parse(INTER_CLOUD, kept[INTER_CLOUD])
    faults = faults or entry_faults(_without_schema(document))
    if faults:
        raise ProjectFaults(faults)
    tokens = take_tokens(document)
    if tokens:
        kept[INTER_CLOUD] = (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()
    return kept, tokens


def is_project_file(path: str) -> bool:
    """Whether a path, relative to the project's folder, is one that a project is read from."""
    return path in FILES or is_source(path)


def _documents(files: Mapping[str, bytes]) -> tuple[dict[str, Any], list[Fault]]:
    """The JSON document of each file: those without a fault, and what an optional file that is not there amounts to."""
    documents: dict[str, Any] = {}
    faults: list[Fault] = []
    for file in FILES:
        if file in files:
            document, unreadable = parse(file, files[file])
            faults += unreadable
            if not unreadable:
                documents[file] = _without_schema(document)
        elif near := _misspelt(file, files):
            faults.append(Fault(near, "", f"is not read; it is probably meant to be {file}.", f"Rename it to {file}."))
        elif file in REQUIRED_FILES:
            faults.append(Fault(file, "", "is missing.", f"Create it, with {REQUIRED_FILES[file]}."))
        else:
            documents[file] = OPTIONAL_FILES[file]
    return documents, faults


def _without_schema(document: Any) -> Any:
    """The document without the `$schema` by which an editor finds what to complete and to check."""
    if not isinstance(document, dict):
        return document
    return {key: value for key, value in document.items() if key != "$schema"}


def _misspelt(file: str, files: Mapping[str, bytes]) -> str:
    """The file that was probably meant to be `file`: its name differs in a letter or a separator, not in a word."""
    others = [path for path in files if "/" not in path and path.endswith(".json") and not is_project_file(path)]
    return next(iter(difflib.get_close_matches(file, others, n=1, cutoff=0.85)), "")


def _model(documents: Mapping[str, Any], file: str, model: type[M], faults: list[Fault]) -> M | None:
    """The file's document as its model; None, and its faults noted, where it does not fit or cannot be read."""
    found, unfit = fit(file, documents[file], model) if file in documents else (None, [])
    faults += unfit
    return found


def _twin(documents: Mapping[str, Any]) -> Any:
    settings = documents.get(SETTINGS)
    return settings.get("digital_twin_name") if isinstance(settings, dict) else None


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
