"""An inspection tells what is missing, what has drifted and in which fields, and what is left over."""

from __future__ import annotations

import json
from typing import Any

from deploy_steps.tasks.list_findings import findings
from tests.state_machines.example import TWIN


def compared(kind: str, said: str, **more: Any) -> dict[str, Any]:
    """What comparing a needed thing answered."""
    return {"kind": kind, "name": f"{TWIN}-x", "outcome": said, "changes": [], "wanted": True, **more}


def looked_for(kind: str, said: str) -> dict[str, Any]:
    """What the dry run of a removal answered."""
    return {"kind": kind, "name": f"{TWIN}-y", "outcome": said, "changes": []}


def state(*results: Any) -> dict[str, Any]:
    """The state of the inspect machine."""
    return {"twin": TWIN, "project": "line-4", "results": list(results)}


def test_a_twin_that_is_as_it_was_deployed_has_no_findings() -> None:
    told = findings(state({"steps": {"role": compared("iam-role", "present")}}, looked_for("function", "absent")))

    assert (told["outcome"], told["findings"], told["next"]) == ("as deployed", [], "")
    assert told["says"] == f"Of the 2 things looked at of the twin '{TWIN}': as it was deployed."


def test_everything_amiss_is_told_with_its_fields() -> None:
    change = {"field": "tag Layer", "before": None, "after": "L2"}

    told = findings(
        state(
            {"iot_rule": compared("iot-rule", "absent")},
            compared("function", "drifted", changes=[change]),
            [looked_for("iam-role", "deleted"), looked_for("function", "absent")],
        )
    )

    assert told["outcome"] == "drifted"
    assert told["findings"] == [
        {"kind": "iot-rule", "name": f"{TWIN}-x", "problem": "missing", "changes": []},
        {"kind": "function", "name": f"{TWIN}-x", "problem": "drifted", "changes": [change]},
        {"kind": "iam-role", "name": f"{TWIN}-y", "problem": "left over", "changes": []},
    ]
    assert told["says"].endswith("1 missing, 1 drifted, 1 left over.")
    assert told["next"] == "gluecode deploy line-4"


def test_what_was_left_for_its_data_is_no_finding_but_named() -> None:
    told = findings(state(looked_for("hot-table", "retained")))

    assert (told["findings"], told["retained"]) == ([], [f"hot-table {TWIN}-y"])


def test_an_inspection_that_failed_says_why() -> None:
    caught = {"Error": "AccessDenied", "Cause": json.dumps({"errorMessage": "info iam-role 'x': GetRole: no."})}

    told = findings({"twin": TWIN, "failure": caught})

    assert told == {
        "outcome": "failed",
        "error": "AccessDenied",
        "cause": "info iam-role 'x': GetRole: no. Nothing was changed; start it again.",
    }
