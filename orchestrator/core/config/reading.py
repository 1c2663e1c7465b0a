"""Brings one file's document into its model, or turns everything that does not fit into faults."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from orchestrator.core.config.faults import Fault, json_type, path, shown, suggestion

M = TypeVar("M")

_EXPECTED = {
    "bool_type": "true or false",
    "dict_type": "an object",
    "int_type": "a whole number",
    "list_type": "a list",
    "model_type": "an object",
    "string_type": "a text",
}


def fit(file: str, value: Any, model: type[M], at: tuple[str | int, ...] = ()) -> tuple[M | None, list[Fault]]:
    """The value as an instance of `model` (a model, or a list of one), or None and what does not fit.

    `at` is where in the file's document the value stands.
    """
    try:
        return TypeAdapter(model).validate_python(value), []
    except ValidationError as error:
        return None, [_fault(file, at, model, details) for details in error.errors(include_url=False)]


def near_misses(file: str, value: Any, model: type[BaseModel], at: tuple[str, ...] = ()) -> Iterator[Fault]:
    """Fields of a file with foreign content that are probably one of ours, misspelt."""
    if not isinstance(value, dict):
        return
    for key in value:
        if key in model.model_fields:
            inner = _inner(model.model_fields[key].annotation)
            if inner is not None:
                yield from near_misses(file, value[key], inner, (*at, key))
        elif hint := suggestion(key, set(model.model_fields) - set(value)):
            yield Fault(file, path(*at, key), "is not a field that is read here.", f"{hint}Otherwise rename it.")


def _fault(file: str, at: tuple[str | int, ...], model: Any, details: ErrorDetails) -> Fault:
    location, kind, context = details["loc"], details["type"], details.get("ctx", {})
    owner, field = _field_at(model, location)
    fix = f"Write {field.description}." if field is not None and field.description else "Correct it."
    if kind == "refused":
        problem, fix = context["problem"], context["fix"]
    elif kind == "missing":
        problem, fix = "is missing.", fix.replace("Write", "Add it:", 1)
    elif kind == "extra_forbidden":
        known = list(owner.model_fields) if owner is not None else []
        problem = "is not a known field."
        fix = f"{suggestion(str(location[-1]), known)}Known here: {', '.join(known)}."
    elif kind == "literal_error" and isinstance(details["input"], str):
        problem = f"is {shown(details['input'])}."
    elif kind in ("literal_error", *_EXPECTED):
        problem = f"is {json_type(details['input'])}, not {_EXPECTED.get(kind, 'a text')}."
        if field is None:
            fix = _shape(kind, owner)
    else:
        problem = f"is out of range: {details['msg'][:1].lower()}{details['msg'][1:]}."
    return Fault(file, path(*at, *location), problem, fix)


def _shape(kind: str, model: type[BaseModel] | None) -> str:
    """What to write where a whole object or list has another type."""
    if model is None:
        return f"Write {_EXPECTED[kind]}."
    example = "{" + ", ".join(f'"{name}": …' for name, field in model.model_fields.items() if field.is_required()) + "}"
    return f"Write {example}." if kind == "model_type" else f"Write a list of {example}."


def _field_at(model: Any, location: tuple[str | int, ...]) -> tuple[type[BaseModel] | None, FieldInfo | None]:
    """The model that the last part of a location belongs to, and the field it names (None for an unknown one)."""
    owner, field = _inner(model), None
    inside = owner
    for part in location:
        if inside is None:
            break
        if isinstance(part, int):
            owner, field = inside, None
            continue
        owner, field = inside, inside.model_fields.get(part)
        inside = _inner(field.annotation) if field is not None else None
    return owner, field


def _inner(annotation: Any) -> type[BaseModel] | None:
    """The model inside `list[Model]`, `Model | None` or `Model` itself."""
    if isinstance(annotation, type) and get_origin(annotation) is None:
        return annotation if issubclass(annotation, BaseModel) else None
    return next((found for found in map(_inner, get_args(annotation)) if found is not None), None)
