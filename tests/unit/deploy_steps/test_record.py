"""The account knows at any moment what may be there of a twin, and what was done to it."""

from __future__ import annotations

from typing import Any

import pytest

from deploy_steps.errors import Locked
from deploy_steps.state import record, stored_plan
from deploy_steps.tasks import record_outcome, record_start
from orchestrator.core.plan import COMPONENTS, Footprint, Plan, unchanged_since_deploy
from orchestrator.core.plan.prune import wanted
from tests.state_machines.decision_table import marked
from tests.state_machines.example import NOTHING, TWIN, planned
from tests.unit.deploy_steps.conftest import Account

ALL_ON_AWS = ("aws", "aws", "aws")
FAILURE = {"Error": "Rejected", "Cause": "no such topic"}


def event(state: dict[str, Any], verb: str = "deploy", run: str = "run-1") -> dict[str, Any]:
    """What the state machine hands over."""
    return {
        "verb": verb,
        "run": run,
        "execution": f"arn:aws:states:::execution:gluecode-{verb}:{run}",
        "started": f"2026-11-23T10:00:0{run[-1]}Z",
        "dry_run": state["dry_run"],
        "state": state,
    }


def done(state: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A state whose steps all answered."""
    layer = {"kind": "config-layer", "name": "l", "outcome": "created", "changes": [], "outputs": {"arn": "arn:l:3"}}
    return {**state, "results": {"steps": {"shared": {"configuration_layer": layer}}}, "previous": {}, **more}


def destroying(run: str, *, retain_data: bool = True) -> dict[str, Any]:
    """What destroy works with."""
    asked = {"run": run, "twin": TWIN, "project": TWIN, "dry_run": False, "retain_data": retain_data}
    return {**asked, "results": {}}


def deployed(account: Account, mapping: tuple[str, str, str] = ALL_ON_AWS) -> dict[str, Any]:
    """Deploy a twin as far as its record is concerned, and return its record."""
    record_start.handler(event(planned(mapping)), None)
    record_outcome.handler(event(done(planned(mapping))), None)
    return account.item("record") or {}


def footprint(account: Account) -> Footprint:
    """What the record knows."""
    return Footprint.read(account.item("record") or {})


def test_what_is_about_to_be_is_known_before_it_is_there(account: Account) -> None:
    answer = record_start.handler(event(planned(ALL_ON_AWS)), None)

    assert footprint(account).devices == ("press",)
    assert "dispatcher" in footprint(account).components
    assert not any(answer["components"].values())
    assert (account.item("record") or {})["providers"]["layer_1_provider"] == "aws"


def test_a_change_knows_the_old_and_the_new_until_it_is_done(account: Account) -> None:
    deployed(account)

    answer = record_start.handler(event(planned(("gcp", "gcp", "aws")), run="run-2"), None)

    assert {"dispatcher", "writer"} <= set(footprint(account).components)
    assert answer["components"]["dispatcher"]
    (functions,) = answer["obsolete"]["functions"]
    assert [each["name"] for each in functions["device_processors"]] == [f"{TWIN}-press-processor"]
    assert {each["name"] for each in functions["draining"]} >= {f"{TWIN}-dispatcher", f"{TWIN}-persister"}

    record_outcome.handler(event(done(planned(("gcp", "gcp", "aws"))), run="run-2"), None)
    assert footprint(account).components == tuple(sorted(marked(("gcp", "gcp", "aws"))))
    assert footprint(account).devices == ()


def test_a_plan_that_was_made_before_another_deployment_ended_is_not_carried_out(account: Account) -> None:
    before = deployed(account)

    stale = {**planned(("gcp", "gcp", "aws")), "deployed_by": "arn:aws:states:::execution:gluecode-deploy:run-0"}
    with pytest.raises(Locked, match="after this one had read the project"):
        record_start.handler(event(stale, run="run-2"), None)

    assert account.item("record") == before


def test_a_plan_that_was_made_of_the_last_deployment_is_carried_out_also_when_the_answer_got_lost(
    account: Account,
) -> None:
    first = {**planned(ALL_ON_AWS), "deployed_by": ""}
    assert record_start.handler(event(first), None)["components"]["dispatcher"] is False
    record_start.handler(event(first), None)
    record_outcome.handler(event(done(first)), None)

    fresh = {**planned(("gcp", "gcp", "aws")), "deployed_by": (account.item("record") or {})["execution"]}
    record_start.handler(event(fresh, run="run-2"), None)

    assert {"dispatcher", "writer"} <= set(footprint(account).components)


def test_a_failed_change_goes_on_knowing_both(account: Account) -> None:
    deployed(account)
    changed = planned(("gcp", "gcp", "aws"))
    record_start.handler(event(changed, run="run-2"), None)

    record_outcome.handler(event({**changed, "failure": FAILURE}, run="run-2"), None)

    assert {"dispatcher", "writer"} <= set(footprint(account).components)
    assert (account.item("record") or {})["providers"]["layer_1_provider"] == "aws"  # what was deployed last


def test_what_the_last_success_left_stays_ours_until_the_next_one(account: Account) -> None:
    first = record.ours(deployed(account))

    record_start.handler(event(planned(("gcp", "gcp", "aws")), run="run-2"), None)
    under_way = record.ours(account.item("record"))
    record_outcome.handler(event(done(planned(("gcp", "gcp", "aws"))), run="run-2"), None)

    assert "dispatcher" in first.components
    assert under_way == first
    assert record.ours(account.item("record")) == footprint(account)


def test_an_outgoing_queue_in_which_events_wait_stays_known_until_it_is_empty(account: Account) -> None:
    mapping = ("aws", "gcp", "gcp")
    record_start.handler(event(planned(mapping, batching=True)), None)
    record_outcome.handler(event(done(planned(mapping, batching=True))), None)
    record_start.handler(event(planned(mapping), run="run-2"), None)
    waits = {"kind": "outbox", "name": f"{TWIN}-connector", "outcome": "retained", "changes": []}

    off = done(planned(mapping))
    off["results"]["removed"] = {"steps": {"outboxes": [{"outbox": waits}]}}
    record_outcome.handler(event(off, run="run-2"), None)

    assert footprint(account) == wanted(planned(mapping)) | Footprint(("connector_queue",))
    assert record.ours(account.item("record")) == wanted(planned(mapping))

    again = record_start.handler(event(planned(mapping), run="run-3"), None)
    record_outcome.handler(event(done(planned(mapping)), run="run-3"), None)
    (data,) = again["obsolete"]["data"]
    assert [outbox["identity"]["name"] for outbox in data["outboxes"]] == [f"{TWIN}-connector"]
    assert footprint(account) == wanted(planned(mapping))


def test_inspecting_and_destroying_look_for_every_component_whatever_the_record_says() -> None:
    for verb in ("inspect", "destroy"):
        assert set(record.may_exist({}, verb).components) == {*COMPONENTS}
    assert len(record.may_exist(None, "destroy").connections) == 8
    assert record.may_exist({}, "destroy").connections == ()
    assert record.may_exist({}, "deploy") == NOTHING


def test_success_keeps_a_snapshot_of_the_plan(account: Account) -> None:
    deployed(account)

    kept = stored_plan.unpacked(account.item("plan")) or {}
    assert kept["configuration_layer_arn"] == "arn:l:3"
    planned_anew = unchanged_since_deploy(
        Plan.from_json(planned(ALL_ON_AWS)), wanted(planned(ALL_ON_AWS)).components
    ).as_json()
    assert kept["functions"] == planned_anew["functions"]
    assert not {"run", "dry_run", "results", "previous", "failure"} & set(kept)


def test_starting_over_the_same_thing_leaves_the_record_as_it_is(account: Account) -> None:
    before = deployed(account)

    record_start.handler(event(planned(ALL_ON_AWS), run="run-2"), None)

    assert without_leaving(account) == before


def test_the_history_tells_what_was_done_and_how_it_ended(account: Account) -> None:
    deployed(account)
    record_start.handler(event(planned(ALL_ON_AWS), run="run-2"), None)
    record_outcome.handler(event({**planned(ALL_ON_AWS), "failure": FAILURE}, run="run-2"), None)
    record_start.handler(event(planned(ALL_ON_AWS), run="run-3"), None)

    first, second, third = account.history()

    assert (first["outcome"], first["verb"], first["summary"]) == ("deployed", "deploy", {"created": 1})
    assert first["digest"] == planned(ALL_ON_AWS)["digest"]
    assert (second["outcome"], second["error"]) == ("failed", "Rejected")
    assert second["error_cause"].startswith("no such topic")
    assert third["outcome"] == "running"
    assert "ended" not in third


def test_recording_twice_changes_nothing(account: Account) -> None:
    deployed(account)
    record_start.handler(event(planned(ALL_ON_AWS)), None)

    record_outcome.handler(event(done(planned(ALL_ON_AWS))), None)

    assert len(account.history()) == 1
    assert account.history()[0]["outcome"] == "deployed"


def test_destroying_removes_the_record_and_the_snapshot_but_not_the_history(account: Account) -> None:
    deployed(account)
    identities = destroying("run-2")

    answer = record_start.handler(event(identities, "destroy", "run-2"), None)
    record_outcome.handler(event(done(identities), "destroy", "run-2"), None)

    (functions,) = answer["obsolete"]["functions"]
    assert [each["name"] for each in functions["device_processors"]] == [f"{TWIN}-press-processor"]
    assert account.item("record") is None
    assert account.item("plan") is None
    assert [run["outcome"] for run in account.history()] == ["deployed", "destroyed"]


def test_destroying_what_no_record_knows_looks_for_every_secret(account: Account) -> None:
    answer = record_start.handler(event(destroying("run-1"), "destroy"), None)

    (functions,), (data,) = answer["obsolete"]["functions"], answer["obsolete"]["data"]
    assert len(data["secrets"]) == 8
    assert "draining" not in functions


def test_destroying_with_the_data_does_not_wait_for_queued_events(account: Account) -> None:
    deployed(account)
    identities = destroying("run-2", retain_data=False)

    (functions,) = record_start.handler(event(identities, "destroy", "run-2"), None)["obsolete"]["functions"]

    assert "draining" not in functions


def test_a_failed_destruction_keeps_the_record(account: Account) -> None:
    before = deployed(account)
    identities = destroying("run-2")
    record_start.handler(event(identities, "destroy", "run-2"), None)

    record_outcome.handler(event({**identities, "failure": FAILURE}, "destroy", "run-2"), None)

    assert without_leaving(account) == before


def test_a_queue_that_is_there_since_the_last_deployment_is_believed_to_be(account: Account) -> None:
    first = record_start.handler(event(planned(ALL_ON_AWS)), None)
    deployed(account)

    again = record_start.handler(event(planned(ALL_ON_AWS), run="run-2"), None)

    assert (first["queues"]["failure_queue"], again["queues"]["failure_queue"]) == (False, True)


def test_a_queue_that_a_failed_destruction_may_have_deleted_is_not_believed_to_be_there(account: Account) -> None:
    deployed(account)
    destroy = destroying("run-2")
    record_start.handler(event(destroy, "destroy", "run-2"), None)
    record_outcome.handler(event({**destroy, "failure": FAILURE}, "destroy", "run-2"), None)

    after_it = record_start.handler(event(planned(ALL_ON_AWS), run="run-3"), None)
    record_outcome.handler(event(done(planned(ALL_ON_AWS)), run="run-3"), None)
    after_that = record_start.handler(event(planned(ALL_ON_AWS), run="run-4"), None)

    assert after_it["components"]["failure_queue"]
    assert (after_it["queues"]["failure_queue"], after_that["queues"]["failure_queue"]) == (False, True)


def test_a_queue_that_a_failed_change_may_have_deleted_is_not_believed_to_be_there(account: Account) -> None:
    deployed(account)
    without = planned(("gcp", "gcp", "aws"))
    record_start.handler(event(without, run="run-2"), None)
    record_outcome.handler(event({**without, "failure": FAILURE}, run="run-2"), None)

    answer = record_start.handler(event(planned(ALL_ON_AWS), run="run-3"), None)

    assert not answer["queues"]["failure_queue"]


def test_a_destruction_of_what_has_no_record_leaves_none(account: Account) -> None:
    record_start.handler(event(destroying("run-1"), "destroy"), None)

    assert account.item("record") is None


def without_leaving(account: Account) -> dict[str, Any]:
    """The record, without what it keeps of a run that has not ended."""
    of_a_run = (record.LEAVING, record.UNDER_WAY)
    return {name: value for name, value in (account.item("record") or {}).items() if name not in of_a_run}


def test_a_rollback_records_what_it_went_back_to(account: Account) -> None:
    deployed(account)
    changed = planned(("gcp", "gcp", "aws"))
    record_start.handler(event(changed, run="run-2"), None)
    back = done(planned(ALL_ON_AWS), rolled_back_from=FAILURE)

    answer = record_outcome.handler(event(back, run="run-2"), None)

    assert answer["outcome"] == "rolled back"
    assert footprint(account) == Footprint.read(deployed(account))
    assert "rolled_back_from" not in (stored_plan.unpacked(account.item("plan")) or {})


def test_a_rollback_to_nothing_leaves_no_record(account: Account) -> None:
    record_start.handler(event(planned(ALL_ON_AWS)), None)
    back = done(planned(("gcp", "gcp", "gcp")), rolled_back_from=FAILURE, nothing_to_go_back_to=True)

    record_outcome.handler(event(back), None)

    assert account.item("record") is None


def test_a_dry_run_writes_nothing(account: Account) -> None:
    dry = planned(ALL_ON_AWS, dry_run=True)

    record_start.handler(event(dry), None)
    answer = record_outcome.handler(event(done(dry)), None)

    assert answer["outcome"] == "planned"
    assert account.item("record") is None
    assert account.history() == []
    assert account.keys() == []
