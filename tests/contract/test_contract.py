"""Every kind keeps the contract, on every emulator that knows it."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from deploy_steps import errors
from deploy_steps.contract import UNKNOWN
from deploy_steps.registry import KINDS
from tests.contract import rows_functions, rows_stores, rows_watching
from tests.contract.conftest import EMBEDDED
from tests.contract.row import Drift, Row
from tests.contract.world import Cut, World

ROWS = (*rows_functions.ROWS, *rows_stores.ROWS, *rows_watching.ROWS)

each_kind = pytest.mark.parametrize(
    ("world", "row"),
    [pytest.param(engine, row, id=f"{row.kind.name} on {engine}") for row in ROWS for engine in row.engines],
    indirect=["world"],
)
each_kind_with_parent = pytest.mark.parametrize(
    ("world", "row"),
    [
        pytest.param(engine, row, id=f"{row.kind.name} on {engine}")
        for row in ROWS
        for engine in row.engines
        if row.lose_parent
    ],
    indirect=["world"],
)
each_drift = pytest.mark.parametrize(
    ("world", "row", "drift"),
    [
        pytest.param(engine, row, drift, id=f"{row.kind.name}: {drift.reason} (on {engine})")
        for row in ROWS
        for engine in row.engines
        for drift in row.drifts
    ],
    indirect=["world"],
)
each_that_creates_first = pytest.mark.parametrize(
    ("world", "row"),
    [pytest.param(EMBEDDED, row, id=row.kind.name) for row in ROWS if row.kind.create_first],
    indirect=["world"],  # moto accepts some second creates
)
each_race = pytest.mark.parametrize(
    ("world", "row"),
    [
        pytest.param(EMBEDDED, row, id=row.kind.name) for row in ROWS if row.refuses_namesakes
    ],  # moto accepts some second creates
    indirect=["world"],
)
each_error = pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        pytest.param("ThrottlingException", 400, errors.Throttled, id="asked to slow down"),
        pytest.param("AccessDeniedException", 403, errors.AccessDenied, id="not allowed"),
        pytest.param("InternalError", 500, errors.ServiceUnavailable, id="AWS failed"),
        pytest.param("ResourceConflictException", 409, errors.Conflict, id="a change is under way"),
    ],
)


def fields(answer: dict[str, Any]) -> list[str]:
    """The names of the fields an answer reports."""
    return [change["field"] for change in answer["changes"]]


def with_owner(data: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """The same spec or identity with another owner."""
    return {**data, "owner": {**data["owner"], **changed}}


def drifted(world: World, row: Row, drift: Drift) -> dict[str, Any]:
    """Make the thing, let it drift, and return the spec that holds from then on."""
    row.prepare(world)
    world.create(row.kind, row.spec(world))
    drift.by_hand(world)
    return {**row.spec(world), **drift.spec}


def test_every_kind_has_its_row() -> None:
    assert sorted(row.kind.name for row in ROWS) == sorted(KINDS)


@each_kind
def test_the_first_create_makes_it_with_the_fewest_writes(world: World, row: Row) -> None:
    row.prepare(world)
    before = world.info(row.kind, row.spec(world))

    answer = world.create(row.kind, row.spec(world))
    writes = world.writes

    after = world.info(row.kind, row.spec(world))
    assert (before["outcome"], before["changes"]) == ("absent", [])
    assert (answer["kind"], answer["outcome"]) == (row.kind.name, "created")
    assert answer["name"].removesuffix("-us-east-1-gluecode") == row.spec(world)["name"]
    assert answer["changes"] == []
    assert writes == list(row.created_by)
    assert sorted(answer["outputs"]) == sorted(row.outputs)
    assert UNKNOWN not in answer["outputs"].values()
    assert (after["outcome"], after["changes"]) == ("present", [])
    assert {name: after["outputs"][name] for name in row.outputs} == answer["outputs"]


@each_kind
def test_the_second_create_makes_no_writing_call(world: World, row: Row) -> None:
    row.prepare(world)
    first = world.create(row.kind, row.spec(world))

    second = world.create(row.kind, row.spec(world))

    assert (second["outcome"], second["changes"], second["outputs"]) == ("unchanged", [], first["outputs"])
    assert world.writes == []
    assert len(world.calls) == row.no_op_calls


@pytest.mark.parametrize(
    ("world", "row"),
    [pytest.param(EMBEDDED, row, id=row.kind.name) for row in ROWS if row.kind.create_first and not row.looks_first],
    indirect=["world"],
)
def test_what_was_not_there_is_made_without_having_looked(world: World, row: Row) -> None:
    row.prepare(world)

    answer = world.create(row.kind, row.spec(world), may_exist=False)
    calls = [call.operation for call in world.calls]

    assert (answer["outcome"], answer["changes"], answer["may_exist"]) == ("created", [], False)
    assert sorted(answer["outputs"]) == sorted(row.outputs)
    assert calls[: len(row.created_by)] == list(row.created_by)
    assert world.info(row.kind, row.spec(world))["outcome"] == "present"


@each_that_creates_first
def test_what_was_there_all_the_same_ends_as_specified(world: World, row: Row) -> None:
    row.prepare(world)
    first = world.create(row.kind, row.spec(world))

    again = world.create(row.kind, row.spec(world), may_exist=False)

    assert again["outcome"] in ("unchanged", "created")  # what one call replaces as a whole is made once more
    assert again["outputs"] == first["outputs"]
    assert world.info(row.kind, row.spec(world))["outcome"] == "present"


@each_that_creates_first
def test_a_plan_looks_whatever_was_there(world: World, row: Row) -> None:
    row.prepare(world)
    world.create(row.kind, row.spec(world))

    foretold = world.create(row.kind, row.spec(world), dry_run=True, may_exist=False)

    assert (foretold["outcome"], world.writes) == ("unchanged", [])


@each_that_creates_first
def test_what_was_not_known_to_be_there_converges_after_being_cut_off_anywhere(world: World, row: Row) -> None:
    row.prepare(world)
    spec, identity = row.spec(world), row.identity(world)
    cut = 0

    while True:
        try:
            with world.cut_off_after(cut + 1):
                world.create(row.kind, spec, may_exist=False)
        except Cut:
            cut += 1
            world.create(row.kind, spec, may_exist=False)
            assert world.info(row.kind, spec)["outcome"] == "present"
            world.destroy(row.kind, identity)
        else:
            break

    assert cut >= len(row.created_by)


@pytest.mark.parametrize(
    ("world", "row"),
    [pytest.param(EMBEDDED, row, id=row.kind.name) for row in ROWS if row.kind.create_first and not row.function_owns],
    indirect=["world"],
)
def test_a_foreign_namesake_that_nobody_knew_of_is_left_alone(world: World, row: Row) -> None:
    row.prepare(world)
    row.foreign(world)
    before = world.info(row.kind, row.spec(world))

    with pytest.raises(errors.ForeignResource):
        world.create(row.kind, row.spec(world), may_exist=False)

    assert world.info(row.kind, row.spec(world)) == before


@each_drift
def test_drift_is_named_field_by_field_and_create_repairs_just_that(world: World, row: Row, drift: Drift) -> None:
    spec = drifted(world, row, drift)

    seen = world.info(row.kind, spec)
    foretold = world.create(row.kind, spec, dry_run=True)
    foretold_writes = world.writes
    repaired = world.create(row.kind, spec)
    writes = world.writes
    again = world.create(row.kind, spec)

    assert (seen["outcome"], sorted(fields(seen))) == ("drifted", sorted(drift.fields))
    assert (foretold["outcome"], foretold["changes"], foretold_writes) == ("updated", seen["changes"], [])
    assert (repaired["outcome"], repaired["changes"]) == ("updated", seen["changes"])
    assert writes == list(drift.repaired_by)
    assert (again["outcome"], world.writes) == ("unchanged", [])
    assert world.info(row.kind, spec)["outcome"] == "present"


@each_kind
def test_destroy_removes_it_and_forgives_its_absence(world: World, row: Row) -> None:
    row.prepare(world)
    identity = row.identity(world)
    world.create(row.kind, row.spec(world))

    first = world.destroy(row.kind, identity)
    second = world.destroy(row.kind, identity)

    assert first["outcome"] == "deleted"
    assert (second["outcome"], world.writes) == ("absent", [])
    assert world.info(row.kind, row.spec(world))["outcome"] == "absent"


@each_kind_with_parent
def test_destroy_works_when_what_it_hangs_on_is_gone(world: World, row: Row) -> None:
    row.prepare(world)
    identity = row.identity(world)
    world.create(row.kind, row.spec(world))
    assert row.lose_parent
    row.lose_parent(world)

    world.destroy(row.kind, identity)

    assert world.destroy(row.kind, identity)["outcome"] == "absent"


@each_kind
def test_create_makes_it_again_after_destroy(world: World, row: Row) -> None:
    row.prepare(world)
    world.create(row.kind, row.spec(world))
    world.destroy(row.kind, row.identity(world))

    answer = world.create(row.kind, row.spec(world))

    assert (answer["outcome"], world.writes) == ("created", list(row.created_by))
    assert world.info(row.kind, row.spec(world))["outcome"] == "present"


@each_kind
def test_a_foreign_namesake_is_neither_changed_nor_deleted(world: World, row: Row) -> None:
    row.prepare(world)
    spec, identity = row.spec(world), row.identity(world)
    row.foreign(world)

    with pytest.raises(errors.ForeignResource, match="does not belong to twin") as at_create:
        world.create(row.kind, spec)
    create_writes = world.writes
    with pytest.raises(errors.ForeignResource):
        world.destroy(row.kind, identity)

    assert (create_writes, world.writes) == ([], [])
    assert spec["name"] in str(at_create.value)
    assert '"adopt": true' in str(at_create.value)


@each_kind
def test_another_twins_thing_is_foreign_too(world: World, row: Row) -> None:
    row.prepare(world)
    spec, identity = row.spec(world), row.identity(world)
    row.foreign(world)
    world.create(row.kind, with_owner(spec, adopt=True))
    if row.function_owns:
        world.hand("lambda").tag_resource(Resource=rows_functions.arn_of(world), Tags=world.tags)

    with pytest.raises(errors.ForeignResource):
        world.destroy(row.kind, with_owner(identity, twin="someone-elses-twin"))

    assert world.writes == []


@each_kind
def test_another_installations_thing_is_foreign_too(world: World, row: Row) -> None:
    row.prepare(world)
    spec, identity = row.spec(world), row.identity(world)
    row.foreign(world)
    world.create(row.kind, with_owner(spec, adopt=True))
    if row.function_owns:
        world.hand("lambda").tag_resource(Resource=rows_functions.arn_of(world), Tags=world.tags)
    another = {"installation": "second/us-east-1"}

    if row.kind.name in ("iam-role", "dashboard"):  # their names say which installation they are of
        assert world.destroy(row.kind, with_owner(identity, **another))["outcome"] == "absent"
    else:
        with pytest.raises(errors.ForeignResource):
            world.destroy(row.kind, with_owner(identity, **another))
        writes = world.writes
        if not row.function_owns:
            with pytest.raises(errors.ForeignResource):
                world.create(row.kind, with_owner(spec, **another))
        assert (writes, world.writes) == ([], [])

    assert world.info(row.kind, spec)["outcome"] == "present"


@each_kind
def test_an_adopted_namesake_becomes_as_specified(world: World, row: Row) -> None:
    row.prepare(world)
    spec, identity = row.spec(world), row.identity(world)
    row.foreign(world)

    adopted = world.create(row.kind, with_owner(spec, adopt=True))
    afterwards = world.create(row.kind, spec)
    removed = world.destroy(row.kind, with_owner(identity, adopt=True))

    assert adopted["outcome"] == "updated"
    assert adopted["changes"]
    assert afterwards["outcome"] == "unchanged"
    assert removed["outcome"] == "deleted"


@each_kind
def test_a_dry_run_writes_nothing_and_foretells_the_outcome(world: World, row: Row) -> None:
    row.prepare(world)
    spec, identity = row.spec(world), row.identity(world)

    foretold = world.create(row.kind, spec, dry_run=True)
    writes = list(world.writes)
    absent = world.destroy(row.kind, identity, dry_run=True)
    world.create(row.kind, spec)
    unchanged = world.create(row.kind, spec, dry_run=True)
    writes += world.writes
    deleted = world.destroy(row.kind, identity, dry_run=True)
    writes += world.writes

    assert (foretold["outcome"], foretold["outputs"]) == ("created", dict.fromkeys(row.outputs, UNKNOWN))
    assert (absent["outcome"], unchanged["outcome"], deleted["outcome"]) == ("absent", "unchanged", "deleted")
    assert writes == []
    assert world.info(row.kind, spec)["outcome"] == "present"


@each_kind
@each_error
def test_an_error_at_the_first_read_is_typed(
    world: World, row: Row, code: str, status: int, expected: type[errors.StepError]
) -> None:
    row.prepare(world)
    spec, identity = row.spec(world), row.identity(world)

    with world.failing(code, status, when=lambda call: not call.writes):
        with pytest.raises(expected, match=code):
            world.create(row.kind, spec)
        with pytest.raises(expected, match=code):
            world.destroy(row.kind, identity)
        with pytest.raises(expected, match=code):
            world.info(row.kind, spec)


@each_kind
@each_error
def test_an_error_at_the_first_write_is_typed_and_running_again_completes(
    world: World, row: Row, code: str, status: int, expected: type[errors.StepError]
) -> None:
    row.prepare(world)
    spec, identity = row.spec(world), row.identity(world)

    with world.failing(code, status, when=lambda call: call.writes), pytest.raises(expected, match=code):
        world.create(row.kind, spec)
    created = world.create(row.kind, spec)
    with world.failing(code, status, when=lambda call: call.writes), pytest.raises(expected, match=code):
        world.destroy(row.kind, identity)
    deleted = world.destroy(row.kind, identity)

    assert (created["outcome"], deleted["outcome"]) == ("created", "deleted")


@each_kind
def test_create_cut_off_after_any_call_converges_when_run_again(world: World, row: Row) -> None:
    row.prepare(world)
    spec, identity = row.spec(world), row.identity(world)
    cut = 0

    while True:
        try:
            with world.cut_off_after(cut + 1):
                world.create(row.kind, spec)
        except Cut:
            cut += 1
            world.create(row.kind, spec)
            assert world.info(row.kind, spec)["outcome"] == "present"
            world.destroy(row.kind, identity)
        else:
            break

    assert cut > len(row.created_by)


@each_kind
def test_destroy_cut_off_after_any_call_converges_when_run_again(world: World, row: Row) -> None:
    row.prepare(world)
    spec, identity = row.spec(world), row.identity(world)
    cut = 0

    while True:
        world.create(row.kind, spec)
        try:
            with world.cut_off_after(cut + 1):
                world.destroy(row.kind, identity)
        except Cut:
            cut += 1
            world.destroy(row.kind, identity)
            assert world.destroy(row.kind, identity)["outcome"] == "absent"
        else:
            break

    assert cut > 1


@pytest.mark.parametrize(
    ("world", "row"),
    [pytest.param(EMBEDDED, row, id=row.kind.name) for row in ROWS],  # moto answers past the connection
    indirect=["world"],
)
def test_a_write_whose_answer_is_lost_is_sent_again_and_converges(
    world: World, row: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))  # botocore's own back-off
    row.prepare(world)
    spec, identity = row.spec(world), row.identity(world)

    for number in range(1, len(row.created_by) + 1):
        with world.losing_the_answer_of_write(number):
            until_done(lambda: world.create(row.kind, spec))
        assert world.info(row.kind, spec)["outcome"] == "present"
        with world.losing_the_answer_of_write(number):
            until_done(lambda: world.destroy(row.kind, identity))
        assert world.destroy(row.kind, identity)["outcome"] == "absent"


def until_done(step: Callable[[], Any]) -> None:
    """Run a step again while its error says so, as the state machine does."""
    for _ in range(3):
        try:
            step()
        except errors.RETRYABLE:
            continue
        return
    raise AssertionError("The step does not converge.")


@each_race
def test_a_namesake_that_appears_meanwhile_is_not_overwritten(world: World, row: Row) -> None:
    row.prepare(world)
    spec = row.spec(world)

    with world.interrupted(lambda: row.foreign(world)), pytest.raises(errors.Conflict):
        world.create(row.kind, spec)

    with pytest.raises(errors.ForeignResource):
        world.create(row.kind, spec)


def is_removal(action: str) -> bool:
    """Whether the action takes something away."""
    return action.split(":")[1].startswith(("Delete", "Remove", "Untag", "Detach"))


@pytest.mark.parametrize("row", [pytest.param(row, id=row.kind.name) for row in ROWS])
def test_create_cannot_delete_and_destroy_cannot_create(row: Row) -> None:
    cannot_be_changed_in_place = {"lambda:RemovePermission", "iam:DeleteRolePermissionsBoundary"}

    actions = row.kind.actions

    assert {action for action in actions.create if is_removal(action)} <= cannot_be_changed_in_place
    assert [action for action in actions.info if not action.split(":")[1].startswith(("Get", "List", "Describe"))] == []
    assert [
        action
        for action in actions.destroy
        if not is_removal(action) and not action.split(":")[1].startswith(("Get", "List", "Describe"))
    ] == []


@pytest.mark.parametrize(
    ("world", "row"),
    [pytest.param(EMBEDDED, row, id=row.kind.name) for row in ROWS],
    indirect=["world"],
)
def test_every_declared_action_is_needed(world: World, row: Row) -> None:
    row.prepare(world)
    for drift in row.drifts:
        world.create(row.kind, row.spec(world))
        drift.by_hand(world)
        world.info(row.kind, {**row.spec(world), **drift.spec})
        world.create(row.kind, {**row.spec(world), **drift.spec})
    if row is rows_functions.ROLE:  # only a role that someone attached a policy to makes `destroy` detach one
        world.hand("iam").attach_role_policy(
            RoleName=rows_functions.role_name_of(world), PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess"
        )
    world.destroy(row.kind, row.identity(world))

    needed = {verb: world.needed[row.kind.name, verb] for verb in ("create", "destroy", "info")}

    assert needed == {verb: set(row.kind.actions.of(verb)) for verb in needed}
