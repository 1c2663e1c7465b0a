"""Who may call a function: the statements in its resource policy that let a Function URL or an IoT rule in.

One step writes all statements of a function, one after the other: AWS loses some that are added in parallel. Only
statements whose id starts with `gluecode-` are ours; the others in the policy stay.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from deploy_steps.contract import Changes, Live
from deploy_steps.engine import Calls, Facts, plain_kind
from deploy_steps.kinds.shared.function_ownership import READ_FUNCTION, ensure_function_ours
from orchestrator.core.specs import STATEMENTS, Identity, PermissionsSpec, Statement


def _read(client: Any, wanted: PermissionsSpec | Identity) -> Live | None:
    """Our statements, in the shape of `_desired`; None when there is none, unless none is wanted."""
    try:
        policy = json.loads(client.get_policy(FunctionName=wanted.name)["Policy"])["Statement"]
    except client.exceptions.ResourceNotFoundException:  # no policy, or no function
        policy = []
    ours = {
        f"statement {statement['Sid']}": {
            "principal": _principal(statement["Principal"]),
            "action": statement["Action"],
            "conditions": _conditions(statement.get("Condition", {})),
        }
        for statement in policy
        if statement.get("Sid", "").startswith(STATEMENTS)
    }
    none_wanted = isinstance(wanted, PermissionsSpec) and not wanted.statements
    return Live(ours) if ours or none_wanted else None


def _principal(live: Any) -> Any:
    # AWS writes "*" or {"Service": ...}; an account or a role is under "AWS" (as AROA... once the role is gone).
    if isinstance(live, Mapping) and len(live) == 1:
        return next(iter(live.values()))
    return live


def _conditions(live: Mapping[str, Any]) -> dict[str, Any]:
    # Condition keys have no case (AWS writes `AWS:SourceArn`), and a Bool's value is the text "true".
    return {
        f"{operator} {key.lower()}": str(value).lower() if operator == "Bool" else value
        for operator, keys in live.items()
        for key, value in keys.items()
    }


def _desired(spec: PermissionsSpec) -> dict[str, Any]:
    return {f"statement {statement.id}": _statement(statement) for statement in spec.statements}


def _statement(statement: Statement) -> dict[str, Any]:
    conditions = {}
    if statement.source_arn is not None:
        conditions["ArnLike aws:sourcearn"] = statement.source_arn
    if statement.function_url_auth_type is not None:
        conditions["StringEquals lambda:functionurlauthtype"] = statement.function_url_auth_type
    if statement.invoked_via_function_url is not None:
        conditions["Bool lambda:invokedviafunctionurl"] = str(statement.invoked_via_function_url).lower()
    return {"principal": statement.principal, "action": statement.action, "conditions": conditions}


def create(client: Any, spec: PermissionsSpec) -> None:
    """Add what is missing, replace what differs, remove what is ours and not wanted, and see that it shows.

    Of a function that has just been made, whether its statements show is seen later, while something else is under way:
    by calling the URL from outside, or by this step once more.
    """
    for statement in spec.statements:
        _add(client, spec.name, statement)


def _update(client: Any, spec: PermissionsSpec, live: Live, changes: Changes) -> None:
    # A statement cannot be changed in place: this is the one create that removes.
    wanted = {f"statement {statement.id}": statement for statement in spec.statements}
    for change in changes:
        if change.field in live.settings:
            client.remove_permission(FunctionName=spec.name, StatementId=change.field.removeprefix("statement "))
        if change.field in wanted:
            _add(client, spec.name, wanted[change.field])


def _add(client: Any, function: str, statement: Statement) -> None:
    request = {
        "StatementId": statement.id,
        "Principal": statement.principal,
        "Action": statement.action,
        "SourceArn": statement.source_arn,
        "FunctionUrlAuthType": statement.function_url_auth_type,
        "InvokedViaFunctionUrl": statement.invoked_via_function_url,
    }
    given = {key: value for key, value in request.items() if value is not None}
    client.add_permission(FunctionName=function, **given)


def delete(client: Any, identity: Identity, live: Live) -> None:
    """Remove every statement of ours: deleting a Function URL leaves its statements behind."""
    for field in live.settings:
        client.remove_permission(FunctionName=identity.name, StatementId=field.removeprefix("statement "))


kind = plain_kind(
    Facts(
        "permissions",
        "lambda",
        PermissionsSpec,
        Identity,
        name_taken="ResourceConflictException",  # "The statement id (…) provided already exists."
        ensure_parent_ours=ensure_function_ours,
        # AWS has acknowledged statements before that then got lost.
        confirm="The policy of function '{name}' does not show its statements yet.",
    ),
    Calls(_read, _desired, create, _update, delete),
    read=("lambda:GetPolicy",),
    create=(*READ_FUNCTION, "lambda:AddPermission", "lambda:RemovePermission"),
    destroy=(*READ_FUNCTION, "lambda:RemovePermission"),
)
create_task, destroy_task, info_task = kind.handlers()
