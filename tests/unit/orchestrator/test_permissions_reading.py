"""Whoever asks is told apart, and every policy that counts for them is found."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from deploy_steps.shared.simulation import ALLOWED, NOT_GRANTED, Decision
from orchestrator.operations.iam_check.evaluation import decide
from orchestrator.operations.iam_check.principal import Principal, principal
from orchestrator.operations.iam_check.reading import Read, read
from tests.contract.stubbed import stubbed
from tests.emulated import aws_account

ACCOUNT = "123456789012"
ALICE = Principal("user", "alice", f"arn:aws:iam::{ACCOUNT}:user/people/alice")
CI = Principal("role", "ci", f"arn:aws:iam::{ACCOUNT}:role/pipelines/ci")
OUT_OF_BOUNDS = Decision("missing", "the permissions boundary does not allow it")
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
WRITER = f"arn:aws:lambda:eu-central-1:{ACCOUNT}:function:factory-writer"


@pytest.fixture
def iam() -> Iterator[Any]:
    """An account with the user alice and the role ci, who may do nothing."""
    with aws_account():
        client = boto3.client("iam", aws_access_key_id="test", aws_secret_access_key="test")
        client.create_user(UserName="alice", Path="/people/")
        client.create_role(RoleName="ci", Path="/pipelines/", AssumeRolePolicyDocument=document())
        yield client


def document(*actions: str, effect: str = "Allow") -> str:
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": effect, "Action": list(actions), "Resource": "*"}] if actions else [],
        }
    )


def managed(iam: Any, name: str, text: str) -> str:
    return str(iam.create_policy(PolicyName=name, PolicyDocument=text)["Policy"]["Arn"])


def decided(found: Read, action: str) -> Decision:
    return decide(found.policies, action, WRITER)


@pytest.mark.parametrize(
    ("arn", "who"),
    [
        (f"arn:aws:iam::{ACCOUNT}:root", Principal("root", "root", f"arn:aws:iam::{ACCOUNT}:root")),
        (ALICE.arn, ALICE),
        (CI.arn, CI),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/ci/build-7", CI),
        (
            f"arn:aws-cn:sts::{ACCOUNT}:assumed-role/of-another-account/x",
            Principal("role", "of-another-account", f"arn:aws-cn:iam::{ACCOUNT}:role/of-another-account"),
        ),
        (
            f"arn:aws:sts::{ACCOUNT}:federated-user/bob",
            Principal("federated", "bob", f"arn:aws:sts::{ACCOUNT}:federated-user/bob"),
        ),
        (
            f"arn:aws:iam::{ACCOUNT}:group/deployers",
            Principal("other", "group/deployers", f"arn:aws:iam::{ACCOUNT}:group/deployers"),
        ),
    ],
)
def test_the_principal_behind_an_identity_is_found(iam: Any, arn: str, who: Principal) -> None:
    assert principal(iam, arn) == who


def test_a_session_whose_role_may_not_be_looked_at_is_taken_for_a_role_without_a_path() -> None:
    refusing = stubbed("iam", ("get_role", ("AccessDenied", "not authorized to perform: iam:GetRole")))

    found = principal(refusing, f"arn:aws:sts::{ACCOUNT}:assumed-role/ci/build-7")

    assert found == Principal("role", "ci", f"arn:aws:iam::{ACCOUNT}:role/ci")


def test_a_users_own_and_attached_policies_count(iam: Any) -> None:
    iam.put_user_policy(UserName="alice", PolicyName="own", PolicyDocument=document("lambda:Get*"))
    arn = managed(iam, "shared", document("lambda:CreateFunction"))
    iam.attach_user_policy(UserName="alice", PolicyArn=arn)

    found = read(iam, ALICE)

    assert [policy.name for policy in found.policies.granting] == [
        "inline policy own of user alice",
        "policy shared of user alice",
    ]
    assert decided(found, "lambda:GetFunction") == ALLOWED
    assert decided(found, "lambda:CreateFunction") == ALLOWED
    assert decided(found, "lambda:DeleteFunction") == NOT_GRANTED


def test_the_policies_of_a_users_groups_count_with_their_denies(iam: Any) -> None:
    for group in ("deployers", "interns"):
        iam.create_group(GroupName=group)
        iam.add_user_to_group(GroupName=group, UserName="alice")
    iam.put_group_policy(GroupName="deployers", PolicyName="all", PolicyDocument=document("lambda:*"))
    denying = managed(iam, "no-urls", document("lambda:CreateFunctionUrlConfig", effect="Deny"))
    iam.attach_group_policy(GroupName="interns", PolicyArn=denying)

    found = read(iam, ALICE)

    assert decided(found, "lambda:CreateFunction") == ALLOWED
    assert decided(found, "lambda:CreateFunctionUrlConfig") == Decision(
        "missing", "the policy no-urls of group interns denies it"
    )


def test_a_roles_boundary_counts(iam: Any) -> None:
    iam.put_role_policy(RoleName="ci", PolicyName="own", PolicyDocument=document("lambda:*"))
    iam.put_role_permissions_boundary(
        RoleName="ci", PermissionsBoundary=managed(iam, "bounds", document("lambda:Get*"))
    )

    found = read(iam, CI)

    assert decided(found, "lambda:GetFunction") == ALLOWED
    assert decided(found, "lambda:CreateFunction") == OUT_OF_BOUNDS


def test_a_users_boundary_counts() -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:policy/bounds"
    user = {"UserName": "alice", "Path": "/", "UserId": "AIDA" + "0" * 17, "Arn": ALICE.arn, "CreateDate": LONG_AGO}
    version = {"VersionId": "v2", "Document": document("lambda:Get*")}
    iam = stubbed(
        "iam",
        ("list_user_policies", {"PolicyNames": ["own"]}),
        ("get_user_policy", {"UserName": "alice", "PolicyName": "own", "PolicyDocument": document("lambda:*")}),
        ("list_attached_user_policies", {"AttachedPolicies": []}),
        ("list_groups_for_user", {"Groups": []}),
        ("get_user", {"User": {**user, "PermissionsBoundary": {"PermissionsBoundaryArn": arn}}}),
        ("get_policy", {"Policy": {"Arn": arn, "DefaultVersionId": "v2"}}),
        ("get_policy_version", {"PolicyVersion": version}),
    )

    found = read(iam, ALICE)

    assert decided(found, "lambda:GetFunction") == ALLOWED
    assert decided(found, "lambda:CreateFunction") == OUT_OF_BOUNDS


def test_a_managed_policy_counts_in_its_default_version(iam: Any) -> None:
    arn = managed(iam, "shared", document("lambda:*"))
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=document("lambda:Get*"), SetAsDefault=True)
    iam.attach_role_policy(RoleName="ci", PolicyArn=arn)

    found = read(iam, CI)

    assert decided(found, "lambda:GetFunction") == ALLOWED
    assert decided(found, "lambda:CreateFunction") == NOT_GRANTED


def test_what_may_not_be_read_is_named_and_the_rest_is_read() -> None:
    denied = ("AccessDenied", "not authorized")
    iam = stubbed(
        "iam",
        ("list_user_policies", {"PolicyNames": ["own"]}),
        (
            "get_user_policy",
            {"UserName": "alice", "PolicyName": "own", "PolicyDocument": document("lambda:*")},
        ),
        ("list_attached_user_policies", denied),
        ("list_groups_for_user", denied),
        ("get_user", denied),
    )

    found = read(iam, ALICE)

    assert decided(found, "lambda:CreateFunction") == ALLOWED
    assert found.unread == (
        "the attached policies of user alice (AccessDenied)",
        "the groups of user alice (AccessDenied)",
        "the permissions boundary of user alice (AccessDenied)",
    )
