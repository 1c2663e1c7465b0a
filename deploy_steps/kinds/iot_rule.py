"""The rule that hands every message on the twin's topic to the dispatcher, and to the failure queue if that fails."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from deploy_steps.aws import tag_list, tag_map
from deploy_steps.contract import Changes, Live, Wanted
from deploy_steps.engine import Calls, Facts, plain_kind
from orchestrator.core.specs import Identity, IotRuleSpec


def _read(client: Any, wanted: Wanted) -> Live | None:
    try:
        answer = client.get_topic_rule(ruleName=wanted.name)
    except client.exceptions.UnauthorizedException:
        # What IoT answers when there is no such rule: "Access to topic rule 'x' was denied". A caller who may not
        # read rules gets AccessDeniedException.
        return None
    tags = client.list_tags_for_resource(resourceArn=answer["ruleArn"]).get("tags", [])
    rule = {"ruleDisabled": False, "actions": [], **answer["rule"]}
    if sqs := (rule.get("errorAction") or {}).get("sqs"):
        rule["errorAction"] = {**rule["errorAction"], "sqs": {"useBase64": False, **sqs}}  # false when it is left out
    return Live(_settings(rule), tag_map(tags), id=answer["ruleArn"])


def _desired(spec: IotRuleSpec) -> dict[str, Any]:
    return _settings(_payload(spec))


def _settings(rule: dict[str, Any]) -> dict[str, Any]:
    return {
        "sql": rule["sql"],
        "sql_version": rule.get("awsIotSqlVersion"),
        "enabled": not rule["ruleDisabled"],
        "actions": rule["actions"],
        "error_action": rule.get("errorAction"),
    }


def _payload(spec: IotRuleSpec) -> dict[str, Any]:
    return {
        "sql": spec.sql,
        "awsIotSqlVersion": "2016-03-23",
        "ruleDisabled": False,
        "actions": [{"lambda": {"functionArn": spec.function_arn}}],
        "errorAction": {
            "sqs": {"roleArn": spec.error_role_arn, "queueUrl": spec.error_queue_url, "useBase64": False},
        },
    }


def create(client: Any, spec: IotRuleSpec) -> None:
    """Make the rule, or replace it as a whole when anything but a tag differs (it being disabled, too)."""
    client.create_topic_rule(ruleName=spec.name, topicRulePayload=_payload(spec), tags=urlencode(spec.owner.tags))


def _update(client: Any, spec: IotRuleSpec, live: Live, changes: Changes) -> None:
    if changes.fields:
        client.replace_topic_rule(ruleName=spec.name, topicRulePayload=_payload(spec))
    if changes.tags:
        client.tag_resource(resourceArn=live.id, tags=tag_list(changes.tags))


def delete(client: Any, identity: Identity, _live: Live) -> None:
    """Remove the rule: from here on the twin takes nothing in."""
    client.delete_topic_rule(ruleName=identity.name)


kind = plain_kind(
    Facts("iot-rule", "iot", IotRuleSpec, Identity, name_taken="ResourceAlreadyExistsException"),
    Calls(_read, _desired, create, _update, delete),
    read=("iot:GetTopicRule", "iot:ListTagsForResource"),
    create=("iot:CreateTopicRule", "iot:ReplaceTopicRule", "iot:TagResource", "iam:PassRole"),
    destroy=("iot:DeleteTopicRule",),
)
create_task, destroy_task, info_task = kind.handlers()
