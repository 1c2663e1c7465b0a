"""Makes ministack's IAM check a call as AWS does: its own action, on the resource that AWS names, with its conditions.

- A Lambda call is checked under its own action; ministack takes others for many (UpdateFunctionCode for
  PutFunctionEventInvokeConfig, CreateFunctionUrlConfig for DeleteFunctionUrlConfig, ListLayers for ListLayerVersions).
- lambda:CreateFunction is checked against the new function's ARN; ministack sees no name in the path and takes `*`.
- A call on one version of a layer is checked against that version.
- DynamoDB's tagging calls name their table by `ResourceArn`, which ministack does not read.
- CloudWatch's and EventBridge's tagging calls name their resource by `ResourceARN`, which ministack does not read.
- CloudWatch's dashboards, and alarms that are named in a list, are checked under their ARNs; ministack takes `*`.
- A call about a role is checked against the ARN with its path; about a role that is not there, without one.
- iam:SimulatePrincipalPolicy is checked against the user or role that it asks about; ministack takes `*`.
- A rule of the default event bus is `rule/NAME`; ministack takes `rule/default/NAME`, or `*` for calls on its targets.
- The condition keys events:source and events:detail-type hold what the events say that a call puts on a bus.
- The condition key lambda:FunctionArn holds the function whose event source mapping a call is about.
- The condition keys aws:ResourceTag/… hold the tags of the role that a call is about.
- The condition key iam:PermissionsBoundary holds the boundary that a call sets, or that its role has.

Every call that is denied is told in the cloud's log, as `Denied: ACTION on RESOURCE to PRINCIPAL`.
"""

from __future__ import annotations

import json
import logging
from contextvars import ContextVar
from typing import Any

from ministack.core import iam_actions
from ministack.services import iam, lambda_svc

DENIED = "Denied: "
"""How the line of a denied call begins."""

logger = logging.getLogger(__name__)
_LAMBDA_ACTIONS = {"Invoke": "InvokeFunction", "InvokeAsync": "InvokeFunction"}  # the others are called as they are
_SET_BOUNDARY = {"iam:CreateRole", "iam:PutRolePermissionsBoundary"}
_OF_A_MAPPING = "EventSourceMapping"
_mapped_function: ContextVar[str] = ContextVar("mapped_function", default="")
_KEEP_BOUNDARY = {"iam:PutRolePolicy", "iam:DeleteRolePolicy", "iam:DeleteRolePermissionsBoundary"}


def install() -> None:
    """Patch the action, the resource and the condition keys that a request is checked with."""
    iam_actions._BOTOCORE_SERVICE_MAP["lambda"] = ["lambda"]
    iam_actions._lambda_action = _lambda_action
    _patch_batches()
    _patch_resources()
    _patch_conditions()
    _patch_denials()


def _lambda_action(method: str, path: str) -> str | None:
    operation: str | None = iam_actions._match_rest_action("lambda", method, path)
    return _LAMBDA_ACTIONS.get(operation, operation) if operation else None


def _patch_batches() -> None:
    named = iam_actions._action_from_target

    def action_from_target(headers: Any) -> str | None:
        action: str | None = named(headers)
        of_sqs = headers.get("x-amz-target", "").startswith("AmazonSQS.")
        return action.removesuffix("Batch") if action and of_sqs else action

    iam_actions._action_from_target = action_from_target


def _patch_resources() -> None:
    extract, tables = iam_actions.extract_resource_arn, iam_actions.dynamodb_resource_arns

    def extract_resource_arn(
        service: str, method: str, path: str, headers: Any, body: bytes, query: Any, region: str, account: str
    ) -> str:
        parts = path.strip("/").split("/")
        if service == "lambda" and method == "POST" and parts[-1] == "functions":
            name = str(_read(body).get("FunctionName", "*")).rpartition(":")[2]
            return f"arn:aws:lambda:{region}:{account}:function:{name}"
        if service == "lambda" and "event-source-mappings" in parts:  # the conditions are read next, without the path
            _mapped_function.set(_function_of(parts[-1], _read(body), f"arn:aws:lambda:{region}:{account}:function:"))
        if service == "iam" and "PolicySourceArn" in query:
            return str(iam_actions._query_param(query, "PolicySourceArn"))
        if service == "iam" and (role := iam_actions._query_param(query, "RoleName")):
            created = iam_actions._query_param(query, "Path") or "/"
            path = iam._roles[role]["Path"] if role in iam._roles else created
            return f"arn:aws:iam::{account}:role{path}{role}"
        if service == "monitoring" and (named := _watched(_read(body), region, account)):
            return named
        found = str(extract(service, method, path, headers, body, query, region, account))
        if service == "lambda" and parts[-2:-1] == ["versions"] and "layers" in parts:
            return f"{found}:{parts[-1]}"
        if found == "*":
            found = str(_read(body).get("ResourceARN", found))
        if found == "*" and service == "events" and (rule := _read(body).get("Rule")):
            return f"arn:aws:events:{region}:{account}:rule/{rule}"
        return found.replace(":rule/default/", ":rule/", 1) if service == "events" else found

    def dynamodb_resource_arns(body: bytes, region: str, account: str) -> list[str]:
        named = _read(body).get("ResourceArn")
        return [str(named)] if named else list(tables(body, region, account))

    iam_actions.extract_resource_arn = extract_resource_arn
    iam_actions.dynamodb_resource_arns = dynamodb_resource_arns


def _watched(asked: dict[str, Any], region: str, account: str) -> str:
    """The ARN of the alarm or the dashboard that a call of CloudWatch is about: of several, the first."""
    for alarm in (asked.get("AlarmName"), *(asked.get("AlarmNames") or [])):
        if alarm:
            return f"arn:aws:cloudwatch:{region}:{account}:alarm:{alarm}"
    for dashboard in (asked.get("DashboardName"), *(asked.get("DashboardNames") or [])):
        if dashboard:
            return f"arn:aws:cloudwatch::{account}:dashboard/{dashboard}"
    return ""


def _patch_conditions() -> None:
    context = iam_actions.request_tag_context

    def request_tag_context(service: str, action: str, body: bytes, params: Any) -> dict[str, Any]:
        found = dict(context(service, action, body, params))
        boundary = None
        role = iam._roles.get(iam_actions._query_param(params, "RoleName") or "") or {}
        if action.startswith("iam:"):
            found |= {f"aws:ResourceTag/{tag['Key']}".lower(): tag["Value"] for tag in role.get("Tags", [])}
        if action in _SET_BOUNDARY:
            boundary = iam_actions._query_param(params, "PermissionsBoundary")
        elif action in _KEEP_BOUNDARY:
            boundary = role.get("PermissionsBoundary")
        if action.endswith(_OF_A_MAPPING):
            found["lambda:FunctionArn"] = _mapped_function.get()
        if action == "events:PutEvents":
            found |= _of_events(_read(body).get("Entries") or [])
        return found | ({"iam:PermissionsBoundary": boundary} if boundary else {})

    iam_actions.request_tag_context = request_tag_context


def _function_of(mapping: str, asked: dict[str, Any], arns: str) -> str:
    """The ARN of the function that an event source mapping has, or is to have."""
    if known := lambda_svc._esms.get(mapping):
        return str(known["FunctionArn"])
    return arns + str(asked.get("FunctionName", "")).rpartition(":")[2]


def _of_events(entries: list[dict[str, Any]]) -> dict[str, Any]:
    told = {"events:source": "Source", "events:detail-type": "DetailType"}
    values = {key: [str(entry.get(field, "")) for entry in entries] for key, field in told.items()}
    return {key: found[0] if len(found) == 1 else found for key, found in values.items()}


def _patch_denials() -> None:
    answer = iam_actions.access_denied_response

    def access_denied_response(service: str, action: str, principal_arn: str, *others: Any, **more: Any) -> Any:
        logger.warning("%s%s on %s to %s", DENIED, action, more.get("resource_arn", "*"), principal_arn or "nobody")
        return answer(service, action, principal_arn, *others, **more)

    iam_actions.access_denied_response = access_denied_response


def _read(body: bytes) -> dict[str, Any]:
    try:
        read = json.loads(body)
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}
