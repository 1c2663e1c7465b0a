"""The part of the template by which events start deployments: rules, queues, and what hands them to the starter.

A file that changes under `projects/` and an event `Redeploy requested` both become a message in the queue of requests.
A message is not seen before the project has had time to come to rest. What EventBridge cannot deliver, and what the
starter cannot act on, ends in the queue of undelivered events.
"""

from __future__ import annotations

from typing import Any

from orchestrator.core import event_types
from orchestrator.core.iam_resources import Grant
from orchestrator.install import iam

Resource = dict[str, Any]

STARTER = "StartDeployment"
"""The logical id of the function that works off the queue."""

_FOURTEEN_DAYS = 1_209_600  # seconds; the longest that SQS keeps a message
_ONE_DAY = 86_400
_MOST_RETRIES = 185  # EventBridge's own limit: it tries for a day, more and more slowly
_HIDDEN_SECONDS = 660  # six times the function's time-out, as Lambda asks for
_TRIES = 5
_ALARM_PERIOD_SECONDS = 300
_BATCH, _WINDOW_SECONDS = 100, 5  # a project's files arrive together, and are one request
_SIDE_BY_SIDE = 2  # the least that Lambda takes

_RULES = ("ProjectChanged", "RedeployRequested")
_SCHEDULED = "ScheduledInspection"
_SCHEDULE_GIVEN = "ScheduleGiven"  # the condition


def _arn(logical_id: str) -> Resource:
    return {"Fn::GetAtt": [logical_id, "Arn"]}


_REQUESTS = {"Id": "requests", "Arn": _arn("Requests")}
_PROJECT_CHANGED = {
    "source": ["aws.s3"],
    "detail-type": ["Object Created", "Object Deleted"],
    "detail": {
        "bucket": {"name": [{"Ref": "ArtifactBucket"}]},
        "object": {"key": [{"prefix": "projects/"}]},
        # The bucket's own housekeeping of old versions changes no project.
        "reason": [{"anything-but": ["Lifecycle Expiration"]}],
    },
}
_REDEPLOY_REQUESTED = {
    "source": [event_types.SOURCE],
    "detail-type": [event_types.REDEPLOY],
    # Where there are several installations in an account, an event may say which one it means.
    "detail": {"installation": [{"exists": False}, {"Ref": "Prefix"}]},
}


def resources() -> dict[str, Resource]:
    """The resources by their logical ids, beside the function and its role."""
    return {
        "UndeliveredEvents": _queue("undelivered", {}),
        "UndeliveredEventsAlarm": _alarm(),
        "Requests": _queue(
            "requests",
            {
                "DelaySeconds": {"Ref": "QuietSeconds"},
                "VisibilityTimeout": _HIDDEN_SECONDS,
                "RedrivePolicy": {"deadLetterTargetArn": _arn("UndeliveredEvents"), "maxReceiveCount": _TRIES},
            },
        ),
        "UndeliveredEventsPolicy": _queue_policy(
            "UndeliveredEvents",
            {"Fn::If": [_SCHEDULE_GIVEN, _arn(_SCHEDULED), {"Ref": "AWS::NoValue"}]},
        ),
        "RequestsPolicy": _queue_policy("Requests"),
        "ProjectChanged": _rule(
            "project-changed",
            "A file of a project was uploaded, changed or removed.",
            {"EventPattern": _PROJECT_CHANGED},
            {**_REQUESTS, "InputPath": "$.detail"},
        ),
        "RedeployRequested": _rule(
            "redeploy-requested",
            "Somebody asks for a deployment; the event's detail is the input of the deploy machine.",
            {"EventPattern": _REDEPLOY_REQUESTED},
            {
                **_REQUESTS,
                "InputTransformer": {
                    "InputPathsMap": {"id": "$.id", "detail": "$.detail"},
                    "InputTemplate": '{"id": <id>, "input": <detail>}',
                },
            },
        ),
        _SCHEDULED: {
            "Condition": _SCHEDULE_GIVEN,
            **_rule(
                "scheduled-inspection",
                "Every twin is inspected from time to time, and repaired if that is wanted.",
                {"ScheduleExpression": {"Ref": "Schedule"}},
                {
                    "Id": "check-drift",
                    "Arn": {"Ref": "CheckDriftMachine"},
                    "RoleArn": _arn(f"{_SCHEDULED}Role"),
                    "Input": {"Fn::Sub": '{"repair": ${RepairDrift}}'},
                },
            ),
        },
        "RequestsToStarter": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {
                "EventSourceArn": _arn("Requests"),
                "FunctionName": {"Ref": STARTER},
                "BatchSize": _BATCH,
                "MaximumBatchingWindowInSeconds": _WINDOW_SECONDS,
                "FunctionResponseTypes": ["ReportBatchItemFailures"],
                "ScalingConfig": {"MaximumConcurrency": _SIDE_BY_SIDE},
            },
        },
    }


def _alarm() -> Resource:
    """Sounds when an event lies in the queue of those that could not be delivered."""
    told = {"Fn::If": ["AlarmTopicGiven", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]}
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Condition": "AlarmsWanted",
        "Properties": {
            "AlarmName": {"Fn::Sub": "${Prefix}-events-undelivered"},
            "AlarmDescription": "An event could not be delivered, or not be acted on: it waits in the queue "
            "'undelivered' of the installation for fourteen days.",
            "Namespace": "AWS/SQS",
            "MetricName": "ApproximateNumberOfMessagesVisible",
            "Dimensions": [{"Name": "QueueName", "Value": {"Fn::GetAtt": ["UndeliveredEvents", "QueueName"]}}],
            "Statistic": "Maximum",
            "Period": _ALARM_PERIOD_SECONDS,
            "EvaluationPeriods": 1,
            "Threshold": 0,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "notBreaching",
            "AlarmActions": told,
            "OKActions": told,
        },
    }


def settings() -> Resource:
    """What the starter is told besides what every task is (`deploy_steps.shared.settings`)."""
    return {
        "DEPLOY_MACHINE": {"Ref": "DeployMachine"},
        "REQUESTS_QUEUE": {"Ref": "Requests"},
        "QUIET_SECONDS": {"Ref": "QuietSeconds"},
    }


def schedule_statements() -> list[iam.Statement]:
    """The policy of the role under which the schedule starts its machine."""
    machine = Grant((iam.HERE.machine_arn("check-drift"),), "the machine that checks for drift")
    return [iam.allow(["states:StartExecution"], machine)]


def _queue(name: str, properties: Resource) -> Resource:
    return {
        "Type": "AWS::SQS::Queue",
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Delete",
        "Properties": {
            "QueueName": {"Fn::Sub": f"${{Prefix}}-{name}"},
            "MessageRetentionPeriod": _FOURTEEN_DAYS,
            # SQS's own key: with one of the customer's, EventBridge would have to be let into its policy.
            "SqsManagedSseEnabled": True,
            **properties,
        },
    }


def _queue_policy(queue: str, *more: Resource) -> Resource:
    """Lets the rules put events into a queue, and no other rule."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": _arn(queue),
        "Condition": {"ArnEquals": {"aws:SourceArn": [*(_arn(rule) for rule in _RULES), *more]}},
    }
    return {
        "Type": "AWS::SQS::QueuePolicy",
        "Properties": {
            "Queues": [{"Ref": queue}],
            "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        },
    }


def _rule(name: str, about: str, when: Resource, target: Resource) -> Resource:
    return {
        "Type": "AWS::Events::Rule",
        "Properties": {
            "Name": {"Fn::Sub": f"${{Prefix}}-{name}"},
            "Description": about,
            **when,
            "Targets": [
                {
                    **target,
                    "RetryPolicy": {"MaximumEventAgeInSeconds": _ONE_DAY, "MaximumRetryAttempts": _MOST_RETRIES},
                    "DeadLetterConfig": {"Arn": _arn("UndeliveredEvents")},
                }
            ],
        },
    }
