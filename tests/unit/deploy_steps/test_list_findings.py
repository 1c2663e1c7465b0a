"""An inspection reports what is missing, what has drifted and in which fields, and what is left over."""

from __future__ import annotations

import json
from typing import Any

from deploy_steps.contract import Change, Result
from deploy_steps.shared import findings
from deploy_steps.tasks.list_findings import summed_up
from tests.state_machines.example import TWIN


def looked_for(kind: str, said: str) -> dict[str, Any]:
    """What the dry run of a removal answered."""
    return {"kind": kind, "name": f"{TWIN}-y", "outcome": said, "changes": []}


def state(*results: Result, functions: Any = (), data: Any = ()) -> dict[str, Any]:
    """The state of the inspect machine."""
    found = [finding for each in results if (finding := findings.compared(each))]
    compared = {"run": "r", "twin": TWIN, "project": "line-4", "checked": len(results), **findings.cut(found)}
    return {"run": "r", "twin": TWIN, "results": [compared, functions, data]}


def test_a_twin_that_is_as_it_was_deployed_has_no_findings() -> None:
    told = summed_up(
        state(Result("iam-role", "x", "present"), functions=[{"writer": looked_for("function", "absent")}])
    )

    assert (told["outcome"], told["findings"], told["next"]) == ("as deployed", [], "")
    assert told["says"] == f"Checked 2 resources of '{TWIN}': no drift."


def test_everything_amiss_is_reported_with_its_fields() -> None:
    told = summed_up(
        state(
            Result("iot-rule", f"{TWIN}-x", "absent"),
            Result("function", f"{TWIN}-x", "drifted", (Change("tag Layer", None, "L2"),)),
            functions=[{"steps": [looked_for("iam-role", "deleted"), looked_for("function", "absent")]}],
        )
    )

    assert told["outcome"] == "drifted"
    assert told["findings"] == [
        {"kind": "iot-rule", "name": f"{TWIN}-x", "problem": "missing", "changes": []},
        {
            "kind": "function",
            "name": f"{TWIN}-x",
            "problem": "drifted",
            "changes": [{"field": "tag Layer", "before": None, "after": "L2"}],
        },
        {"kind": "iam-role", "name": f"{TWIN}-y", "problem": "left over", "changes": []},
    ]
    assert told["says"].endswith("1 missing, 1 drifted, 1 left over.")
    assert told["next"] == "gluecode deploy line-4"


def test_what_was_left_for_its_data_is_no_finding_but_named() -> None:
    told = summed_up(state(data=[{"hot_table": looked_for("hot-table", "retained")}]))

    assert (told["findings"], told["retained"]) == ([], [f"hot-table {TWIN}-y"])


def test_an_inspection_that_failed_says_why() -> None:
    caught = {"Error": "AccessDenied", "Cause": json.dumps({"errorMessage": "info iam-role 'x': GetRole: no."})}

    told = summed_up({"twin": TWIN, "failure": caught})

    assert told == {
        "outcome": "failed",
        "error": "AccessDenied",
        "cause": "info iam-role 'x': GetRole: no. Nothing was changed; start it again.",
    }


def test_six_hundred_drifted_policies_fit_what_a_state_machine_carries_and_all_are_counted() -> None:
    policy = Change("policy", {"Statement": ["x" * 10_000]}, {"Statement": ["y" * 10_000]})

    told = summed_up(state(*(Result("iam-role", f"role-{n}", "drifted", (policy,)) for n in range(600))))

    assert len(json.dumps(told)) < 200_000
    assert told["says"] == f"Checked 600 resources of '{TWIN}': 600 drifted. The first 500 are listed."
    assert told["findings"][0]["changes"][0]["before"].endswith("…")
    assert told["findings"][-1] == {"kind": "iam-role", "name": "role-499", "problem": "drifted", "changes": []}
