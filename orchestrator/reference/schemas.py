"""JSON Schemas of the project's files, from the models that read them: editors complete and check with these."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from orchestrator.core.config.connections import FILE as INTER_CLOUD
from orchestrator.core.config.models import (
    DATA_TYPES,
    PROVIDERS,
    ConnectionSettings,
    Device,
    Event,
    InterCloud,
    Optimization,
    ProviderMapping,
    TwinSettings,
)
from orchestrator.core.config.project import DEVICES, EVENTS, OPTIMIZATION, SETTINGS
from orchestrator.core.config.project import PROVIDERS as PROVIDERS_FILE
from orchestrator.core.names import NAME_LIMIT

Json = dict[str, Any]

MODELS: Mapping[str, Any] = {
    SETTINGS: TwinSettings,
    DEVICES: list[Device],
    PROVIDERS_FILE: ProviderMapping,
    EVENTS: list[Event],
    INTER_CLOUD: InterCloud,
    OPTIMIZATION: Optimization,
}
"""The model of each file."""

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_NAME = {"pattern": f"^[A-Za-z0-9][A-Za-z0-9_-]{{0,{NAME_LIMIT - 1}}}$"}
_CONNECTION = r"^(aws|azure|gcp|google)_l([12])_to_(aws|azure|gcp|google)_l([23])$"
# What the models check with functions, which a schema cannot see.
_BY_FIELD: Mapping[str, Json] = {
    "digital_twin_name": _NAME,
    "id": _NAME,
    "iotDeviceId": _NAME,
    "functionName": {"pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"},
    "dataType": {"enum": list(DATA_TYPES)},
}


class _Untitled(GenerateJsonSchema):
    """Without titles made of field names: an editor would show them twice."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002  # the signature is pydantic's
        return False


def schema(file: str) -> Json:
    """The schema of one project file."""
    made: Json = TypeAdapter(MODELS[file]).json_schema(schema_generator=_Untitled)
    if file == INTER_CLOUD:
        _describe_connections(made)
    for holder in _objects(made):
        _refine(holder)
    if made.get("type") == "object":
        made["properties"] = {"$schema": {"type": "string", "description": "where this schema lies"}} | made[
            "properties"
        ]
    return {"$schema": DIALECT, "$id": file_name(file), "title": file, **made}


def files() -> dict[str, str]:
    """File name -> schema, as text."""
    return {file_name(file): json.dumps(schema(file), indent=2, ensure_ascii=False) + "\n" for file in MODELS}


def file_name(file: str) -> str:
    """The name of a project file's schema: `config.json` -> `config.schema.json`."""
    return file.replace(".json", ".schema.json")


def _describe_connections(made: Json) -> None:
    """The model takes the entries unread, so that the faults of each are told; here is what they are."""
    entry = TypeAdapter(ConnectionSettings).json_schema(schema_generator=_Untitled)
    made.setdefault("$defs", {})["ConnectionSettings"] = entry
    connections = made["properties"]["connections"]
    connections.pop("additionalProperties", None)
    connections |= {
        "patternProperties": {_CONNECTION: {"$ref": "#/$defs/ConnectionSettings"}},
        "additionalProperties": False,
    }


def _objects(made: Json) -> Iterator[Json]:
    yield made
    yield from made.get("$defs", {}).values()


def _refine(holder: Json) -> None:
    holder.pop("title", None)
    for name, field in holder.get("properties", {}).items():
        field |= _BY_FIELD.get(name, {})
        for shape in (field, *field.get("anyOf", ())):
            if shape.get("enum") == ["aws", "azure", "gcp"]:
                shape["enum"] = list(PROVIDERS)
