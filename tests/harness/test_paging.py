"""A list call that is cut after its first entry hides nothing: every task reads on to the last page."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from deploy_steps import aws
from tests.harness import paging
from tests.harness.account import Account
from tests.proofs.projects import SCENARIOS, TWIN, Project
from tests.proofs.stories import DEPLOY, DESTROY, STORIES

_POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with Account() as opened:
        opened.pages.page = 1
        yield opened


def test_a_twin_is_deployed_found_unchanged_and_destroyed_to_nothing_from_pages_of_one(account: Account) -> None:
    account.clear()
    for mapping in SCENARIOS.values():
        account.upload(TWIN, Project(mapping).files)
        assert account.run("deploy", DEPLOY).succeeded
        again = account.run("deploy", DEPLOY)
        assert (again.succeeded, list(map(str, again.writes))) == (True, [])

    assert account.run("destroy", DESTROY).succeeded
    assert not account.picture()


def test_a_role_is_destroyed_with_every_policy_that_was_added_to_it(account: Account) -> None:
    account.clear()
    account.upload(TWIN, Project(("aws", "aws", "aws")).files)
    assert account.run("deploy", DEPLOY).succeeded
    iam, role = account.client("iam"), "factory-dispatcher-us-east-1-gluecode"
    for name in ("ReadOnlyAccess", "SecurityAudit", "ViewOnlyAccess"):
        iam.attach_role_policy(RoleName=role, PolicyArn=f"arn:aws:iam::aws:policy/{name}")
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(_POLICY))

    assert account.run("destroy", DESTROY).succeeded
    assert not account.picture()
    assert account.pages.cut >= {"iam:ListRolePolicies", "iam:ListAttachedRolePolicies"}


def test_tags_of_somebody_elses_do_not_hide_ours(account: Account) -> None:
    account.clear()
    account.upload(TWIN, Project(("aws", "aws", "aws")).files)
    assert account.run("deploy", DEPLOY).succeeded
    table = account.client("dynamodb").describe_table(TableName="factory-hot-iot-data")["Table"]["TableArn"]
    rule = account.client("iot").get_topic_rule(ruleName="factory_trigger_dispatcher")["ruleArn"]
    theirs = [{"Key": f"a{number}", "Value": "theirs"} for number in range(3)]
    account.client("dynamodb").tag_resource(ResourceArn=table, Tags=theirs)
    account.client("iot").tag_resource(resourceArn=rule, tags=theirs)

    assert account.run("destroy", DESTROY).succeeded
    assert not account.picture()


@pytest.mark.parametrize("call", [*paging.LISTINGS, *paging.LIMITS])
def test_the_table_pages_as_botocore_says(call: str) -> None:
    service, operation = call.split(":")
    model = aws.new_session().get_service_model(service).operation_model(operation)
    assert model.output_shape
    assert model.input_shape
    answer, asked = model.output_shape.members, model.input_shape.members

    if call in paging.LIMITS:
        assert paging.LIMITS[call] in asked
    else:
        listing = paging.LISTINGS[call]
        assert {listing.entries, listing.answered} <= set(answer)
        assert listing.asked in asked


@pytest.mark.parametrize(
    "title", [each.title for each in STORIES if "report" in each.title or "CloudFormation" in each.title]
)
def test_a_story_that_reads_a_long_history_is_told_from_pages_of_one(account: Account, title: str) -> None:
    account.clear()
    (story,) = [each for each in STORIES if each.title == title]

    done = list(story.play(account, account.run))

    assert [each.status for each in done] == ["SUCCEEDED"] * len(done)
