"""The role a function (or the IoT rule) acts under, with one inline policy that grants what it needs and no more."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

from deploy_steps.aws import tag_list, tag_map
from deploy_steps.contract import UNKNOWN, Change, Result, differences, fields_among, tag_differences, tags_among
from deploy_steps.ownership import ensure_ours
from deploy_steps.task import Actions, Kind
from orchestrator.core.specs import Identity, RoleSpec

KIND = "iam-role"
POLICY_NAME = "gluecode"


def create(client: Any, spec: RoleSpec, *, dry_run: bool = False, new: bool = False) -> Result:
    """Bring the role, its trust, its policy, its boundary and its tags to the spec."""
    if new:
        with suppress(client.exceptions.EntityAlreadyExistsException):
            return Result(KIND, spec.name, "created", outputs={"arn": _create(client, spec)})
    live = _read(client, spec.name)
    if live is None:
        arn = UNKNOWN if dry_run else _create(client, spec)
        return Result(KIND, spec.name, "created", outputs={"arn": arn})
    ensure_ours(KIND, spec.name, spec.owner, live["tags"])
    changes = _changes(spec, live)
    if not dry_run:
        for field in fields_among(changes):
            _write(client, spec, field)
        if tags := tags_among(changes):
            client.tag_role(RoleName=spec.name, Tags=tag_list(tags))
    return Result(KIND, spec.name, "updated" if changes else "unchanged", changes, {"arn": live["arn"]})


def destroy(client: Any, identity: Identity, *, dry_run: bool = False) -> Result:
    """Remove the role and everything attached to it: IAM refuses with DeleteConflict while a policy is left."""
    live = _read(client, identity.name)
    if live is None:
        return Result(KIND, identity.name, "absent")
    ensure_ours(KIND, identity.name, identity.owner, live["tags"])
    if not dry_run:
        for policy in client.list_role_policies(RoleName=identity.name)["PolicyNames"]:
            client.delete_role_policy(RoleName=identity.name, PolicyName=policy)
        for attached in client.list_attached_role_policies(RoleName=identity.name)["AttachedPolicies"]:
            client.detach_role_policy(RoleName=identity.name, PolicyArn=attached["PolicyArn"])
        client.delete_role(RoleName=identity.name)
    return Result(KIND, identity.name, "deleted")


def info(client: Any, spec: RoleSpec) -> Result:
    """Compare the live role with the spec."""
    live = _read(client, spec.name)
    if live is None:
        return Result(KIND, spec.name, "absent")
    changes = _changes(spec, live)
    return Result(KIND, spec.name, "drifted" if changes else "present", changes, {"arn": live["arn"]})


def _trust(service: str) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}],
    }


def _changes(spec: RoleSpec, live: dict[str, Any]) -> tuple[Change, ...]:
    desired = {
        "trust": _trust(spec.trusted_service),
        "permissions_boundary": spec.permissions_boundary,  # first: our own role may write policies only inside of it
        "policy": spec.policy,
    }
    return differences(desired, live) + tag_differences(spec.owner, live["tags"])


def _create(client: Any, spec: RoleSpec) -> str:
    boundary = {"PermissionsBoundary": spec.permissions_boundary} if spec.permissions_boundary else {}
    made = client.create_role(
        RoleName=spec.name,
        AssumeRolePolicyDocument=json.dumps(_trust(spec.trusted_service)),
        Tags=tag_list(spec.owner.tags),
        **boundary,
    )
    _write(client, spec, "policy")
    return str(made["Role"]["Arn"])


def _write(client: Any, spec: RoleSpec, field: str) -> None:
    if field == "trust":
        client.update_assume_role_policy(RoleName=spec.name, PolicyDocument=json.dumps(_trust(spec.trusted_service)))
    elif field == "policy":
        client.put_role_policy(RoleName=spec.name, PolicyName=POLICY_NAME, PolicyDocument=json.dumps(spec.policy))
    elif spec.permissions_boundary:
        client.put_role_permissions_boundary(RoleName=spec.name, PermissionsBoundary=spec.permissions_boundary)
    else:
        client.delete_role_permissions_boundary(RoleName=spec.name)


def _read(client: Any, name: str) -> dict[str, Any] | None:
    try:
        role = client.get_role(RoleName=name)["Role"]
    except client.exceptions.NoSuchEntityException:
        return None
    try:
        policy = _document(client.get_role_policy(RoleName=name, PolicyName=POLICY_NAME)["PolicyDocument"])
    except client.exceptions.NoSuchEntityException:
        policy = None
    return {
        "arn": role["Arn"],
        "trust": _document(role["AssumeRolePolicyDocument"]),
        "policy": policy,
        "permissions_boundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
        "tags": tag_map(role.get("Tags", [])),
    }


def _document(value: Any) -> Any:
    # IAM hands policies back URL-encoded; botocore decodes them on the way in, a raw string comes only from emulators.
    return json.loads(unquote(value)) if isinstance(value, str) else value


kind = Kind(
    name=KIND,
    service="iam",
    spec=RoleSpec,
    identity=Identity,
    create=create,
    destroy=destroy,
    info=info,
    create_first=True,
    actions=Actions(
        create=(
            "iam:GetRole",
            "iam:GetRolePolicy",
            "iam:CreateRole",
            "iam:TagRole",
            "iam:PutRolePolicy",
            "iam:UpdateAssumeRolePolicy",
            "iam:PutRolePermissionsBoundary",
            "iam:DeleteRolePermissionsBoundary",
        ),
        destroy=(
            "iam:GetRole",
            "iam:GetRolePolicy",
            "iam:ListRolePolicies",
            "iam:ListAttachedRolePolicies",
            "iam:DeleteRolePolicy",
            "iam:DetachRolePolicy",
            "iam:DeleteRole",
        ),
        info=("iam:GetRole", "iam:GetRolePolicy"),
    ),
)
create_task = kind.task("create")
destroy_task = kind.task("destroy")
info_task = kind.task("info")
