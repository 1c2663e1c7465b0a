"""Policies are evaluated as AWS does it: deny wins, a boundary bounds, and conditions are left open."""

from __future__ import annotations

from typing import Any

import pytest

from deploy_steps.shared.simulation import ALLOWED, NOT_GRANTED, Decision
from orchestrator.operations.iam_check.evaluation import Policies, Policy, decide

ACTION = "lambda:CreateFunction"
WRITER = "arn:aws:lambda:eu-central-1:123456789012:function:factory-writer"
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


def statement(effect: str = "Allow", **elements: Any) -> dict[str, Any]:
    """A statement about everything, unless it says about what."""
    about: dict[str, Any] = {"Action": "*", "Resource": "*"}
    for element in ("Action", "Resource"):
        if f"Not{element}" in elements:
            del about[element]
    return {"Effect": effect, **about, **elements}


def policy(*statements: dict[str, Any], name: str = "policy deployers") -> Policy:
    return Policy(name, {"Version": "2012-10-17", "Statement": list(statements)})


CONDITIONAL = Decision("conditional", "the policy deployers allows it under a condition")
DENIED = Decision("missing", "the policy deployers denies it")


@pytest.mark.parametrize(
    ("statements", "decision"),
    [
        pytest.param([], NOT_GRANTED, id="nothing is allowed that no policy allows"),
        pytest.param([statement()], ALLOWED, id="everything on everything"),
        pytest.param([statement(Action=ACTION)], ALLOWED, id="one action instead of a list"),
        pytest.param([statement(Action=["s3:Get*", "lambda:Create*"])], ALLOWED, id="a wildcard in the action"),
        pytest.param([statement(Action="LAMBDA:createfunction")], ALLOWED, id="actions have no case"),
        pytest.param([statement(Action="lambda:CreateFunctio?")], ALLOWED, id="one character left open"),
        pytest.param([statement(Action="lambda:Create")], NOT_GRANTED, id="no pattern matches a part of an action"),
        pytest.param([statement(Action="lambda.CreateFunction")], NOT_GRANTED, id="a dot stands for itself"),
        pytest.param([statement(NotAction="iam:*")], ALLOWED, id="all actions but others"),
        pytest.param([statement(NotAction=["iam:*", "lambda:*"])], NOT_GRANTED, id="all actions but this"),
        pytest.param([statement(Resource=WRITER)], ALLOWED, id="this very resource"),
        pytest.param([statement(Resource="arn:aws:lambda:*:*:function:factory-*")], ALLOWED, id="resources like it"),
        pytest.param([statement(Resource="arn:aws:lambda:*:*:function:prod-*")], NOT_GRANTED, id="other resources"),
        pytest.param([statement(Resource=WRITER.upper())], NOT_GRANTED, id="resources have a case"),
        pytest.param([statement(NotResource="arn:aws:s3:::*")], ALLOWED, id="all resources but others"),
        pytest.param([statement(NotResource="arn:aws:lambda:*")], NOT_GRANTED, id="all resources but this"),
        pytest.param([statement(), statement("Deny", Action="lambda:*")], DENIED, id="a deny wins over an allow"),
        pytest.param([statement("Deny"), statement()], DENIED, id="wherever it stands"),
        pytest.param([statement(), statement("Deny", NotAction="lambda:*")], ALLOWED, id="a deny of all others"),
        pytest.param([statement(), statement("Deny", NotAction="s3:*")], DENIED, id="a deny of all but others"),
        pytest.param([statement(), statement("Deny", Resource="arn:aws:s3:::*")], ALLOWED, id="a deny elsewhere"),
        pytest.param([statement(Condition=MFA)], CONDITIONAL, id="allowed under a condition"),
        pytest.param([statement(Condition=MFA), statement(Action=ACTION)], ALLOWED, id="and once without"),
        pytest.param([statement(Condition={})], ALLOWED, id="an empty condition is none"),
        pytest.param(
            [statement(Resource="arn:aws:lambda:*:*:function:${aws:username}-*")],
            CONDITIONAL,
            id="a resource that depends on who asks",
        ),
        pytest.param(
            [statement(), statement("Deny", Condition=MFA)],
            Decision("conditional", "the policy deployers denies it under a condition"),
            id="denied under a condition",
        ),
        pytest.param(
            [statement(), statement("Deny", Condition=MFA), statement("Deny", Action=ACTION)],
            DENIED,
            id="denied under a condition and without",
        ),
        pytest.param([statement("Deny", Condition=MFA)], NOT_GRANTED, id="denied under a condition, and not allowed"),
    ],
)
def test_a_policy_is_evaluated(statements: list[dict[str, Any]], decision: Decision) -> None:
    assert decide(Policies((policy(*statements),)), ACTION, WRITER) == decision


@pytest.mark.parametrize(
    ("own", "boundary", "decision"),
    [
        pytest.param([statement()], [statement(Action="lambda:*")], ALLOWED, id="both allow"),
        pytest.param(
            [statement()],
            [statement(Action="s3:*")],
            Decision("missing", "the permissions boundary does not allow it"),
            id="the boundary does not",
        ),
        pytest.param([statement(Action="s3:*")], [statement()], NOT_GRANTED, id="a boundary grants nothing"),
        pytest.param(
            [statement()],
            [statement(), statement("Deny", Action="lambda:*")],
            Decision("missing", "the boundary denies it"),
            id="the boundary denies",
        ),
        pytest.param(
            [statement()],
            [statement(Condition=MFA)],
            Decision("conditional", "the boundary allows it under a condition"),
            id="the boundary allows under a condition",
        ),
        pytest.param([statement(Condition=MFA)], [statement()], CONDITIONAL, id="the policy allows under a condition"),
        pytest.param(
            [statement(Condition=MFA)],
            [statement(Action="s3:*")],
            Decision("missing", "the permissions boundary does not allow it"),
            id="a condition does not help over a boundary",
        ),
    ],
)
def test_a_boundary_must_allow_it_as_well(
    own: list[dict[str, Any]], boundary: list[dict[str, Any]], decision: Decision
) -> None:
    policies = Policies((policy(*own),), policy(*boundary, name="boundary"))

    assert decide(policies, ACTION, WRITER) == decision


def test_one_of_many_policies_is_enough_and_one_deny_of_them_too() -> None:
    groups = policy(statement(Action="lambda:*"), name="policy of group deployers")
    denying = policy(statement("Deny", Action=ACTION), name="policy of group interns")

    assert decide(Policies((policy(), groups)), ACTION, WRITER) == ALLOWED
    assert decide(Policies((policy(), groups, denying)), ACTION, WRITER) == Decision(
        "missing", "the policy of group interns denies it"
    )


def test_a_single_statement_needs_no_list() -> None:
    alone = Policy("policy deployers", {"Statement": statement(Action=[ACTION])})

    assert decide(Policies((alone,)), ACTION, WRITER) == ALLOWED


@pytest.mark.parametrize(("resource", "decision"), [("*", ALLOWED), ("arn:aws:logs:*", NOT_GRANTED)])
def test_an_action_without_a_resource_must_be_allowed_on_all(resource: str, decision: Decision) -> None:
    policies = Policies((policy(statement(Action="logs:DescribeLogGroups", Resource=resource)),))

    assert decide(policies, "logs:DescribeLogGroups", "*") == decision
