"""The rule that hands every message on the twin's topic to the dispatcher, and to the failure queue if that fails."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

from deploy_steps.aws import tag_list, tag_map
from deploy_steps.contract import Change, Result, differences, fields_among, tag_differences, tags_among
from deploy_steps.ownership import ensure_ours
from deploy_steps.task import Actions, Kind
from orchestrator.core.specs import Identity, IotRuleSpec

KIND = "iot-rule"
_SQL_VERSION = "2016-03-23"


def create(client: Any, spec: IotRuleSpec, *, dry_run: bool = False, new: bool = False) -> Result:
    """Make the rule, or replace it as a whole when anything but a tag differs (it being disabled, too)."""
    if new:
        with suppress(client.exceptions.ResourceAlreadyExistsException):
            return _create(client, spec)
    live = _read(client, spec.name)
    if live is None:
        return Result(KIND, spec.name, "created") if dry_run else _create(client, spec)
    ensure_ours(KIND, spec.name, spec.owner, live["tags"])
    changes = _changes(spec, live)
    if not dry_run:
        if fields_among(changes):
            client.replace_topic_rule(ruleName=spec.name, topicRulePayload=_payload(spec))
        if tags := tags_among(changes):
            client.tag_resource(resourceArn=live["arn"], tags=tag_list(tags))
    return Result(KIND, spec.name, "updated" if changes else "unchanged", changes)


def destroy(client: Any, identity: Identity, *, dry_run: bool = False) -> Result:
    """Remove the rule: from here on the twin takes nothing in."""
    live = _read(client, identity.name)
    if live is None:
        return Result(KIND, identity.name, "absent")
    ensure_ours(KIND, identity.name, identity.owner, live["tags"])
    if not dry_run:
        client.delete_topic_rule(ruleName=identity.name)
    return Result(KIND, identity.name, "deleted")


def info(client: Any, spec: IotRuleSpec) -> Result:
    """Compare the live rule with the spec."""
    live = _read(client, spec.name)
    if live is None:
        return Result(KIND, spec.name, "absent")
    changes = _changes(spec, live)
    return Result(KIND, spec.name, "drifted" if changes else "present", changes)


def _changes(spec: IotRuleSpec, live: dict[str, Any]) -> tuple[Change, ...]:
    payload = _payload(spec)
    desired = {
        "sql": payload["sql"],
        "sql_version": payload["awsIotSqlVersion"],
        "enabled": not payload["ruleDisabled"],
        "actions": payload["actions"],
        "error_action": payload["errorAction"],
    }
    return differences(desired, live) + tag_differences(spec.owner, live["tags"])


def _create(client: Any, spec: IotRuleSpec) -> Result:
    client.create_topic_rule(ruleName=spec.name, topicRulePayload=_payload(spec), tags=urlencode(spec.owner.tags))
    return Result(KIND, spec.name, "created")


def _payload(spec: IotRuleSpec) -> dict[str, Any]:
    return {
        "sql": spec.sql,
        "awsIotSqlVersion": _SQL_VERSION,
        "ruleDisabled": False,
        "actions": [{"lambda": {"functionArn": spec.function_arn}}],
        "errorAction": {
            "sqs": {"roleArn": spec.error_role_arn, "queueUrl": spec.error_queue_url, "useBase64": False},
        },
    }


def _read(client: Any, name: str) -> dict[str, Any] | None:
    try:
        answer = client.get_topic_rule(ruleName=name)
    except client.exceptions.UnauthorizedException:
        # What IoT answers when there is no such rule: "Access to topic rule 'x' was denied". A caller who may not
        # read rules gets AccessDeniedException.
        return None
    rule = answer["rule"]
    tags = client.list_tags_for_resource(resourceArn=answer["ruleArn"])["tags"]
    return {
        "arn": answer["ruleArn"],
        "sql": rule["sql"],
        "sql_version": rule.get("awsIotSqlVersion"),
        "enabled": not rule.get("ruleDisabled", False),
        "actions": rule.get("actions", []),
        "error_action": _completed(rule.get("errorAction")),
        "tags": tag_map(tags),
    }


def _completed(error_action: Any) -> Any:
    # `useBase64` is false when it is left out.
    if error_action and "sqs" in error_action:
        return {**error_action, "sqs": {"useBase64": False, **error_action["sqs"]}}
    return error_action


kind = Kind(
    name=KIND,
    service="iot",
    spec=IotRuleSpec,
    identity=Identity,
    create=create,
    destroy=destroy,
    info=info,
    create_first=True,
    actions=Actions(
        create=(
            "iot:GetTopicRule",
            "iot:ListTagsForResource",
            "iot:CreateTopicRule",
            "iot:ReplaceTopicRule",
            "iot:TagResource",
            "iam:PassRole",
        ),
        destroy=("iot:GetTopicRule", "iot:ListTagsForResource", "iot:DeleteTopicRule"),
        info=("iot:GetTopicRule", "iot:ListTagsForResource"),
    ),
)
create_task = kind.task("create")
destroy_task = kind.task("destroy")
info_task = kind.task("info")
