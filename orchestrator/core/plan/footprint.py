"""What a twin consists of, by its parts' short names: enough to find everything of it again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchestrator.core.catalogue import needed
from orchestrator.core.names import UNSCOPED
from orchestrator.core.placement import WATCHED, Placement, Watch

if TYPE_CHECKING:
    from orchestrator.core.config import Project


def placement(project: Project, watch: Watch = WATCHED) -> Placement:
    """Where a project puts its twin."""
    return Placement.of(
        project.provider_names, event_checking=project.event_checking, batching=project.batching, watch=watch
    )


@dataclass(frozen=True)
class Footprint:
    """Components on AWS, ids of devices whose own processor runs there, ids of connections whose token is stored there.

    `scopes` are those in the names of roles and dashboards: one, or two while a deployment replaces one by the other.
    Each is sorted and without repetition.

    The record keeps the union of what was deployed and what is about to be, from before the first change until after
    the last one, so that an interrupted deployment leaves nothing unknown behind.
    """

    components: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    connections: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()

    @classmethod
    def of(cls, project: Project, watch: Watch = WATCHED) -> Footprint:
        """What the project wants, in an installation that watches its twins so."""
        return cls._made(
            needed(placement(project, watch)),
            project.source_digests,
            (connection.id for connection in project.connections),
        )

    @classmethod
    def read(cls, record: Mapping[str, Any]) -> Footprint:
        """What a record knows: `components`, `devices` and `connections`, each a list that may be missing.

        Without `scopes`, it is of a release before 0.3.0.
        """
        parts = [record.get(part) or () for part in ("components", "devices", "connections")]
        return cls._made(*parts, record.get("scopes") or ((UNSCOPED,) if any(parts) else ()))

    def __or__(self, other: Footprint) -> Footprint:
        """Both together."""
        return self._made(*((*mine, *theirs) for mine, theirs in zip(self._parts, other._parts, strict=True)))

    def __sub__(self, other: Footprint) -> Footprint:
        """What is here and not in the other."""
        return self._made(*(set(mine) - set(theirs) for mine, theirs in zip(self._parts, other._parts, strict=True)))

    @property
    def _parts(self) -> tuple[tuple[str, ...], ...]:
        return self.components, self.devices, self.connections, self.scopes

    @classmethod
    def _made(cls, *parts: Iterable[str]) -> Footprint:
        return cls(*(tuple(sorted(set(part))) for part in parts))
