"""The role a function (or the IoT rule) acts under, with one inline policy that grants what it needs and no more."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

from deploy_steps.aws import tag_list, tag_map
from deploy_steps.contract import Changes, Live, Outputs, Wanted
from deploy_steps.engine import Calls, Facts, plain_kind
from orchestrator.core.specs import Identity, RoleSpec

POLICY_NAME = "gluecode"


def _read(client: Any, wanted: Wanted) -> Live | None:
    try:
        role = client.get_role(RoleName=wanted.name)["Role"]
    except client.exceptions.NoSuchEntityException:
        return None
    try:
        policy = _document(client.get_role_policy(RoleName=wanted.name, PolicyName=POLICY_NAME)["PolicyDocument"])
    except client.exceptions.NoSuchEntityException:
        policy = None
    settings = {
        "trust": _document(role["AssumeRolePolicyDocument"]),
        "policy": policy,
        "permissions_boundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
    }
    return Live(settings, tag_map(role.get("Tags", [])), outputs={"arn": role["Arn"]})


def _document(value: Any) -> Any:
    # IAM hands policies back URL-encoded; botocore decodes them on the way in, a raw string comes only from emulators.
    return json.loads(unquote(value)) if isinstance(value, str) else value


def _desired(spec: RoleSpec) -> dict[str, Any]:
    return {
        "trust": _trust(spec.trusted_service),
        "permissions_boundary": spec.permissions_boundary,  # first: our own role may write policies only inside of it
        "policy": spec.policy,
    }


def _trust(service: str) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}],
    }


def create(client: Any, spec: RoleSpec) -> Outputs:
    """Bring the role, its trust, its policy, its boundary and its tags to the spec."""
    boundary = {"PermissionsBoundary": spec.permissions_boundary} if spec.permissions_boundary else {}
    made = client.create_role(
        RoleName=spec.name,
        AssumeRolePolicyDocument=json.dumps(_trust(spec.trusted_service)),
        Tags=tag_list(spec.owner.tags),
        **boundary,
    )
    _write(client, spec, "policy")
    return {"arn": made["Role"]["Arn"]}


def _update(client: Any, spec: RoleSpec, _live: Live, changes: Changes) -> None:
    for field in changes.fields:
        _write(client, spec, field)
    if changes.tags:
        client.tag_role(RoleName=spec.name, Tags=tag_list(changes.tags))


def _write(client: Any, spec: RoleSpec, field: str) -> None:
    if field == "trust":
        client.update_assume_role_policy(RoleName=spec.name, PolicyDocument=json.dumps(_trust(spec.trusted_service)))
    elif field == "policy":
        client.put_role_policy(RoleName=spec.name, PolicyName=POLICY_NAME, PolicyDocument=json.dumps(spec.policy))
    elif spec.permissions_boundary:
        client.put_role_permissions_boundary(RoleName=spec.name, PermissionsBoundary=spec.permissions_boundary)
    else:
        client.delete_role_permissions_boundary(RoleName=spec.name)


def delete(client: Any, identity: Identity, _live: Live) -> None:
    """Remove the role and everything attached to it: IAM refuses with DeleteConflict while a policy is left."""
    for policy in client.list_role_policies(RoleName=identity.name).get("PolicyNames", []):
        client.delete_role_policy(RoleName=identity.name, PolicyName=policy)
    for attached in client.list_attached_role_policies(RoleName=identity.name).get("AttachedPolicies", []):
        client.detach_role_policy(RoleName=identity.name, PolicyArn=attached["PolicyArn"])
    client.delete_role(RoleName=identity.name)


kind = plain_kind(
    Facts("iam-role", "iam", RoleSpec, Identity, outputs=("arn",), name_taken="EntityAlreadyExistsException"),
    Calls(_read, _desired, create, _update, delete),
    read=("iam:GetRole", "iam:GetRolePolicy"),
    create=(
        "iam:CreateRole",
        "iam:TagRole",
        "iam:PutRolePolicy",
        "iam:UpdateAssumeRolePolicy",
        "iam:PutRolePermissionsBoundary",
        "iam:DeleteRolePermissionsBoundary",
    ),
    destroy=(
        "iam:ListRolePolicies",
        "iam:ListAttachedRolePolicies",
        "iam:DeleteRolePolicy",
        "iam:DetachRolePolicy",
        "iam:DeleteRole",
    ),
)
create_task, destroy_task, info_task = kind.handlers()
