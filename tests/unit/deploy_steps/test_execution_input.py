"""What a person types as an execution's input is read, completed, or answered with what to type instead."""

from __future__ import annotations

from typing import Any

import pytest

from deploy_steps.errors import InvalidInput
from deploy_steps.shared.execution_input import DRAIN_SECONDS, read_deploy, read_twin


def test_a_project_alone_is_enough() -> None:
    assert read_deploy({"project": "factory-twin"}) == {
        "project": "factory-twin",
        "source": "projects/factory-twin/",
        "on_failure": "keep",
        "adopt": False,
        "dry_run": False,
        "retain_data": True,
        "drain_seconds": DRAIN_SECONDS,
    }


def test_whatever_is_given_wins_over_its_default() -> None:
    given = {
        "project": "factory-twin",
        "source": "drafts/factory-twin/0a1b",
        "on_failure": "rollback",
        "adopt": True,
        "retain_data": False,
        "drain_seconds": 5,
    }

    assert read_deploy(given) == {**given, "source": "drafts/factory-twin/0a1b/", "dry_run": False}


def test_a_dry_run_waits_for_nothing() -> None:
    assert read_deploy({"project": "p", "dry_run": True, "drain_seconds": 60})["drain_seconds"] == 0


def test_a_twin_can_be_named_by_itself_or_by_its_project() -> None:
    assert read_twin({"twin": "factory"})["twin"] == "factory"
    assert read_twin({"project": "factory-twin"})["project"] == "factory-twin"


def test_what_step_functions_adds_by_itself_is_ignored() -> None:
    given = {"twin": "factory", "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": "arn:aws:states:::execution:m:e"}

    assert "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID" not in read_twin(given)


@pytest.mark.parametrize(
    ("given", "fault", "reason"),
    [
        (None, "The input is null, which is no JSON object.", "an execution can be started without input"),
        ("factory", 'The input is "factory", which is no JSON object.', "a bare name is a likely first try"),
        ({"project": "../x"}, 'project is "../x"; it has to be the name of a project', "it becomes part of a key"),
        ({"project": "p", "dry_run": 1}, "dry_run is 1; it has to be true or false.", "1 is no truth value in JSON"),
        ({"project": "p", "drain_seconds": True}, "drain_seconds is true", "true is an int in Python"),
        ({"project": "p", "drain_seconds": 4000}, "a whole number from 0 to 3600.", "a wait of hours holds the lock"),
        ({"project": "p", "source": "s3://b/p"}, 'a prefix in the artifact bucket, such as "projects/', "not a URL"),
        ({"project": "p", "source": "/"}, "source is", "the whole bucket is no project"),
        ({"project": "p", "dryrun": True}, "dryrun is not known here; did you mean dry_run.", "a plan must not deploy"),
        ({"twin": "t"}, "project is missing.", "deploy needs files"),
    ],
)
def test_what_is_wrong_is_told_with_what_to_type(given: Any, fault: str, reason: str) -> None:
    with pytest.raises(InvalidInput) as told:
        read_deploy(given)

    assert fault in str(told.value), reason
    assert 'Type for example {"project": "factory-twin"}.' in str(told.value)


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(InvalidInput) as told:
        read_twin({"dry_run": "no", "force": True})

    assert str(told.value) == (
        'twin or project is missing. dry_run is "no"; it has to be true or false. force is not known here. '
        'Type for example {"twin": "factory-twin"}. Known here: twin, project, dry_run, retain_data, drain_seconds.'
    )


def test_a_very_long_value_is_not_repeated_whole() -> None:
    with pytest.raises(InvalidInput) as told:
        read_twin("x" * 10_000)

    assert len(str(told.value)) < 300
