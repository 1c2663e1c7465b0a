"""The role a function (or the IoT rule) acts under, with one inline policy that grants what it needs and no more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from deploy_steps.aws import tag_list, tag_map
from deploy_steps.contract import Changes, Live, Outputs, Wanted
from deploy_steps.engine import Calls, Facts, plain_kind
from orchestrator.core.inline_policy import covers, widened
from orchestrator.core.names import region_of, role_name, role_path
from orchestrator.core.specs import GlobalIdentity, RoleSpec

POLICY_NAME = "gluecode"


def name_of(wanted: Wanted) -> str:
    """What IAM calls the role."""
    if isinstance(wanted, GlobalIdentity) and wanted.unscoped:
        return wanted.name
    return role_name(wanted.name, wanted.owner.installation)


def _read(client: Any, wanted: RoleSpec | GlobalIdentity) -> Live | None:
    try:
        role = client.get_role(RoleName=name_of(wanted))["Role"]
    except client.exceptions.NoSuchEntityException:
        return None
    try:
        policy = _document(client.get_role_policy(RoleName=name_of(wanted), PolicyName=POLICY_NAME)["PolicyDocument"])
    except client.exceptions.NoSuchEntityException:
        policy = None
    if isinstance(wanted, GlobalIdentity) and wanted.unscoped and _of_another_region(wanted, policy):
        return None
    if isinstance(wanted, RoleSpec) and wanted.keep_rights and covers(policy, wanted.policy):
        policy = wanted.policy  # what it may do besides is not compared
    settings = {
        "trust": _document(role["AssumeRolePolicyDocument"]),
        "policy": policy,
        "permissions_boundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
    }
    return Live(settings, tag_map(role.get("Tags", [])), outputs=_outputs(role))


def _outputs(role: Any) -> Outputs:
    return {"arn": role["Arn"], "id": role["RoleId"]}


def _of_another_region(wanted: GlobalIdentity, policy: Any) -> bool:
    """Whether functions in another region act under the role: its policy names that region's resources."""
    return bool({*_regions(policy)} - {region_of(wanted.owner.installation)})


def _regions(policy: Any) -> Iterator[str]:
    if isinstance(policy, str) and policy.startswith("arn:"):
        yield from filter(None, policy.split(":")[3:4])
    elif isinstance(policy, list | dict):
        for each in policy.values() if isinstance(policy, dict) else policy:
            yield from _regions(each)


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
        RoleName=name_of(spec),
        Path=role_path(spec.owner.installation),
        AssumeRolePolicyDocument=json.dumps(_trust(spec.trusted_service)),
        Tags=tag_list(spec.owner.tags),
        **boundary,
    )
    _write(client, spec, "policy")
    return _outputs(made["Role"])


def _update(client: Any, spec: RoleSpec, live: Live, changes: Changes) -> None:
    if spec.keep_rights:
        spec = replace(spec, policy=widened(live.settings["policy"], spec.policy))
    for field in changes.fields:
        _write(client, spec, field)
    if changes.tags:
        client.tag_role(RoleName=name_of(spec), Tags=tag_list(changes.tags))


def _write(client: Any, spec: RoleSpec, field: str) -> None:
    name = name_of(spec)
    if field == "trust":
        client.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(_trust(spec.trusted_service)))
    elif field == "policy":
        client.put_role_policy(RoleName=name, PolicyName=POLICY_NAME, PolicyDocument=json.dumps(spec.policy))
    elif spec.permissions_boundary:
        client.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=spec.permissions_boundary)
    else:
        client.delete_role_permissions_boundary(RoleName=name)


def delete(client: Any, identity: GlobalIdentity, _live: Live) -> None:
    """Remove the role and everything attached to it: IAM refuses with DeleteConflict while a policy is left."""
    name = name_of(identity)
    inline = client.get_paginator("list_role_policies").paginate(RoleName=name)
    for policy in list(inline.search("PolicyNames[]")):
        client.delete_role_policy(RoleName=name, PolicyName=policy)
    attached = client.get_paginator("list_attached_role_policies").paginate(RoleName=name)
    for arn in list(attached.search("AttachedPolicies[].PolicyArn")):
        client.detach_role_policy(RoleName=name, PolicyArn=arn)
    client.delete_role(RoleName=name)


kind = plain_kind(
    Facts(
        "iam-role",
        "iam",
        RoleSpec,
        GlobalIdentity,
        outputs=("arn", "id"),
        name_taken="EntityAlreadyExistsException",
        named=name_of,
    ),
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
