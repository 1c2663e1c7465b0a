"""What is changed by hand behind the product's back: each answers what `inspect` has to name for it.

Roles are found by what a function is configured with, not by a rule for their names.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from orchestrator.core.names import TwinNames
from tests.aws_proof.events import OVEN
from tests.aws_proof.stage import Stage


@dataclass(frozen=True)
class Drift:
    """`do` makes it and answers `kind name`, as in the findings of `inspect`; empty where inspect need not notice."""

    title: str
    do: Callable[[Stage], str]


def _names(stage: Stage) -> TwinNames:
    return TwinNames(stage.names.twin)


def _role_of(stage: Stage, function: str) -> str:
    """The name of the role that a function has now."""
    found = stage.client("lambda").get_function_configuration(FunctionName=function)
    return str(found["Role"]).rpartition("/")[2]


def _empty(stage: Stage, role: str) -> None:
    iam = stage.client("iam")
    for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        iam.delete_role_policy(RoleName=role, PolicyName=policy)
    for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])


def _policy_deleted(stage: Stage) -> str:
    role = _role_of(stage, _names(stage).function("persister"))
    _empty(stage, role)
    return f"iam-role {role}"


def _environment_changed(stage: Stage) -> str:
    functions, name = stage.client("lambda"), _names(stage).function("persister")
    live = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    changed = {**live, "DYNAMODB_TABLE_NAME": "another-table", "ADDED": "by hand"}
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": changed})
    stage.until("the changed function to be ready", lambda: _ready(functions, name), stage.patience.settle)
    return f"function {name}"


def _ready(functions: Any, name: str) -> bool | None:
    found = functions.get_function_configuration(FunctionName=name)
    return True if found.get("LastUpdateStatus", "Successful") != "InProgress" else None


def _rule_disabled(stage: Stage) -> str:
    stage.client("iot").disable_topic_rule(ruleName=_names(stage).iot_rule)
    return f"iot-rule {_names(stage).iot_rule}"


def _role_deleted(stage: Stage) -> str:
    role = _role_of(stage, _names(stage).device_processor(OVEN))
    _empty(stage, role)
    stage.client("iam").delete_role(RoleName=role)
    return f"iam-role {role}"


def _role_made_anew(stage: Stage) -> str:
    """Under its name and with all that it had, so that only its unique id is another one."""
    iam, name = stage.client("iam"), _role_of(stage, _names(stage).function("processor"))
    role = iam.get_role(RoleName=name)["Role"]
    inline = iam.list_role_policies(RoleName=name)["PolicyNames"]
    documents = {each: iam.get_role_policy(RoleName=name, PolicyName=each)["PolicyDocument"] for each in inline}
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    _empty(stage, name)
    iam.delete_role(RoleName=name)
    boundary = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    made = iam.create_role(
        RoleName=name,
        Path=role["Path"],
        AssumeRolePolicyDocument=json.dumps(role["AssumeRolePolicyDocument"]),
        Description=role.get("Description", ""),
        Tags=role.get("Tags", []),
        **({"PermissionsBoundary": boundary} if boundary else {}),
    )["Role"]
    for policy, document in documents.items():
        iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(document))
    for policy in attached:
        iam.attach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
    stage.note(f"the role {name} had the id {role['RoleId']}, and has {made['RoleId']} now")
    return ""


def _url_closed(stage: Stage) -> str:
    functions, name = stage.client("lambda"), _names(stage).function("writer")
    for statement in json.loads(functions.get_policy(FunctionName=name)["Policy"])["Statement"]:
        functions.remove_permission(FunctionName=name, StatementId=statement["Sid"])
    return f"permissions {name}"


ON_AWS = (
    Drift("a role's policies are deleted", _policy_deleted),
    Drift("a function's environment is changed", _environment_changed),
    Drift("the IoT rule is disabled", _rule_disabled),
    Drift("a role is deleted", _role_deleted),
    Drift("a role is deleted and made anew by hand, as it was", _role_made_anew),
)
OVER_ANOTHER_CLOUD = (Drift("the statements of the public URL are removed", _url_closed),)
