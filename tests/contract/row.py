"""The shape of one row of the contract suite: a kind of resource, and all that the suite must know to try it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from deploy_steps.task import Kind
from tests.contract.conftest import EMBEDDED, MOTO
from tests.contract.world import World

Spec = dict[str, Any]
ByHand = Callable[[World], None]


@dataclass(frozen=True)
class Drift:
    """Something that happens to a live resource.

    `reason` is a sentence. `fields` are what `info` must name, `repaired_by` the writing calls that repair it and no
    others. `spec` are fields that the spec has from then on: not the thing has changed, but the project.
    """

    reason: str
    fields: tuple[str, ...]
    repaired_by: tuple[str, ...]
    by_hand: ByHand = lambda _: None
    spec: Spec = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """One kind. `foreign` makes a thing of the same name by hand, differing from the spec and without our tags.

    `refuses_namesakes`: AWS's create fails when the name is taken (elsewhere it overwrites, or adds). `lose_parent`
    removes what the resource hangs on, past our steps; `function_owns`: that is a function, whose tags count.
    `looks_first`: also where nobody knows of a namesake, since AWS's create accepts one that is like ours.
    """

    kind: Kind
    spec: Callable[[World], Spec]
    created_by: tuple[str, ...]
    outputs: tuple[str, ...]
    foreign: ByHand
    drifts: tuple[Drift, ...]
    prepare: ByHand = lambda _: None
    lose_parent: ByHand | None = None
    function_owns: bool = False
    refuses_namesakes: bool = False
    no_op_calls: int = 2
    removal: Spec = field(default_factory=dict)
    looks_first: bool = False
    engines: tuple[str, ...] = (MOTO, EMBEDDED)

    def identity(self, world: World) -> Spec:
        """What `destroy` gets: name and owner, and that nothing is to be retained."""
        spec = self.spec(world)
        return {"name": spec["name"], "owner": spec["owner"], **self.removal}
