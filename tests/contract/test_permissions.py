"""What is particular about permissions: the policy's shape on AWS, other people's statements, and visibility."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deploy_steps.contract import Change
from deploy_steps.errors import NotReady
from deploy_steps.kinds import permissions
from orchestrator.core.specs import InvalidSpec, Owner, PermissionsSpec, Statement
from tests.contract import rows_functions as rows
from tests.contract.stubbed import stubbed
from tests.contract.world import World

FUNCTION_ARN = "arn:aws:lambda:eu-central-1:111122223333:function:twin-ingestion"
RULE_ARN = "arn:aws:iot:eu-central-1:111122223333:rule/twin_trigger_dispatcher"
SPEC = PermissionsSpec(
    name="twin-ingestion",
    owner=Owner("twin", "L2"),
    statements=(
        Statement("gluecode-url", "*", "lambda:InvokeFunctionUrl", function_url_auth_type="NONE"),
        Statement("gluecode-url-invoke", "*", "lambda:InvokeFunction", invoked_via_function_url=True),
        Statement("gluecode-rule", "iot.amazonaws.com", "lambda:InvokeFunction", source_arn=RULE_ARN),
    ),
)
# The policy as AWS's documentation shows it after these three were added.
AS_ON_AWS: list[dict[str, Any]] = [
    {
        "Sid": "gluecode-url",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "lambda:InvokeFunctionUrl",
        "Resource": FUNCTION_ARN,
        "Condition": {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}},
    },
    {
        "Sid": "gluecode-url-invoke",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "lambda:InvokeFunction",
        "Resource": FUNCTION_ARN,
        "Condition": {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}},
    },
    {
        "Sid": "gluecode-rule",
        "Effect": "Allow",
        "Principal": {"Service": "iot.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": FUNCTION_ARN,
        "Condition": {"ArnLike": {"AWS:SourceArn": RULE_ARN}},
    },
]
OURS = {"Configuration": {"FunctionArn": FUNCTION_ARN}, "Tags": SPEC.owner.tags}


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    """GetPolicy's answer."""
    return {"Policy": json.dumps({"Version": "2012-10-17", "Id": "default", "Statement": statements})}


def test_the_policy_as_aws_writes_it_is_as_specified() -> None:
    client = stubbed("lambda", ("get_policy", policy(*AS_ON_AWS)))

    assert permissions.kind.create(client, SPEC).outcome == "unchanged"


@pytest.mark.parametrize(
    "altered",
    [
        pytest.param({"Condition": {}}, id="without its condition direct Invoke is open to the world"),
        pytest.param({"Condition": {"Bool": {"lambda:InvokedViaFunctionUrl": "false"}}}, id="condition turned round"),
        pytest.param({"Principal": {"AWS": "AROAEXAMPLEID"}}, id="principal of a role that is gone"),
        pytest.param({"Principal": {"AWS": "*"}, "Action": "lambda:*"}, id="wider action"),
        pytest.param(
            {
                "Condition": {
                    "Bool": {"lambda:InvokedViaFunctionUrl": "true"},
                    "StringEquals": {"aws:PrincipalOrgID": "o-example"},
                }
            },
            id="one condition too many shuts the other cloud out",
        ),
    ],
)
def test_a_statement_that_differs_in_any_part_is_drift(altered: dict[str, Any]) -> None:
    first, second, third = AS_ON_AWS
    client = stubbed("lambda", ("get_policy", policy(first, {**second, **altered}, third)))

    seen = permissions.kind.info(client, SPEC)

    assert (seen.outcome, [change.field for change in seen.changes]) == ("drifted", ["statement gluecode-url-invoke"])


def test_statements_that_do_not_show_yet_are_waited_for_and_told_to_the_journal() -> None:
    client = stubbed(
        "lambda",
        ("get_policy", ("ResourceNotFoundException", "The resource you requested does not exist.")),
        ("get_function", OURS),
        *[("add_permission", {})] * 3,
        ("get_policy", policy(*AS_ON_AWS[:2])),
    )

    with pytest.raises(NotReady, match="twin-ingestion") as waiting:
        permissions.kind.create(client, SPEC)

    client.all_answers_given()
    assert waiting.value.achieved is not None
    assert waiting.value.achieved.outcome == "created"


def test_other_peoples_statements_are_neither_reported_nor_removed(world: World) -> None:
    rows.prepare_ours(world)
    rows.add_by_hand(world, "their-own", Principal="iot.amazonaws.com")

    created = world.create(rows.PERMISSIONS.kind, rows.permissions(world))
    world.destroy(rows.PERMISSIONS.kind, rows.bare(world))

    left = json.loads(world.hand("lambda").get_policy(FunctionName=rows.name_of(world))["Policy"])["Statement"]
    assert (created["outcome"], created["changes"]) == ("created", [])
    assert [statement["Sid"] for statement in left] == ["their-own"]


def test_a_function_nobody_calls_from_outside_has_no_statements_and_costs_one_read(world: World) -> None:
    rows.prepare_ours(world)
    spec = {**rows.bare(world), "statements": []}

    answer = world.create(rows.PERMISSIONS.kind, spec)

    assert (answer["outcome"], len(world.calls)) == ("unchanged", 1)
    assert world.info(rows.PERMISSIONS.kind, spec)["outcome"] == "present"


def test_a_statement_that_could_not_be_told_from_other_peoples_is_refused() -> None:
    with pytest.raises(InvalidSpec, match="'url' must start with 'gluecode-'"):
        Statement("url", "*", "lambda:InvokeFunction")


def test_a_repair_reports_both_sides_of_the_statement() -> None:
    client = stubbed("lambda", ("get_policy", policy(*AS_ON_AWS[:2])))

    seen = permissions.kind.info(client, SPEC)

    wanted = {
        "principal": "iot.amazonaws.com",
        "action": "lambda:InvokeFunction",
        "conditions": {"ArnLike aws:sourcearn": RULE_ARN},
    }
    assert seen.changes == (Change("statement gluecode-rule", None, wanted),)
