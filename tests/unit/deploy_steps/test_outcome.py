"""The output of a deployment or a destruction tells what was done and how to go on."""

from __future__ import annotations

import json
from typing import Any

from deploy_steps.shared.outcome import outcome
from tests.state_machines.example import TWIN, planned

ALL_ON_AWS = ("aws", "aws", "aws")
DESTROYING = {"run": "a-run", "twin": TWIN, "project": TWIN, "dry_run": False, "retain_data": True, "results": {}}
FAILURE = {"Error": "Rejected", "Cause": json.dumps({"errorMessage": "create iot-rule 'r': no such topic."})}


def step(kind: str, name: str, said: str, **more: Any) -> dict[str, Any]:
    """One step's answer as a state machine keeps it."""
    return {"kind": kind, "name": name, "outcome": said, "changes": [], **more}


def results(*steps: dict[str, Any]) -> dict[str, Any]:
    """What the body of a machine leaves behind."""
    return {"steps": {"removed": {}, "processing": {str(number): step for number, step in enumerate(steps)}}}


def test_steps_are_counted_wherever_they_stand() -> None:
    state = planned(ALL_ON_AWS) | {
        "results": {
            "steps": {
                "hot_table": step("hot-table", "t", "created"),
                "persister": {"steps": {"role": step("iam-role", "p", "unchanged")}},
                "device_processors": [{"name": "d", "outcomes": {"iam-role": "created", "function": "created"}}],
                "secrets": [],
            }
        }
    }

    told = outcome("deploy", state)

    assert told["summary"] == {"created": 3, "unchanged": 1}
    assert told["says"] == f"The twin '{TWIN}' is as its project says: 3 created, 1 unchanged."
    assert [(each["kind"], each["name"]) for each in told["steps"]] == [
        ("hot-table", "t"),
        ("iam-role", "p"),
        ("iam-role", "d"),
        ("function", "d"),
    ]


def test_a_deployment_tells_the_next_command() -> None:
    assert outcome("deploy", planned(ALL_ON_AWS))["next"] == f"gluecode send {TWIN} EVENT"
    assert outcome("deploy", planned(("gcp", "aws", "aws")))["next"] == f"gluecode inspect {TWIN}"


def test_a_mapping_without_aws_says_that_there_is_nothing_to_deploy() -> None:
    told = outcome("deploy", planned(("gcp", "azure", "gcp")))

    assert told["outcome"] == "deployed"
    assert told["says"] == f"No layer of the twin '{TWIN}' is on AWS, so nothing of it is here."


def test_a_plan_says_that_nothing_was_changed() -> None:
    told = outcome("deploy", planned(ALL_ON_AWS, dry_run=True) | {"results": results(step("function", "f", "updated"))})

    assert told["outcome"] == "planned"
    assert told["says"] == "1 updated. Nothing was changed."
    assert told["next"] == f"gluecode deploy {TWIN}"


def test_retained_data_is_named_with_how_to_remove_it() -> None:
    state = DESTROYING | {"results": results(step("hot-table", f"{TWIN}-hot", "retained"))}

    told = outcome("destroy", state)

    assert told["outcome"] == "destroyed"
    assert told["retained"] == [f"hot-table {TWIN}-hot"]
    assert told["says"] == f"Of the twin '{TWIN}' only its data is left: hot-table {TWIN}-hot."
    assert told["next"] == f"gluecode destroy {TWIN} --delete-data"


def test_a_destruction_without_rest_says_so() -> None:
    told = outcome("destroy", DESTROYING)

    assert told["says"] == f"Nothing of the twin '{TWIN}' is left."


def test_a_failure_tells_the_step_and_how_to_go_on() -> None:
    told = outcome("deploy", planned(ALL_ON_AWS) | {"failure": FAILURE})

    assert (told["outcome"], told["error"]) == ("failed", "Rejected")
    assert told["cause"] == (
        "create iot-rule 'r': no such topic. The twin is not locked. Once the cause is gone, start again with the same "
        'input: steps that are done answer "unchanged".'
    )


def test_a_failure_past_the_point_of_no_return_says_that_the_rest_is_in_place() -> None:
    state = planned(ALL_ON_AWS, on_failure="rollback") | {"results": results(step("function", "f", "updated"))}

    told = outcome("deploy", state | {"failure": {"Error": "AccessDenied", "Cause": "no"}})

    assert (told["outcome"], told["error"]) == ("failed", "AccessDenied")
    assert "All that the project wants is in place" in told["cause"]


def test_a_rollback_tells_of_a_public_url_that_is_another_one_now() -> None:
    url = step("function-url", f"{TWIN}-ingestion", "created", outputs={"url": "https://new.example/"})
    failure = {"Error": "Rejected", "Cause": "no"}

    told = outcome("deploy", planned(("gcp", "aws", "aws")) | {"results": results(url), "rolled_back_from": failure})

    assert "The public URL of the ingestion is a new one: https://new.example/." in told["cause"]


def test_a_rollback_tells_where_to_and_why() -> None:
    told = outcome("deploy", planned(ALL_ON_AWS) | {"rolled_back_from": FAILURE})

    assert (told["outcome"], told["error"]) == ("rolled back", "RolledBack")
    assert told["cause"].startswith(
        "The deployment failed and was rolled back to what was deployed before. "
        "It had failed with Rejected: create iot-rule 'r': no such topic."
    )


def test_a_rollback_of_a_first_deployment_says_that_there_was_nothing_before() -> None:
    told = outcome("deploy", planned(ALL_ON_AWS) | {"rolled_back_from": FAILURE, "nothing_to_go_back_to": True})

    assert "was rolled back to nothing, since nothing was deployed before." in told["cause"]


def test_a_rollback_whose_plan_cannot_be_loaded_is_a_failure_of_both() -> None:
    unread = {"Error": "AccessDenied", "Cause": "GetObject: not allowed."}

    told = outcome("deploy", planned(ALL_ON_AWS) | {"failure": FAILURE, "rollback_failure": unread})

    assert (told["outcome"], told["error"]) == ("failed", "RollbackFailed")
    assert "failed with Rejected" in told["cause"]
    assert "Rolling it back failed too, with AccessDenied: GetObject: not allowed." in told["cause"]


def test_an_output_that_would_burst_its_execution_leaves_the_changes_to_the_journal() -> None:
    change = {"field": "policy", "before": "x" * 40_000, "after": "y" * 40_000}
    steps = [step("iam-role", f"r{number}", "updated") | {"changes": [change]} for number in range(3)]

    told = outcome("deploy", planned(ALL_ON_AWS) | {"results": results(*steps)})

    assert told["steps"][0] == {"kind": "iam-role", "name": "r0", "outcome": "updated"}
    assert len(json.dumps(told)) < 10_000
