"""The configuration reference: every field of every project file, from the same models that read them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from orchestrator.core.config.connections import FILE as INTER_CLOUD
from orchestrator.core.config.project import OPTIONAL_FILES, REQUIRED_FILES
from orchestrator.reference import markdown, schemas

Json = Mapping[str, Any]

_EXAMPLES = Path("examples", "factory-twin")
_OTHER_EXAMPLES = {INTER_CLOUD: Path("examples", "mappings", "l2-azure", INTER_CLOUD)}


def page(root: Path) -> str:
    """The page; `root` is where the examples lie."""
    links = "\n".join(f"- [`{name}`](../schemas/{name})" for name in schemas.files())
    shown = markdown.paragraphs(_file(file, root) for file in schemas.MODELS)
    return markdown.page("configuration", schemas=links, files=shown)


def fields(file: str) -> Iterator[tuple[str, str, bool, str]]:
    """Path, type, whether it is required, and meaning of every field of a file."""
    whole = schemas.schema(file)
    yield from _fields("", whole, whole)


def _file(file: str, root: Path) -> str:
    example = json.loads((root / _OTHER_EXAMPLES.get(file, _EXAMPLES / file)).read_text(encoding="utf-8"))
    if isinstance(example, dict):
        example.pop("$schema", None)
    rows = [
        (markdown.code(path), kind, "yes" if needed else "", meaning) for path, kind, needed, meaning in fields(file)
    ]
    return "\n\n".join(
        (
            f"## `{file}`",
            _presence(file),
            markdown.table(("field", "type", "required", "write"), rows),
            f"An example:\n\n{markdown.block('json', json.dumps(example, indent=2, ensure_ascii=False))}",
        )
    )


def _presence(file: str) -> str:
    if file in REQUIRED_FILES:
        return "Required."
    if file == INTER_CLOUD:
        return "Required once the mapping crosses a boundary between AWS and another cloud."
    return f"Optional. Without it, it is as if it held `{json.dumps(OPTIONAL_FILES[file])}`."


def _fields(path: str, shape: Json, whole: Json) -> Iterator[tuple[str, str, bool, str]]:
    shape = _resolved(shape, whole)
    if shape.get("type") == "array":
        yield from _fields(f"{path}[]", shape["items"], whole)
    required = shape.get("required", ())
    for name, field in shape.get("properties", {}).items():
        if name == "$schema":
            continue
        inner = f"{path}.{name}".removeprefix(".")
        resolved = _resolved(field, whole)
        told = field.get("description") or resolved.get("description", "")
        yield inner, _type(resolved, whole), name in required, _with_default(told, field, name in required)
        yield from _fields(inner, resolved, whole)
    for entry in shape.get("patternProperties", {}).values():
        yield from _fields(f"{path}.{{connection}}".removeprefix("."), entry, whole)


def _resolved(shape: Json, whole: Json) -> Json:
    """A field's own shape: references followed, and of `X or null` the X."""
    if "anyOf" in shape:
        chosen = next(choice for choice in shape["anyOf"] if choice.get("type") != "null")
        return _resolved({**chosen, **{key: shape[key] for key in ("description",) if key in shape}}, whole)
    if "$ref" in shape:
        found = whole["$defs"][shape["$ref"].rpartition("/")[2]]
        return {**found, **{key: value for key, value in shape.items() if key != "$ref"}}
    return shape


def _type(shape: Json, whole: Json) -> str:
    if "enum" in shape or "const" in shape:
        return ", ".join(markdown.code(str(value)) for value in shape.get("enum", [shape.get("const")]))
    kind = shape.get("type")
    if kind == "array":
        return f"list of {_type(_resolved(shape['items'], whole), whole)}s"
    return {"integer": "whole number", "string": "text", "boolean": "true or false"}.get(str(kind), str(kind or "any"))


def _with_default(told: str, field: Json, required: bool) -> str:
    default = field.get("default")
    shown = not required and default not in (None, "", []) and not isinstance(default, dict)
    return markdown.plain(told) + (f"; default {markdown.code(json.dumps(default))}" if shown else "")
