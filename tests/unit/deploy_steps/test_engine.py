"""The reconcile loop, tried on a kind whose resources are in a dictionary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from deploy_steps.contract import UNKNOWN, Change, Changes, Live, Outputs, Wanted
from deploy_steps.engine import Calls, Facts, plain_kind
from deploy_steps.errors import ForeignResource, NotReady, Rejected
from deploy_steps.task import Kind
from orchestrator.core.specs import Identity, Owner

OWNER = Owner("factory", "L1")
NAME = "factory-shelf"


@dataclass(frozen=True)
class Shelf:
    """Desired shelf."""

    name: str = NAME
    owner: Owner = OWNER
    boards: int = 3


@dataclass(frozen=True)
class Emptied(Identity):
    """A shelf to remove."""

    retain_data: bool = True


class TakenError(Exception):
    """The name is taken."""


@dataclass
class Store:
    """A service that keeps shelves, and what it was asked. `exceptions` is as a boto3 client has it."""

    live: Live | None = None
    calls: list[str] = field(default_factory=list)
    slow: bool = False
    forgets: bool = False

    class exceptions:  # noqa: N801
        """The errors of the service."""

        Taken = TakenError

    def write(self, call: str, live: Live | None) -> None:
        """Take one writing call."""
        self.calls.append(call)
        if not self.forgets:
            self.live = live
        if self.slow:
            raise NotReady("It takes a while.")


def read(store: Store, _wanted: Wanted) -> Live | None:
    store.calls.append("read")
    return store.live


def desired(spec: Shelf) -> Mapping[str, Any]:
    return {"boards": spec.boards}


def create(store: Store, spec: Shelf) -> Outputs:
    """Build the shelf."""
    if store.live:
        store.calls.append("create")
        raise TakenError
    store.write("create", shelf(spec))
    return {"address": "aisle 1"}


def update(store: Store, spec: Shelf, _live: Live, changes: Changes) -> None:
    store.write(f"update {changes.fields} {sorted(changes.tags)}", shelf(spec))


def delete(store: Store, _identity: Identity, _live: Live) -> None:
    """Take the shelf away."""
    store.write("delete", None)


def shelf(spec: Shelf, **other: Any) -> Live:
    """A shelf as specified, but for `other`."""
    live = Live({"boards": spec.boards}, spec.owner.tags, outputs={"address": "aisle 1", "books": 7})
    return replace(live, **other)


CALLS = Calls(read, desired, create, update, delete)
FACTS = Facts("shelf", "store", Shelf, Emptied, outputs=("address",), name_taken="Taken")


def kind_with(calls: Calls[Shelf, Any] = CALLS, **facts: Any) -> Kind:
    """The kind, but for some facts."""
    return plain_kind(replace(FACTS, **facts), calls, read=("a:Get",), create=("a:Create",), destroy=("a:Delete",))


SHELF = kind_with()


@pytest.mark.parametrize(
    ("live", "outcome", "calls"),
    [
        pytest.param(None, "created", ["read", "create"], id="there is none"),
        pytest.param(shelf(Shelf()), "unchanged", ["read"], id="it is up to date"),
        pytest.param(shelf(Shelf(boards=2)), "updated", ["read", "update ['boards'] []"], id="a setting differs"),
        pytest.param(
            shelf(Shelf(), settings={"boards": 3, "lamp": "on"}),
            "updated",
            ["read", "update ['lamp'] []"],
            id="a setting was added from outside",
        ),
        pytest.param(
            shelf(Shelf(), tags={"ManagedBy": "multicloud-gluecode"}),
            "updated",
            ["read", "update [] ['DigitalTwin', 'Layer']"],
            id="tags were stripped",
        ),
    ],
)
def test_create_reads_then_writes_only_what_differs(live: Live | None, outcome: str, calls: list[str]) -> None:
    store, planned = Store(live), Store(live)

    result = SHELF.create(store, Shelf())
    foretold = SHELF.create(planned, Shelf(), dry_run=True)

    assert (result.outcome, store.calls, result.outputs) == (outcome, calls, {"address": "aisle 1"})
    assert (foretold.outcome, foretold.changes, planned.calls) == (outcome, result.changes, ["read"])


def test_a_dry_run_does_not_know_the_outputs_of_what_is_not_created() -> None:
    assert SHELF.create(Store(), Shelf(), dry_run=True).outputs == {"address": UNKNOWN}


def test_where_create_replaces_what_exists_its_outputs_are_new_ones() -> None:
    replacing = kind_with(replace(CALLS, create=lambda _store, _spec: {"address": "aisle 2"}, update=None))
    outdated = Store(shelf(Shelf(boards=2)))

    assert replacing.create(outdated, Shelf(), dry_run=True).outputs == {"address": UNKNOWN}
    assert replacing.create(outdated, Shelf()).outputs == {"address": "aisle 2"}


@pytest.mark.parametrize(
    ("live", "calls"),
    [
        pytest.param(None, ["create"], id="there is none: it is not read"),
        pytest.param(shelf(Shelf()), ["create", "read"], id="the name is taken: it is read after all"),
    ],
)
def test_create_first_creates_at_once(live: Live | None, calls: list[str]) -> None:
    store = Store(live)

    SHELF.create(store, Shelf(), create_first=True)

    assert store.calls == calls


def test_what_is_not_ours_is_neither_changed_nor_deleted() -> None:
    store = Store(shelf(Shelf(), tags={}))

    with pytest.raises(ForeignResource):
        SHELF.create(store, Shelf(), dry_run=True)
    with pytest.raises(ForeignResource):
        SHELF.create(store, Shelf(), create_first=True)
    with pytest.raises(ForeignResource):
        SHELF.destroy(store, Emptied(NAME, OWNER))

    assert store.calls == ["read", "create", "read", "read"]
    assert SHELF.create(store, Shelf(owner=replace(OWNER, adopt=True))).outcome == "updated"


def test_what_belongs_to_something_else_asks_for_it_before_a_write_only() -> None:
    asked: list[bool] = []
    untagged = kind_with(ensure_parent_ours=lambda _client, _kind, _wanted, required: asked.append(required))

    untagged.create(Store(shelf(Shelf(), tags=None)), Shelf())
    untagged.create(Store(), Shelf(), dry_run=True)
    untagged.create(Store(), Shelf())
    untagged.destroy(Store(shelf(Shelf(), tags=None)), Emptied(NAME, OWNER))
    untagged.destroy(Store(), Emptied(NAME, OWNER))

    assert asked == [False, True, False]


def test_what_aws_is_still_creating_or_deleting_is_waited_for_before_anything_is_judged() -> None:
    store = Store(shelf(Shelf(boards=2), tags={}, in_transition="DELETING", deleting=True))

    with pytest.raises(NotReady, match=f"The shelf '{NAME}' is DELETING"):
        SHELF.create(store, Shelf())

    assert SHELF.info(store, Shelf()).outcome == "absent"
    assert SHELF.destroy(store, Emptied(NAME, OWNER)).outcome == "absent"


def test_what_cannot_be_repaired_is_said_in_a_dry_run_already() -> None:
    fixed = kind_with(irreparable={"boards": "'{name}' has {before} boards, not {after}."})

    with pytest.raises(Rejected, match=f"'{NAME}' has 2 boards, not 3"):
        fixed.create(Store(shelf(Shelf(boards=2))), Shelf(), dry_run=True)


def test_a_write_that_aws_completes_later_is_reported_as_achieved() -> None:
    with pytest.raises(NotReady) as creating:
        SHELF.create(Store(slow=True), Shelf())
    with pytest.raises(NotReady) as updating:
        SHELF.create(Store(shelf(Shelf(boards=2)), slow=True), Shelf())
    with pytest.raises(NotReady) as deleting:
        SHELF.destroy(Store(shelf(Shelf()), slow=True), Emptied(NAME, OWNER))

    achieved = [error.value.achieved for error in (creating, updating, deleting)]
    assert [result and result.outcome for result in achieved] == ["created", "updated", "deleted"]
    assert achieved[1] is not None
    assert achieved[1].changes == (Change("boards", 2, 3),)


@pytest.mark.parametrize("before", [None, shelf(Shelf(boards=2))], ids=["created", "updated"])
def test_a_kind_that_confirms_reads_once_more_and_waits_for_what_does_not_show(before: Live | None) -> None:
    confirming = kind_with(confirm="'{name}' does not show yet.")
    shows, forgets = Store(before), Store(before, forgets=True)

    result = confirming.create(shows, Shelf())
    with pytest.raises(NotReady, match=f"'{NAME}' does not show yet") as waiting:
        confirming.create(forgets, Shelf())

    assert [call.split()[0] for call in shows.calls] == ["read", result.outcome[:-1], "read"]
    assert waiting.value.achieved == result


def test_destroy_retains_what_has_data_unless_it_is_told_otherwise() -> None:
    store = Store(shelf(Shelf(), has_data=True))

    retained = SHELF.destroy(store, Emptied(NAME, OWNER))
    foretold = SHELF.destroy(store, Emptied(NAME, OWNER, retain_data=False), dry_run=True)
    removed = SHELF.destroy(store, Emptied(NAME, OWNER, retain_data=False))

    assert (retained.outcome, foretold.outcome, removed.outcome) == ("retained", "deleted", "deleted")
    assert store.calls == ["read", "read", "read", "delete"]


def test_info_compares_and_returns_all_outputs() -> None:
    result = SHELF.info(Store(shelf(Shelf(boards=2))), Shelf())

    assert (result.outcome, result.changes) == ("drifted", (Change("boards", 2, 3),))
    assert result.outputs == {"address": "aisle 1", "books": 7}


def test_the_actions_of_a_verb_are_those_of_reading_and_its_own() -> None:
    actions = {verb: SHELF.actions.of(verb) for verb in ("create", "destroy", "info")}

    assert actions == {"create": ("a:Get", "a:Create"), "destroy": ("a:Get", "a:Delete"), "info": ("a:Get",)}
