"""Reads specs from the JSON that state machines carry, and writes them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from orchestrator.core.specs import LEFT_OUT, InvalidSpec

T = TypeVar("T")

_PLAIN = {str, int, bool, NoneType}


def read_spec(spec_type: type[T], data: Any) -> T:
    """Build a frozen spec from the JSON a state machine hands over, or say exactly what is wrong with it.

    Raises InvalidSpec, naming the field: `FunctionSpec.code.key: expected str, got int`.
    """
    read: T = _read_dataclass(spec_type, data, spec_type.__name__)
    return read


def as_json(spec: Any) -> Any:
    """A spec as JSON. A field marked `LEFT_OUT` is there only where it differs from its default."""
    kind: Any = type(spec)
    if kind in _PLAIN:
        return spec
    if issubclass(kind, dict):
        return {name: as_json(value) for name, value in spec.items()}
    if issubclass(kind, list | tuple):
        return [as_json(value) for value in spec]
    made = {}
    for name, without in _written(kind):
        value = getattr(spec, name)
        if value is not without:
            made[name] = value if type(value) in _PLAIN else as_json(value)  # plans of many devices are large
    return made


@functools.cache
def _written(spec_type: type) -> tuple[tuple[str, Any], ...]:
    """The names of the fields, each with the value that is not written; all are where that is MISSING."""
    return tuple((each.name, each.default if each.metadata == LEFT_OUT else MISSING) for each in fields(spec_type))


@functools.cache
def _expected(spec_type: type) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The types of the fields by name, and which have to be there."""
    found = fields(spec_type)
    required = (each.name for each in found if each.default is MISSING and each.default_factory is MISSING)
    hints = get_type_hints(spec_type)
    return {each.name: hints[each.name] for each in found}, tuple(required)


def _read_dataclass(spec_type: Any, data: Any, where: str) -> Any:
    if not isinstance(data, Mapping):
        raise InvalidSpec(f"{where}: expected an object, got {type(data).__name__}.")
    known, required = _expected(spec_type)
    unknown = sorted(data.keys() - known.keys())
    if unknown:
        raise InvalidSpec(f"{where} does not know {', '.join(unknown)}; it takes {', '.join(sorted(known))}.")
    missing = [name for name in required if name not in data]
    if missing:
        raise InvalidSpec(f"{where} misses {', '.join(missing)}.")
    return spec_type(
        **{
            name: value if type(value) is known[name] in _PLAIN else _read_value(known[name], value, f"{where}.{name}")
            for name, value in data.items()
        }
    )


def _read_value(hint: Any, value: Any, where: str) -> Any:
    if hint is Any:
        return value
    if get_origin(hint) is UnionType:  # `X | None` is the only union a spec uses
        wanted = next(choice for choice in get_args(hint) if choice is not NoneType)
        return None if value is None else _read_value(wanted, value, where)
    if is_dataclass(hint) and isinstance(hint, type):
        return _read_dataclass(hint, value, where)
    if get_origin(hint) is tuple:
        if not isinstance(value, list | tuple):
            raise InvalidSpec(f"{where}: expected a list, got {type(value).__name__}.")
        return tuple(_read_value(get_args(hint)[0], item, f"{where}[{n}]") for n, item in enumerate(value))
    if get_origin(hint) is dict:
        if not isinstance(value, Mapping):
            raise InvalidSpec(f"{where}: expected an object, got {type(value).__name__}.")
        return {key: _read_value(get_args(hint)[1], item, f"{where}.{key}") for key, item in value.items()}
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        raise InvalidSpec(f"{where}: expected {hint.__name__}, got {type(value).__name__}.")
    return value
