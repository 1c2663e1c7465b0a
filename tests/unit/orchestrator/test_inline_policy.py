"""While functions change, a role has what it allowed and what it shall allow, as far as IAM takes both."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.inline_policy import INLINE_LIMIT, covers, widened

STATEMENTS = st.lists(
    st.builds(
        lambda sid, action, resource: {"Sid": sid, "Effect": "Allow", "Action": [action], "Resource": [resource]},
        st.sampled_from(["Invoke", "Store", "WriteLogs"]),
        st.sampled_from(["lambda:InvokeFunction", "dynamodb:PutItem", "sqs:SendMessage"]),
        st.sampled_from(["one", "another", "a third"]),
    ),
    max_size=4,
    unique_by=lambda statement: str(statement["Sid"]),
)
POLICIES = STATEMENTS.map(lambda found: {"Version": "2012-10-17", "Statement": found})


def contents(policy: dict[str, Any]) -> set[str]:
    """What the statements say, without their ids."""
    return {json.dumps({**each, "Sid": ""}, sort_keys=True) for each in policy["Statement"]}


@given(POLICIES, POLICIES)
def test_a_widened_policy_allows_both_and_nothing_else(live: dict[str, Any], desired: dict[str, Any]) -> None:
    both = widened(live, desired)

    assert contents(both) == contents(live) | contents(desired)
    assert covers(both, desired)
    assert covers(both, live)


@given(POLICIES, POLICIES)
def test_widening_twice_changes_nothing(live: dict[str, Any], desired: dict[str, Any]) -> None:
    once = widened(live, desired)

    assert widened(once, desired) == once


@given(POLICIES, POLICIES)
def test_the_ids_of_statements_stay_unique(live: dict[str, Any], desired: dict[str, Any]) -> None:
    ids = [each["Sid"] for each in widened(live, desired)["Statement"] if "Sid" in each]

    assert len(ids) == len(set(ids))


def test_where_iam_would_refuse_both_the_desired_policy_is_taken_alone() -> None:
    long = {"Sid": "Invoke", "Effect": "Allow", "Action": ["lambda:InvokeFunction"], "Resource": ["x" * INLINE_LIMIT]}
    desired: dict[str, Any] = {"Version": "2012-10-17", "Statement": []}

    assert widened({"Version": "2012-10-17", "Statement": [long]}, desired) == desired


def test_a_role_without_a_policy_gets_the_desired_one() -> None:
    desired: dict[str, Any] = {"Version": "2012-10-17", "Statement": [{"Sid": "Store", "Effect": "Allow"}]}

    assert widened(None, desired) == desired
    assert not covers(None, desired)
