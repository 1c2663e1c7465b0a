"""The policy to paste grants what was asked about, within IAM's limit, on no more than the twin's resources."""

from __future__ import annotations

import json

import pytest

from deploy_steps.shared.simulation import ALLOWED, NOT_GRANTED, Decision
from orchestrator.core.names import NAME_LIMIT, Installation, TwinNames
from orchestrator.operations.iam_check import COMMAND_LINE, INSTALL, LAYERS, Finding, policies
from orchestrator.operations.iam_check.evaluation import Policies, Policy, decide
from orchestrator.operations.iam_check.places import Place, Places
from orchestrator.operations.iam_check.policy import LIMIT
from orchestrator.operations.iam_check.required import Use, uses

HERE = Installation("gluecode", "aws", "eu-central-1", "123456789012")
GROUPS = (*LAYERS, COMMAND_LINE, INSTALL)
LONGEST = ("factory-" * 20)[:NAME_LIMIT]


def findings(group: str, twin: str | None, decision: Decision = NOT_GRANTED) -> list[Finding]:
    """Everything that a group takes, decided alike."""
    places = Places(HERE, twin)
    return [Finding(group, use.action, places.of(group, use), (use.by,), decision) for use in uses(group)]


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("twin", [None, "factory-twin", LONGEST], ids=["any twin", "one twin", "the longest name"])
def test_what_is_pasted_allows_what_was_missing(group: str, twin: str | None) -> None:
    missing = findings(group, twin)

    pasted = Policies(tuple(Policy("pasted", document) for document in policies(missing)))

    decided = {(each.action, each.place.asked): decide(pasted, each.action, each.place.asked) for each in missing}
    assert {ask[0] for ask, decision in decided.items() if decision != ALLOWED} <= {"iam:PassRole"}
    assert "missing" not in {decision.verdict for decision in decided.values()}


def test_all_of_it_at_once_is_spread_over_policies_that_iam_takes() -> None:
    documents = policies([finding for group in GROUPS for finding in findings(group, LONGEST)])

    assert len(documents) > 1
    assert [len(json.dumps(each, separators=(",", ":"))) <= LIMIT for each in documents] == [True] * len(documents)


def test_a_twin_that_is_named_bounds_the_policy_to_its_resources() -> None:
    (document,) = policies(findings("layer_1", "factory-twin"))
    pasted = Policies((Policy("pasted", document),))
    mine, other = (HERE.function_arn(TwinNames(twin).function("dispatcher")) for twin in ("factory-twin", "office"))

    assert decide(pasted, "lambda:CreateFunction", mine) == ALLOWED
    assert decide(pasted, "lambda:CreateFunction", other) == NOT_GRANTED


def test_a_role_may_be_passed_to_the_services_that_take_roles_alone() -> None:
    (document,) = policies(findings("layer_1", None))

    (passing,) = [each for each in document["Statement"] if "iam:PassRole" in each["Action"]]
    assert passing["Condition"]["StringEquals"]["iam:PassedToService"][:2] == [
        "lambda.amazonaws.com",
        "iot.amazonaws.com",
    ]


def test_what_a_policy_denies_no_policy_can_grant() -> None:
    assert policies(findings("layer_2", None, Decision("missing", "a policy denies it"))) == ()


@pytest.mark.parametrize(
    ("group", "use", "place"),
    [
        (
            COMMAND_LINE,
            Use("states:StartExecution", "deploy"),
            Place(
                "arn:aws:states:eu-central-1:123456789012:stateMachine:gluecode-deploy",
                ("arn:aws:states:eu-central-1:123456789012:stateMachine:gluecode-*",),
            ),
        ),
        (
            COMMAND_LINE,
            Use("states:RedriveExecution", "resume"),
            Place(
                "arn:aws:states:eu-central-1:123456789012:execution:gluecode-deploy:my-twin",
                ("arn:aws:states:eu-central-1:123456789012:execution:gluecode-*:*",),
            ),
        ),
        (
            COMMAND_LINE,
            Use("logs:FilterLogEvents", "logs"),
            Place(
                "arn:aws:logs:eu-central-1:123456789012:log-group:/gluecode/steps:log-stream:",
                (
                    "arn:aws:logs:eu-central-1:123456789012:log-group:/gluecode/steps:*",
                    "arn:aws:logs:eu-central-1:123456789012:log-group:/gluecode/*",
                ),
            ),
        ),
        (
            COMMAND_LINE,
            Use("iot:Publish", "send"),
            Place(
                "arn:aws:iot:eu-central-1:123456789012:topic/my-twin/iot-data",
                ("arn:aws:iot:eu-central-1:123456789012:topic/*/iot-data",),
            ),
        ),
        (
            INSTALL,
            Use("iam:CreatePolicy", "install"),
            Place("arn:aws:iam::123456789012:policy/gluecode-x", ("arn:aws:iam::123456789012:policy/gluecode*",)),
        ),
        (
            INSTALL,
            Use("iam:PutRolePolicy", "install"),
            Place("arn:aws:iam::123456789012:role/gluecode-x", ("arn:aws:iam::123456789012:role/gluecode*",)),
        ),
        (
            INSTALL,
            Use("s3:CreateBucket", "install"),
            Place(
                "arn:aws:s3:::gluecode-artifacts-123456789012-eu-central-1",
                ("arn:aws:s3:::gluecode-artifacts-123456789012-eu-central-1",),
            ),
        ),
    ],
)
def test_a_place_is_one_resource_and_the_pattern_of_all_like_it(group: str, use: Use, place: Place) -> None:
    assert Places(HERE).of(group, use) == place
