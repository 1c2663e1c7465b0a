"""What in the template watches: alarms on the machines' executions, their log, and how twins shall be watched."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from orchestrator.core.placement import WATCHED
from state_machines import PUBLIC

Resource = dict[str, Any]

EXECUTIONS = "ExecutionsLogGroup"
_FAILURES = {"failed": "ExecutionsFailed", "timed-out": "ExecutionsTimedOut"}
_ABOUT = {
    "failed": "gluecode {machine} failed: the execution's cause says why, and how to go on.",
    "timed-out": "gluecode {machine} did not come to its end in time, and may hold a twin's lock: start it again.",
}
_PERIOD_SECONDS = 300


def parameters() -> Resource:
    """What an installation can be told about it."""
    return {
        "Alarms": _switch("Whether twins, and the executions of the state machines, have alarms."),
        "Dashboards": _switch("Whether each twin has a dashboard."),
        "AlarmTopicArn": {
            "Type": "String",
            "Default": "",
            "AllowedPattern": r"|arn:aws[a-z-]*:sns:.+",
            "Description": "The SNS topic that alarms tell, when they sound and when it is over. Empty: none.",
        },
        "RefusedPerMinute": _rate("Requests turned away", WATCHED.refused_per_minute),
        "UrlRequestsPerMinute": _rate("Requests on the public URL", WATCHED.requests_per_minute),
    }


def conditions() -> Resource:
    """What the resources depend on."""
    return {
        "AlarmsWanted": {"Fn::Equals": [{"Ref": "Alarms"}, "true"]},
        "AlarmTopicGiven": {"Fn::Not": [{"Fn::Equals": [{"Ref": "AlarmTopicArn"}, ""]}]},
    }


def settings() -> Resource:
    """What the task that plans is told (`deploy_steps.shared.settings.watch`)."""
    return {
        "ALARMS": {"Ref": "Alarms"},
        "DASHBOARDS": {"Ref": "Dashboards"},
        "ALARM_TOPIC": {"Ref": "AlarmTopicArn"},
        "REFUSED_PER_MINUTE": {"Ref": "RefusedPerMinute"},
        "REQUESTS_PER_MINUTE": {"Ref": "UrlRequestsPerMinute"},
    }


def resources(machines: Collection[str], encryption: Resource) -> dict[str, Resource]:
    """The log group of executions, and an alarm for each way in which one that a person starts can fail."""
    alarms = {
        f"{machine.capitalize()}{metric.removeprefix('Executions')}Alarm": _alarm(machine, how, metric)
        for machine in PUBLIC
        if machine in machines
        for how, metric in _FAILURES.items()
    }
    return {EXECUTIONS: _log_group(encryption), **alarms}


def of_machine() -> Resource:
    """The properties with which a state machine writes its executions to the log group, and traces them."""
    destination = {"CloudWatchLogsLogGroup": {"LogGroupArn": {"Fn::GetAtt": [EXECUTIONS, "Arn"]}}}
    return {
        # No token ever is in an execution, so what the states were given and answered may stand there as well.
        "LoggingConfiguration": {"Level": "ALL", "IncludeExecutionData": True, "Destinations": [destination]},
        "TracingConfiguration": {"Enabled": True},
    }


def _switch(about: str) -> Resource:
    return {"Type": "String", "Default": "true", "AllowedValues": ["true", "false"], "Description": about}


def _rate(what: str, normal: int) -> Resource:
    return {
        "Type": "Number",
        "Default": normal,
        "MinValue": 1,
        "Description": f"{what} in a minute that are still normal for a twin, before its alarm sounds.",
    }


def _log_group(encryption: Resource) -> Resource:
    return {
        "Type": "AWS::Logs::LogGroup",
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Delete",
        "Properties": {
            # Under this prefix, log delivery needs no growing resource policy.
            "LogGroupName": {"Fn::Sub": "/aws/vendedlogs/states/${Prefix}"},
            "RetentionInDays": {"Ref": "LogRetentionDays"},
            "KmsKeyId": encryption,
        },
    }


def _alarm(machine: str, how: str, metric: str) -> Resource:
    told = {"Fn::If": ["AlarmTopicGiven", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]}
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Condition": "AlarmsWanted",
        "Properties": {
            "AlarmName": {"Fn::Sub": f"${{Prefix}}-{machine}-{how}"},
            "AlarmDescription": _ABOUT[how].format(machine=machine),
            "Namespace": "AWS/States",
            "MetricName": metric,
            "Dimensions": [{"Name": "StateMachineArn", "Value": {"Ref": f"{machine.capitalize()}Machine"}}],
            "Statistic": "Sum",
            "Period": _PERIOD_SECONDS,
            "EvaluationPeriods": 1,
            "Threshold": 0,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "notBreaching",
            "AlarmActions": told,
            "OKActions": told,
        },
    }
