"""The contract every kind of resource keeps: desired state in, one outcome out.

A kind is a module with three plain functions:

    create(client, spec, *, dry_run=False) -> Result   # created | updated | unchanged
    destroy(client, identity, *, dry_run=False) -> Result   # deleted | absent | retained
    info(client, spec) -> Result                        # present | drifted | absent

`create` reads, writes only what differs and returns what is there afterwards; `destroy` forgives an absent thing;
neither remembers anything, sleeps, or touches what is not ours. With `dry_run` they read, report the same outcome,
and write nothing.

Of most kinds, `create` takes `new=True` from a caller who has reason to believe that nothing of that name is there: it
then creates first, and reads only if AWS answers that the name is taken. The outcome is the same, one call earlier.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from deploy_steps.errors import ForeignResource, InvalidInput

Outcome = Literal["created", "updated", "unchanged", "deleted", "absent", "retained", "present", "drifted"]

MANAGED_BY = "multicloud-gluecode"
UNKNOWN = "(known after deployment)"
NOT_SHOWN = "(not shown)"


@dataclass(frozen=True)
class Owner:
    """Whose resource it is: the twin, the layer it serves, and whether to adopt a namesake that is not ours.

    `recorded`: the last successful deployment left it there, so it is ours even if someone stripped it of its tags.
    """

    twin: str
    layer: str = "shared"
    adopt: bool = False
    recorded: bool = False

    @property
    def tags(self) -> dict[str, str]:
        """The tags that mark everything this product creates."""
        return {"DigitalTwin": self.twin, "Layer": self.layer, "ManagedBy": MANAGED_BY}


@dataclass(frozen=True)
class Identity:
    """What is needed to remove a thing: its name and whose it is. It outlives the configuration."""

    name: str
    owner: Owner


@dataclass(frozen=True)
class StoredObject:
    """A file in the artifact bucket. Its `sha256` is compared with what AWS reports, in AWS's own encoding."""

    bucket: str
    key: str
    sha256: str


@dataclass(frozen=True)
class Change:
    """One field that differs. A secret's value never stands here: NOT_SHOWN does."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Result:
    """What a step answers. `outputs` holds what later steps need (an ARN, a URL).

    A dry run has the same outputs, with UNKNOWN for what only a deployment can tell.
    """

    kind: str
    name: str
    outcome: Outcome
    changes: tuple[Change, ...] = ()
    outputs: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The JSON shape that travels through the state machine."""
        return asdict(self)


def differences(desired: Mapping[str, Any], live: Mapping[str, Any]) -> tuple[Change, ...]:
    """The fields of `desired` whose live value is another one, in the order of `desired`."""
    return tuple(Change(name, live.get(name), value) for name, value in desired.items() if live.get(name) != value)


def tag_differences(owner: Owner, live: Mapping[str, str]) -> tuple[Change, ...]:
    """Our tags that are missing or altered; other people's tags are none of our business."""
    return tuple(
        Change(f"tag {key}", live.get(key), value) for key, value in owner.tags.items() if live.get(key) != value
    )


def tags_among(changes: Iterable[Change]) -> dict[str, str]:
    """The tags to write, so that one call repairs all of them."""
    return {change.field[4:]: change.after for change in changes if change.field.startswith("tag ")}


def fields_among(changes: Iterable[Change]) -> list[str]:
    """The names of the changed fields that are not tags, in their order."""
    return [change.field for change in changes if not change.field.startswith("tag ")]


def is_ours(owner: Owner, live_tags: Mapping[str, str]) -> bool:
    """Whether this twin owns the thing with these tags, or adoption was asked for.

    `ManagedBy` decides: with it, a missing tag is drift to repair; a thing without it was made by someone else, unless
    the record knows it. Whatever names another owner is another's.
    """
    ours = live_tags.get("DigitalTwin", owner.twin) == owner.twin
    marked = live_tags.get("ManagedBy", MANAGED_BY if owner.recorded else None) == MANAGED_BY
    return owner.adopt or (ours and marked)


def ensure_ours(kind: str, name: str, owner: Owner, live_tags: Mapping[str, str]) -> None:
    """Raise ForeignResource unless the thing is ours."""
    if is_ours(owner, live_tags):
        return
    raise ForeignResource(
        f"The {kind} '{name}' exists but does not belong to twin '{owner.twin}': it was left untouched. "
        f'Rename or remove it, or hand it over by starting with "adopt": true '
        f"(its tags would become ManagedBy={MANAGED_BY}, DigitalTwin={owner.twin})."
    )


def encode_tags(tags: Mapping[str, str]) -> str:
    """Tags in a text, for what AWS gives none or tells them in a call of their own only. No value has a space."""
    return " ".join(f"{key}={value}" for key, value in tags.items())


def decode_tags(text: str) -> dict[str, str]:
    """The way back."""
    return dict(mark.split("=", 1) for mark in text.split() if "=" in mark)


T = TypeVar("T")


def read_spec(spec_type: type[T], data: Any) -> T:
    """Build a frozen spec from the JSON a state machine hands over, or say exactly what is wrong with it.

    Raises InvalidInput, naming the field: `FunctionSpec.code.key: expected str, got int`.
    """
    return _read_dataclass(spec_type, data, spec_type.__name__)


def _read_dataclass(spec_type: type[T], data: Any, where: str) -> T:
    if not isinstance(data, Mapping):
        raise InvalidInput(f"{where}: expected an object, got {type(data).__name__}.")
    known = {f.name: f for f in fields(spec_type)}  # type: ignore[arg-type]  # every spec is a dataclass
    unknown = sorted(set(data) - set(known))
    if unknown:
        raise InvalidInput(f"{where} does not know {', '.join(unknown)}; it takes {', '.join(sorted(known))}.")
    missing = [
        name for name, f in known.items() if name not in data and f.default is MISSING and f.default_factory is MISSING
    ]
    if missing:
        raise InvalidInput(f"{where} misses {', '.join(missing)}.")
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
            raise InvalidInput(f"{where}: expected a list, got {type(value).__name__}.")
        return tuple(_read_value(get_args(hint)[0], item, f"{where}[{n}]") for n, item in enumerate(value))
    if get_origin(hint) is dict:
        if not isinstance(value, Mapping):
            raise InvalidInput(f"{where}: expected an object, got {type(value).__name__}.")
        return {key: _read_value(get_args(hint)[1], item, f"{where}.{key}") for key, item in value.items()}
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        raise InvalidInput(f"{where}: expected {hint.__name__}, got {type(value).__name__}.")
    return value
