"""Makes ministack's EventBridge careful with events, as AWS's is, and its schedules as fast as its waits.

- A queue takes a rule's events only if its policy lets that rule send them.
- What cannot be delivered (there is no such target, or it does not take it) goes to the target's dead-letter queue, as
  the event that it was, with the rule, the target and the reason as attributes. AWS tries again before, for a day.
- The rates of schedules are multiplied by `wait_scale`, as Step Functions' waits are.
"""

from __future__ import annotations

import json
import logging
from typing import Any

from ministack.core.arn import ArnParseError, parse_arn
from ministack.core.iam_evaluator import EvalContext, evaluate_resource_policy
from ministack.core.responses import get_account_id, get_region
from ministack.services import eventbridge, lambda_svc, sqs, stepfunctions

logger = logging.getLogger(__name__)

_SERVICE = "events.amazonaws.com"


def install(wait_scale: float) -> None:
    """Patch delivery and schedules."""
    invoke, seconds = eventbridge._invoke_target, eventbridge._parse_rate_seconds

    def invoke_target(target: dict[str, Any], event: Any, rule: dict[str, Any], view: Any = None) -> None:
        reason = _undeliverable(target, rule)
        if reason:
            _bury(target, event, rule, view, reason)
        else:
            invoke(target, event, rule, view)

    def parse_rate_seconds(expression: str) -> float | None:
        found = seconds(expression)
        return None if found is None else found * wait_scale

    eventbridge._invoke_target = invoke_target
    eventbridge._parse_rate_seconds = parse_rate_seconds
    eventbridge._SCHEDULER_TICK_INTERVAL *= min(1.0, wait_scale)


def _undeliverable(target: dict[str, Any], rule: dict[str, Any]) -> str:
    """AWS's name for the reason why a target cannot get an event; empty if it can."""
    try:
        arn = parse_arn(target.get("Arn", ""))
    except ArnParseError:
        return "INVALID_PARAMETER"
    if arn.service == "sqs":
        queue = sqs._queue_by_arn(target["Arn"])
        if queue is None:
            return "RESOURCE_NOT_FOUND"
        return "" if _takes(queue, rule) else "NO_PERMISSIONS"
    if arn.service == "states":
        there = stepfunctions._resolve_state_machine_arn(target["Arn"]) is not None
        return "" if there and target.get("RoleArn") else "NO_PERMISSIONS" if there else "RESOURCE_NOT_FOUND"
    if arn.service == "lambda":
        return "" if lambda_svc._get_func_record_for_ref(target["Arn"])[0] else "RESOURCE_NOT_FOUND"
    return ""


def _takes(queue: dict[str, Any], rule: dict[str, Any]) -> bool:
    """Whether the queue's policy lets EventBridge send to it for this rule."""
    attributes = queue["attributes"]
    context = EvalContext(
        principal_arn="*",
        principal_type="Service",
        principal_account="",
        action="sqs:SendMessage",
        resource_arn=attributes["QueueArn"],
        region=get_region(),
        service_context={"aws:sourcearn": rule.get("Arn", ""), "aws:sourceaccount": get_account_id()},
    )
    decision = evaluate_resource_policy(attributes.get("Policy") or None, context, service=_SERVICE).decision
    return bool(decision == "Allow")


def _bury(target: dict[str, Any], event: Any, rule: dict[str, Any], view: Any, reason: str) -> None:
    queue = sqs._queue_by_arn((target.get("DeadLetterConfig") or {}).get("Arn", ""))
    if queue is None or not _takes(queue, rule):
        logger.warning("EventBridge: %s for %s: the event is lost.", reason, target.get("Arn"))
        return
    told = {"RULE_ARN": rule.get("Arn", ""), "TARGET_ARN": target.get("Arn", ""), "ERROR_CODE": reason}
    attributes = {name: {"DataType": "String", "StringValue": value} for name, value in told.items()}
    view = view or eventbridge._pattern_event_view(event)
    message = {"MessageBody": json.dumps(view.event_with_detail()), "MessageAttributes": attributes}
    sqs._act_send_message(message, queue["url"])
