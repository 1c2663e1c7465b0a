"""The contract that every kind of resource keeps: desired state in, one outcome out.

A kind has three verbs, of the engine or of its own:

    create(client, spec, *, dry_run=False) -> Result   # created | updated | unchanged
    destroy(client, identity, *, dry_run=False) -> Result   # deleted | absent | retained
    info(client, spec) -> Result                        # present | drifted | absent

`create` reads, writes only what differs and returns what is there afterwards; `destroy` forgives an absent resource;
neither remembers anything, sleeps, or touches what is not ours. With `dry_run` they read, report the same outcome,
and write nothing.

Of most kinds, `create` takes `create_first=True` from a caller who has reason to believe that nothing of that name
exists: it then creates at once, and reads only if AWS answers that the name is taken. The outcome is the same, one call
earlier. A queue is read first all the same, since CreateQueue does not say that a name is taken; but then what was read
is confirmed, since SQS shows a deleted queue for a minute.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Protocol

from orchestrator.core.specs import Owner

Outcome = Literal["created", "updated", "unchanged", "deleted", "absent", "retained", "present", "drifted"]

Outputs = Mapping[str, Any]

UNKNOWN = "(known after deployment)"
NOT_SHOWN = "(not shown)"


class Wanted(Protocol):
    """A spec or an identity: the name of a resource, and whose it is."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def owner(self) -> Owner:
        """Whose it is."""


@dataclass(frozen=True)
class Change:
    """One field that differs. A secret's value is never in it: NOT_SHOWN is."""

    field: str
    before: Any
    after: Any


class Changes(tuple[Change, ...]):
    """All that differs, by what repairs it."""

    @property
    def fields(self) -> list[str]:
        """The names of the changed fields that are not tags, in their order."""
        return [change.field for change in self if not change.field.startswith("tag ")]

    @property
    def tags(self) -> dict[str, str]:
        """The tags to write, so that one call repairs all of them."""
        return {change.field[4:]: change.after for change in self if change.field.startswith("tag ")}


@dataclass(frozen=True)
class Live:
    """A resource as AWS shows it.

    `settings` are compared with the desired ones; one that is not desired is drift, too. `tags` are None where AWS has
    none. `id` is how AWS addresses the resource if not by its name. `outputs` are those of `info`. `in_transition` says
    what AWS is doing with it ("CREATING"), `deleting` that it soon will be gone. `has_data`: `retain_data` retains it.
    """

    settings: Mapping[str, Any]
    tags: Mapping[str, str] | None = None
    id: Any = None
    outputs: Outputs = field(default_factory=dict)
    in_transition: str = ""
    deleting: bool = False
    has_data: bool = False


@dataclass(frozen=True)
class Result:
    """What a step answers. `outputs` is what later steps need (an ARN, a URL).

    A dry run has the same outputs, with UNKNOWN for what only a deployment can find out.
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
    """The fields of `desired` whose live value differs, in the order of `desired`."""
    return tuple(Change(name, live.get(name), value) for name, value in desired.items() if live.get(name) != value)


def tag_differences(owner: Owner, live: Mapping[str, str]) -> tuple[Change, ...]:
    """Our tags that are missing or altered; other tags are not compared."""
    return tuple(
        Change(f"tag {key}", live.get(key), value) for key, value in owner.tags.items() if live.get(key) != value
    )
