"""A comparison finds the functions that Lambda would refuse to run because their role is another one by now."""

from __future__ import annotations

from typing import Any

import pytest

from deploy_steps.contract import Change, Outcome, Result
from deploy_steps.shared.role_binding import with_bindings

ARN = "arn:aws:iam::111122223333:role/twin-writer"
OTHER_ARN = "arn:aws:iam::111122223333:role/twin-persister"
CHANGED = Change("memory_mb", 128, 256)


def role(role_id: str, arn: str = ARN, outcome: Outcome = "present") -> tuple[dict[str, Any], Result]:
    """A role that was read."""
    outputs = {} if outcome == "absent" else {"arn": arn, "id": role_id}
    return {}, Result("iam-role", "twin-writer", outcome, outputs=outputs)


def function(bound_to: str | None, outcome: Outcome = "present", *changes: Change) -> tuple[dict[str, Any], Result]:
    """A function that was read, and what it is bound to."""
    outputs = {} if outcome == "absent" else {"arn": "arn:f", "role_id": bound_to}
    return {"role_arn": ARN}, Result("function", "twin-writer", outcome, changes, outputs)


@pytest.mark.parametrize("unmarked", [False, True])
def test_a_function_that_is_bound_to_its_role_is_as_it_was_found(unmarked: bool) -> None:
    found = [role("AROA1"), function("AROA1"), role("AROA2", OTHER_ARN)]

    assert with_bindings(found, unmarked=unmarked) == [result for _, result in found]


@pytest.mark.parametrize("unmarked", [False, True])
def test_a_function_that_is_bound_to_a_role_of_before_is_drifted(unmarked: bool) -> None:
    found = [role("AROA2"), function("AROA1", "drifted", CHANGED)]

    _, compared = with_bindings(found, unmarked=unmarked)

    assert compared == Result(
        "function",
        "twin-writer",
        "drifted",
        (CHANGED, Change("role_id", "AROA1", "AROA2")),
        {"arn": "arn:f", "role_id": "AROA1"},
    )


def test_where_a_role_or_a_function_is_missing_that_is_all_there_is_to_report() -> None:
    without_role = [role("", outcome="absent"), function("AROA1")]
    without_function = [role("AROA1"), function(None, "absent")]

    assert with_bindings(without_role, unmarked=True) == [result for _, result in without_role]
    assert with_bindings(without_function, unmarked=True) == [result for _, result in without_function]


def test_a_function_of_an_earlier_release_is_no_drift_but_is_deployed_once_more() -> None:
    found = [role("AROA1"), function(None)]

    _, inspected = with_bindings(found, unmarked=False)
    _, compared = with_bindings(found, unmarked=True)

    assert inspected.outcome == "present"
    assert compared.changes == (Change("role_id", None, "AROA1"),)
