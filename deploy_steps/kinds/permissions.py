"""Who may call a function: the statements in its resource policy that let a Function URL or an IoT rule in.

One step writes all statements of a function, one after the other: AWS loses some that are added in parallel. Only
statements whose id starts with `gluecode-` are ours; whatever else stands in the policy stays.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from deploy_steps.contract import Change, Result
from deploy_steps.errors import NotReady
from deploy_steps.kinds.shared.function_ownership import ensure_parent_ours
from deploy_steps.task import Actions, Kind
from orchestrator.core.specs import STATEMENTS, Identity, PermissionsSpec, Statement

KIND = "permissions"


def create(client: Any, spec: PermissionsSpec, *, dry_run: bool = False, new: bool = False) -> Result:
    """Add what is missing, replace what differs, remove what is ours and not wanted, and see that it shows.

    A statement cannot be changed in place: this is the one create that removes. `new` is for a function that has just
    been made: it is ours, and nobody may call it. Whether its statements show is then seen later, while something else
    is under way: by calling the URL from outside, or by this step once more.
    """
    if new:
        with suppress(client.exceptions.ResourceConflictException):  # "The statement id (…) provided already exists."
            return _written(client, spec, {})
    live = _read(client, spec.name)
    changes = _changes(spec, live)
    if not changes:
        return Result(KIND, spec.name, "unchanged")
    ensure_parent_ours(client, KIND, spec.name, spec.owner, dry_run=dry_run)
    return _result(spec, live) if dry_run else _shown(client, spec, _written(client, spec, live))


def destroy(client: Any, identity: Identity, *, dry_run: bool = False) -> Result:
    """Remove every statement of ours: deleting a Function URL leaves its statements behind."""
    live = _read(client, identity.name)
    if not live:
        return Result(KIND, identity.name, "absent")
    ensure_parent_ours(client, KIND, identity.name, identity.owner)
    if not dry_run:
        for statement_id in live:
            client.remove_permission(FunctionName=identity.name, StatementId=statement_id)
    return Result(KIND, identity.name, "deleted")


def info(client: Any, spec: PermissionsSpec) -> Result:
    """Compare the statements that are ours with the spec."""
    live = _read(client, spec.name)
    if spec.statements and not live:
        return Result(KIND, spec.name, "absent")
    changes = _changes(spec, live)
    return Result(KIND, spec.name, "drifted" if changes else "present", changes)


def _result(spec: PermissionsSpec, live: Mapping[str, Any]) -> Result:
    return Result(KIND, spec.name, "updated", _changes(spec, live)) if live else Result(KIND, spec.name, "created")


def _written(client: Any, spec: PermissionsSpec, live: Mapping[str, Any]) -> Result:
    result, wanted = _result(spec, live), {statement.id: statement for statement in spec.statements}
    for statement_id in (change.field.removeprefix("statement ") for change in _changes(spec, live)):
        if statement_id in live:
            client.remove_permission(FunctionName=spec.name, StatementId=statement_id)
        if statement_id in wanted:
            client.add_permission(FunctionName=spec.name, **_request(wanted[statement_id]))
    return result


def _shown(client: Any, spec: PermissionsSpec, result: Result) -> Result:
    if _changes(spec, _read(client, spec.name)):  # AWS has acknowledged statements before that then got lost
        raise NotReady(f"The policy of function '{spec.name}' does not show its statements yet.", result)
    return result


def _changes(spec: PermissionsSpec, live: Mapping[str, Any]) -> tuple[Change, ...]:
    wanted = {statement.id: _desired(statement) for statement in spec.statements}
    return tuple(
        Change(f"statement {name}", live.get(name), wanted.get(name))
        for name in (*wanted, *sorted(set(live) - set(wanted)))
        if live.get(name) != wanted.get(name)
    )


def _desired(statement: Statement) -> dict[str, Any]:
    conditions = {}
    if statement.source_arn is not None:
        conditions["ArnLike aws:sourcearn"] = statement.source_arn
    if statement.function_url_auth_type is not None:
        conditions["StringEquals lambda:functionurlauthtype"] = statement.function_url_auth_type
    if statement.invoked_via_function_url is not None:
        conditions["Bool lambda:invokedviafunctionurl"] = str(statement.invoked_via_function_url).lower()
    return {"principal": statement.principal, "action": statement.action, "conditions": conditions}


def _request(statement: Statement) -> dict[str, Any]:
    request = {
        "StatementId": statement.id,
        "Principal": statement.principal,
        "Action": statement.action,
        "SourceArn": statement.source_arn,
        "FunctionUrlAuthType": statement.function_url_auth_type,
        "InvokedViaFunctionUrl": statement.invoked_via_function_url,
    }
    return {key: value for key, value in request.items() if value is not None}


def _read(client: Any, name: str) -> dict[str, Any]:
    """Our statements by id, in the shape of `_desired`; none when there is no policy, or no function."""
    try:
        policy = json.loads(client.get_policy(FunctionName=name)["Policy"])
    except client.exceptions.ResourceNotFoundException:
        return {}
    return {
        statement["Sid"]: {
            "principal": _principal(statement["Principal"]),
            "action": statement["Action"],
            "conditions": _conditions(statement.get("Condition", {})),
        }
        for statement in policy["Statement"]
        if statement.get("Sid", "").startswith(STATEMENTS)
    }


def _principal(live: Any) -> Any:
    # AWS writes "*" or {"Service": ...}; an account or a role stands under "AWS" (as AROA... once the role is gone).
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


kind = Kind(
    name=KIND,
    service="lambda",
    spec=PermissionsSpec,
    identity=Identity,
    create=create,
    destroy=destroy,
    info=info,
    create_first=True,
    actions=Actions(
        create=(
            "lambda:GetPolicy",
            "lambda:GetFunction",
            "lambda:ListTags",
            "lambda:AddPermission",
            "lambda:RemovePermission",
        ),
        destroy=("lambda:GetPolicy", "lambda:GetFunction", "lambda:ListTags", "lambda:RemovePermission"),
        info=("lambda:GetPolicy",),
    ),
)
create_task = kind.task("create")
destroy_task = kind.task("destroy")
info_task = kind.task("info")
