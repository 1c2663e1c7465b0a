"""The twins that are looked after are those of which a deployment has succeeded."""

from __future__ import annotations

from typing import Any

import pytest

from deploy_steps.errors import InvalidInput
from deploy_steps.state import state_table
from deploy_steps.tasks import announce_drift, list_twins, request_redeployment
from tests.unit.deploy_steps.conftest import TABLE, Account
from tests.unit.deploy_steps.test_announcements import heard

__all__ = ["heard"]  # a fixture


def put(account: Account, twin: str, item: str, **values: Any) -> None:
    state_table.write(account.client("dynamodb"), TABLE, twin, item, {"project": "plant", **values})


def listed(request: Any) -> dict[str, Any]:
    return list_twins.handler({"run": "a-run", "request": request}, None)


def test_only_what_was_deployed_is_listed_in_order(account: Account) -> None:
    put(account, "two", "record", deployed_at="2026-11-26T10:00:00+00:00")
    put(account, "one", "record", deployed_at="2026-11-26T10:00:00+00:00")
    put(account, "under-way", "record")
    put(account, "gone", "run#2026")

    answer = listed({"repair": True})

    assert answer == {
        "run": "a-run",
        "dry_run": False,
        "repair": True,
        "twins": [{"twin": "one", "project": "plant"}, {"twin": "two", "project": "plant"}],
    }


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("request_", [None, {}, {"repair": "yes"}, {"repair": True, "twin": "one"}])
def test_an_input_that_makes_no_sense_is_refused(request_: Any) -> None:
    with pytest.raises(InvalidInput, match="Type for example"):
        listed(request_)


def test_drift_is_told_with_what_was_found(heard: Any) -> None:
    inspection = {"outcome": "drifted", "says": "One thing.", "findings": [{"kind": "function", "problem": "missing"}]}

    announce_drift.handler({"run": "a-run", "twin": "one", "project": "plant", "inspection": inspection}, None)

    [event] = heard()
    assert event["detail-type"] == "Drift found"
    assert event["detail"] == {
        "twin": "one",
        "project": "plant",
        "says": "One thing.",
        "findings": inspection["findings"],
        "installation": "gluecode",
        "run": "a-run",
    }


def test_a_repair_is_asked_for_as_anybody_asks(heard: Any) -> None:
    request_redeployment.handler({"run": "a-run", "twin": "one", "project": "plant"}, None)

    [event] = heard()
    assert (event["source"], event["detail-type"]) == ("gluecode", "Redeploy requested")
    assert event["detail"] == {"project": "plant", "installation": "gluecode"}
