"""Reads specs from the JSON that state machines carry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from orchestrator.core.specs import InvalidSpec

T = TypeVar("T")


def read_spec(spec_type: type[T], data: Any) -> T:
    """Build a frozen spec from the JSON a state machine hands over, or say exactly what is wrong with it.

    Raises InvalidSpec, naming the field: `FunctionSpec.code.key: expected str, got int`.
    """
    return _read_dataclass(spec_type, data, spec_type.__name__)


def _read_dataclass(spec_type: type[T], data: Any, where: str) -> T:
    if not isinstance(data, Mapping):
        raise InvalidSpec(f"{where}: expected an object, got {type(data).__name__}.")
    known = {f.name: f for f in fields(spec_type)}  # type: ignore[arg-type]  # every spec is a dataclass
    unknown = sorted(set(data) - set(known))
    if unknown:
        raise InvalidSpec(f"{where} does not know {', '.join(unknown)}; it takes {', '.join(sorted(known))}.")
    missing = [
        name for name, f in known.items() if name not in data and f.default is MISSING and f.default_factory is MISSING
    ]
    if missing:
        raise InvalidSpec(f"{where} misses {', '.join(missing)}.")
    hints = get_type_hints(spec_type)
    return spec_type(**{name: _read_value(hints[name], value, f"{where}.{name}") for name, value in data.items()})


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
