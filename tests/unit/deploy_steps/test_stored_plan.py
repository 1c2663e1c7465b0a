"""What earlier releases have stored of a twin is still read: its plan and its record.

`stored_by_0_1_0.json` holds both as release 0.1.0 wrote them for three mappings, of which two send in batches, with a
device that has code of its own. Bytes are in base64.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from deploy_steps.errors import InvalidInput
from deploy_steps.state import state_table
from deploy_steps.state.record import may_exist, ours
from deploy_steps.state.stored_plan import ITEM, VERSION, migrated, packed, replanned, unpacked
from deploy_steps.tasks import record_start
from deploy_steps.tasks.load_rollback import rolled_back
from orchestrator.core.placement import Placement
from orchestrator.core.plan import Footprint, Plan, Request
from orchestrator.core.plan.prune import wanted
from tests.state_machines.example import planned
from tests.unit.deploy_steps.conftest import TABLE, TWIN, Account
from tests.unit.deploy_steps.test_record import event

Stored = Mapping[str, Any]

_STORED: list[Stored] = json.loads(Path(__file__).with_name("stored_by_0_1_0.json").read_text())
_REQUEST = Request("run-7", TWIN, f"projects/{TWIN}/")
_SETS = ("components", "devices", "connections")

of_every_mapping = pytest.mark.parametrize("old", _STORED, ids=lambda old: "/".join(old["mapping"]))


def item(old: Stored) -> dict[str, Any]:
    """The plan's item as DynamoDB answers it."""
    return {"content": base64.b64decode(old["plan"]["content"])}


def plan_of(old: Stored) -> dict[str, Any]:
    """The plan as it is read."""
    plan = unpacked(item(old))
    assert plan is not None
    return plan


def placement(old: Stored) -> Placement:
    """What was deployed: the fixture's projects have no events to check."""
    l1, l2, l3 = (provider == "aws" for provider in old["mapping"])
    return Placement(l1, l2, l3, event_checking=False, batching="azure" in old["mapping"] or "gcp" in old["mapping"])


@of_every_mapping
def test_an_old_plan_is_read_as_one_of_today(old: Stored) -> None:
    again = replanned(plan_of(old), _REQUEST)

    read = Plan.from_json(again)

    of_today = json.loads(json.dumps(read.as_json()))
    assert of_today == {
        name: value for name, value in again.items() if name not in ("basis", "configuration_layer_arn")
    }
    assert wanted(again).components == tuple(sorted(old["record"]["components"]))
    assert (read.outbox is not None) == placement(old).batching
    assert [(each.may_exist, each.recorded) for each in read.device_processors] == [
        (True, True) for _ in wanted(again).devices
    ]


@of_every_mapping
def test_an_old_plan_is_what_a_rollback_returns_to(old: Stored) -> None:
    failed = {**planned(("gcp", "gcp", "aws")), "failure": {"Error": "Rejected", "Cause": "no such topic"}}

    back = rolled_back(failed, plan_of(old))

    assert Plan.from_json(back).providers == plan_of(old)["providers"]
    assert "version" not in back


@of_every_mapping
def test_a_plan_that_is_stored_today_is_read_as_it_was(old: Stored) -> None:
    plan = plan_of(old)

    assert unpacked(packed(plan)) == plan


def test_a_stored_plan_says_which_version_it_is() -> None:
    content = json.loads(gzip.decompress(packed({"twin": TWIN})["content"]))

    assert content == {"version": VERSION, "twin": TWIN}


def test_a_plan_of_a_later_release_is_refused_with_what_to_do() -> None:
    with pytest.raises(InvalidInput, match="Bring the installation up to date with `gluecode install`"):
        migrated({"version": VERSION + 1})


@of_every_mapping
def test_the_record_of_an_old_twin_says_what_is_there(old: Stored, account: Account) -> None:
    kept = {**old["record"], **{name: set(value) for name, value in old["record"].items() if name in _SETS}}
    items = {state_table.RECORD: kept, ITEM: item(old)}
    state_table.write_together(account.client("dynamodb"), TABLE, TWIN, items)
    there = wanted(plan_of(old))

    found = account.item("record")

    assert (may_exist(found, "deploy"), ours(found)) == (there, there)

    nothing = {**planned(("gcp", "gcp", "gcp")), "twin": TWIN, "deployed_by": old["record"]["execution"]}
    nothing["scopes"] = ["unscoped"]
    answer = record_start.handler(event(nothing, run="run-2"), None)
    assert {name for name, may in answer["components"].items() if may} == set(there.components)
    assert Footprint.read(account.item("record") or {}) == there
