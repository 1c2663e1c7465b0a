"""The alarms on the executions of state machines that a person starts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from state_machines import PUBLIC

Resource = dict[str, Any]

_FAILURES = {
    "failed": ("Failed", "gluecode {machine} failed: the execution's cause says why, and how to go on."),
    "timed-out": (
        "TimedOut",
        "gluecode {machine} did not come to its end in time, and may hold a twin's lock: start it again.",
    ),
}
_PERIOD_SECONDS = 300


def alarms(machines: Iterable[str]) -> dict[str, Resource]:
    """An alarm for each way in which an execution that a person starts can fail, by its logical id."""
    return {
        f"{machine.capitalize()}{metric}Alarm": _alarm(machine, how, f"Executions{metric}", about)
        for machine in machines
        if machine in PUBLIC
        for how, (metric, about) in _FAILURES.items()
    }


def _alarm(machine: str, how: str, metric: str, about: str) -> Resource:
    topic = {"Fn::If": ["AlarmTopicGiven", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]}
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Condition": "AlarmsWanted",
        "Properties": {
            "AlarmName": {"Fn::Sub": f"${{Prefix}}-{machine}-{how}"},
            "AlarmDescription": about.format(machine=machine),
            "Namespace": "AWS/States",
            "MetricName": metric,
            "Dimensions": [{"Name": "StateMachineArn", "Value": {"Ref": f"{machine.capitalize()}Machine"}}],
            "Statistic": "Sum",
            "Period": _PERIOD_SECONDS,
            "EvaluationPeriods": 1,
            "Threshold": 0,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "notBreaching",
            "AlarmActions": topic,
            "OKActions": topic,
        },
    }
