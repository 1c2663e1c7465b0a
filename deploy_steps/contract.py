"""The contract every kind of resource keeps: desired state in, one outcome out.

A kind is a module with three plain functions:

    create(client, spec, *, dry_run=False) -> Result   # created | updated | unchanged
    destroy(client, identity, *, dry_run=False) -> Result   # deleted | absent | retained
    info(client, spec) -> Result                        # present | drifted | absent

`create` reads, writes only what differs and returns what is there afterwards; `destroy` forgives an absent thing;
neither remembers anything, sleeps, or touches what is not ours. With `dry_run` they read, report the same outcome,
and write nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, TypeVar, get_type_hints

from deploy_steps.errors import ForeignResource, InvalidInput

Outcome = Literal["created", "updated", "unchanged", "deleted", "absent", "retained", "present", "drifted"]

MANAGED_BY = "multicloud-gluecode"


@dataclass(frozen=True)
class Owner:
    """Whose resource it is: the twin, the layer it serves, and whether to adopt a namesake that is not ours."""

    twin: str
    layer: str = "shared"
    adopt: bool = False

    @property
    def tags(self) -> dict[str, str]:
        """The tags that mark everything this product creates."""
        return {"DigitalTwin": self.twin, "Layer": self.layer, "ManagedBy": MANAGED_BY}


@dataclass(frozen=True)
class Change:
    """One field that differs. Secrets never stand here: their fields are reported as digests."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Result:
    """What a step answers. `outputs` holds what later steps need (an ARN, a URL)."""

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
    return tuple(
        Change(name, live.get(name), value) for name, value in desired.items() if live.get(name) != value
    )


def tag_differences(owner: Owner, live: Mapping[str, str]) -> tuple[Change, ...]:
    """Our tags that are missing or altered; other people's tags are none of our business."""
    return tuple(
        Change(f"tag {key}", live.get(key), value) for key, value in owner.tags.items() if live.get(key) != value
    )


def ensure_ours(kind: str, name: str, owner: Owner, live_tags: Mapping[str, str]) -> None:
    """Raise ForeignResource unless the live tags say that this twin owns the thing, or adoption was asked for."""
    if owner.adopt:
        return
    if live_tags.get("ManagedBy") == MANAGED_BY and live_tags.get("DigitalTwin", owner.twin) == owner.twin:
        return
    raise ForeignResource(
        f"The {kind} '{name}' exists but does not belong to twin '{owner.twin}': it was left untouched. "
        f"Rename or remove it, or hand it over by starting with \"adopt\": true "
        f"(its tags would become ManagedBy={MANAGED_BY}, DigitalTwin={owner.twin})."
    )


T = TypeVar("T")


def read_spec(spec_type: type[T], data: Any) -> T:
    """Build a frozen spec from the JSON a state machine hands over, or say exactly what is wrong with it."""
    if not isinstance(data, Mapping):
        raise InvalidInput(f"Expected an object for {spec_type.__name__}, got {type(data).__name__}.")
    known = {f.name for f in fields(spec_type)}  # type: ignore[arg-type]  # every spec is a dataclass
    unknown = sorted(set(data) - known)
    if unknown:
        raise InvalidInput(f"{spec_type.__name__} does not know {', '.join(unknown)}; it takes {', '.join(sorted(known))}.")
    hints = get_type_hints(spec_type)
    values = dict(data)
    if hints.get("owner") is Owner and isinstance(values.get("owner"), Mapping):
        values["owner"] = read_spec(Owner, values["owner"])
    try:
        return spec_type(**values)
    except TypeError as error:
        raise InvalidInput(f"{spec_type.__name__}: {error}") from error
