"""What is made of the answers of IAM's policy simulator, as AWS gives them and as emulators do."""

from __future__ import annotations

from typing import Any

import pytest

from deploy_steps.shared.simulation import ALLOWED, NOT_GRANTED, Decision, simulate
from tests.contract.stubbed import stubbed

ROLE = "arn:aws:iam::123456789012:role/gluecode-CreateFunctionRole-1"
FUNCTION = "arn:aws:lambda:eu-central-1:123456789012:function:factory-writer"
DENIED = {"EvalDecision": "implicitDeny"}


def result(action: str = "lambda:GetFunction", **fields: Any) -> dict[str, Any]:
    """One evaluation as the simulator answers it."""
    return {"EvalActionName": action, "EvalDecision": "allowed", **fields}


@pytest.mark.parametrize(
    ("answer", "decision"),
    [
        pytest.param(result(), ALLOWED, id="allowed"),
        pytest.param(result(**DENIED), NOT_GRANTED, id="granted by no policy"),
        pytest.param(
            result(EvalDecision="explicitDeny"), Decision("missing", "a policy denies it"), id="denied by a policy"
        ),
        pytest.param(
            result(**DENIED, PermissionsBoundaryDecisionDetail={"AllowedByPermissionsBoundary": False}),
            Decision("missing", "the permissions boundary does not allow it"),
            id="outside the boundary",
        ),
        pytest.param(
            result(**DENIED, PermissionsBoundaryDecisionDetail={"AllowedByPermissionsBoundary": True}),
            NOT_GRANTED,
            id="inside the boundary, but granted by no policy",
        ),
        pytest.param(
            result(EvalDecision="explicitDeny", OrganizationsDecisionDetail={"AllowedByOrganizations": False}),
            Decision("conditional", "a service control policy of the organization may deny it"),
            id="denied by an organization, whose conditions the simulator leaves out",
        ),
        pytest.param(
            result(**DENIED, MissingContextValues=["iam:PassedToService"]),
            Decision("conditional", "it depends on iam:PassedToService"),
            id="a condition nobody gave a value for",
        ),
        pytest.param(
            result(
                **DENIED,
                ResourceSpecificResults=[
                    {
                        "EvalResourceName": FUNCTION,
                        "EvalResourceDecision": "implicitDeny",
                        "MissingContextValues": ["aws:SourceIp", "aws:MultiFactorAuthAge"],
                    }
                ],
            ),
            Decision("conditional", "it depends on aws:MultiFactorAuthAge, aws:SourceIp"),
            id="the same, told for the resource",
        ),
    ],
)
def test_an_answer_is_read(answer: dict[str, Any], decision: Decision) -> None:
    iam = stubbed("iam", ("simulate_principal_policy", {"EvaluationResults": [answer]}))

    assert simulate(iam, ROLE, [("lambda:GetFunction", FUNCTION)]) == {("lambda:GetFunction", FUNCTION): decision}


def test_actions_on_one_resource_are_asked_about_in_one_call_and_every_page_is_read() -> None:
    iam = stubbed(
        "iam",
        (
            "simulate_principal_policy",
            {"EvaluationResults": [result("lambda:GetFunction")], "IsTruncated": True, "Marker": "more"},
        ),
        ("simulate_principal_policy", {"EvaluationResults": [result("lambda:TagResource", **DENIED)]}),
        ("simulate_principal_policy", {"EvaluationResults": [result("logs:DescribeLogGroups")]}),
    )

    decided = simulate(
        iam,
        ROLE,
        [("lambda:TagResource", FUNCTION), ("lambda:GetFunction", FUNCTION), ("logs:DescribeLogGroups", "~")],
    )

    assert decided == {
        ("lambda:GetFunction", FUNCTION): ALLOWED,
        ("lambda:TagResource", FUNCTION): NOT_GRANTED,
        ("logs:DescribeLogGroups", "~"): ALLOWED,
    }
    iam.all_answers_given()
