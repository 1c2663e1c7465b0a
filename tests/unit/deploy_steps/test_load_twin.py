"""A twin can be destroyed and inspected when its project is gone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deploy_steps.errors import InvalidInput
from deploy_steps.tasks import load_twin, record_outcome, record_start
from orchestrator.core.plan import Plan, unchanged_since_deploy
from orchestrator.core.plan.prune import wanted
from tests.state_machines.example import planned
from tests.unit.deploy_steps.conftest import TWIN, Account
from tests.unit.deploy_steps.test_record import done, event

EXECUTION = "arn:aws:states:eu-central-1:123456789012:execution:gluecode-inspect:a-run"
ALL_ON_AWS = ("aws", "aws", "aws")


def load(verb: str, request: Any) -> dict[str, Any]:
    """Run the task."""
    return load_twin.handler({"verb": verb, "run": "a-run", "execution": EXECUTION, "request": request}, None)


def deploy() -> None:
    """Have the account remember a deployment."""
    record_start.handler(event(planned(ALL_ON_AWS)), None)
    record_outcome.handler(event(done(planned(ALL_ON_AWS))), None)


def test_destroy_works_with_names_alone(account: Account) -> None:
    made = load("destroy", {"twin": TWIN, "retain_data": False, "drain_seconds": 7})

    assert made == {
        "run": "a-run",
        "twin": TWIN,
        "project": "",
        "digest": "",
        "dry_run": False,
        "retain_data": False,
        "drain_seconds": 7,
        "results": {},
    }


def test_destroy_tells_which_configuration_it_takes_down(account: Account) -> None:
    deploy()

    made = load("destroy", {"twin": TWIN})

    assert (made["project"], made["digest"]) == (TWIN, planned(ALL_ON_AWS)["digest"])


def test_a_twin_can_be_named_by_its_project(account: Account) -> None:
    account.upload({"config.json": json.dumps({"digital_twin_name": TWIN}).encode()}, "projects/line-4/")

    assert load("destroy", {"project": "line-4"})["twin"] == TWIN


def test_a_project_that_is_gone_is_taken_for_the_twin_of_its_name(account: Account) -> None:
    assert load("destroy", {"project": TWIN})["twin"] == TWIN


@pytest.mark.parametrize("content", [b"{", b"[]", b"{}", b'{"digital_twin_name": 3}', b'{"digital_twin_name": "a/b"}'])
def test_a_project_that_does_not_tell_its_twin_is_refused(account: Account, content: bytes) -> None:
    account.upload({"config.json": content}, "projects/line-4/")

    with pytest.raises(InvalidInput, match="Name the twin itself: "):
        load("destroy", {"project": "line-4"})


def test_inspect_measures_by_the_last_successful_deployment(account: Account) -> None:
    deploy()

    made = load("inspect", {"twin": TWIN})

    planned_anew = unchanged_since_deploy(
        Plan.from_json(planned(ALL_ON_AWS)), wanted(planned(ALL_ON_AWS)).components
    ).as_json()
    assert made["functions"] == planned_anew["functions"]
    assert (made["run"], made["dry_run"], made["configuration_layer_arn"]) == ("a-run", True, "arn:l:3")
    assert not any("device_processors" in part for part in made["previous"]["obsolete"]["functions"])


def test_inspect_looks_for_what_a_failed_change_may_have_left(account: Account) -> None:
    deploy()
    record_start.handler(event(planned(("aws", "gcp", "aws")), run="run-2"), None)

    made = load("inspect", {"twin": TWIN})

    (secrets,) = [part["secrets"] for part in made["previous"]["obsolete"]["data"] if "secrets" in part]
    assert [each["name"] for each in secrets] == [
        f"{TWIN}/aws_l1_to_gcp_l2",
        f"{TWIN}/gcp_l2_to_aws_l3",
    ]


def test_inspect_says_when_there_is_nothing_to_compare_with(account: Account) -> None:
    with pytest.raises(InvalidInput, match="no deployment of it has succeeded yet"):
        load("inspect", {"twin": TWIN})
