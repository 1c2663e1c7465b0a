"""The alarms that notify someone of a twin's faults: all of a twin's together, since AWS returns them in one answer.

Reading an alarm's tags would take a call for each, so its description says whose it is; tags are for sorting and bills.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from deploy_steps.aws import tag_list
from deploy_steps.contract import Change, Result, differences, tag_differences
from deploy_steps.ownership import decode_tags, encode_tags, ensure_ours
from deploy_steps.task import Actions, Kind
from orchestrator.core.specs import Alarm, AlarmsIdentity, AlarmsSpec

KIND = "alarms"


def create(client: Any, spec: AlarmsSpec, *, dry_run: bool = False) -> Result:
    """Make the alarms that are missing, and bring those that differ to the spec."""
    live = _read(client, spec.name, [alarm.name for alarm in spec.alarms])
    _ensure_ours(spec, live)
    changes: tuple[Change, ...] = ()
    for alarm in spec.alarms:
        differing = _changes(spec, alarm, live.get(alarm.name))
        changes += differing
        if differing and not dry_run:
            client.put_metric_alarm(**_settings(spec, alarm), Tags=tag_list(spec.owner.tags))
            if alarm.name in live and tag_differences(spec.owner, _tags(live[alarm.name])):
                # "If you are using this operation to update an existing alarm, any tags you specify … are ignored"
                client.tag_resource(ResourceARN=live[alarm.name]["AlarmArn"], Tags=tag_list(spec.owner.tags))
    if not live:
        return Result(KIND, spec.name, "created")
    return Result(KIND, spec.name, "updated" if changes else "unchanged", changes)


def destroy(client: Any, identity: AlarmsIdentity, *, dry_run: bool = False) -> Result:
    """Remove those of the named alarms that are there, in one call."""
    live = _read(client, identity.name, identity.alarms)
    _ensure_ours(identity, live)
    if live and not dry_run:
        client.delete_alarms(AlarmNames=[f"{identity.name}-{name}" for name in live])
    return Result(KIND, identity.name, "deleted" if live else "absent")


def info(client: Any, spec: AlarmsSpec) -> Result:
    """Compare the live alarms with the spec."""
    live = _read(client, spec.name, [alarm.name for alarm in spec.alarms])
    if not live:
        return Result(KIND, spec.name, "absent")
    changes = tuple(change for alarm in spec.alarms for change in _changes(spec, alarm, live.get(alarm.name)))
    return Result(KIND, spec.name, "drifted" if changes else "present", changes)


def _ensure_ours(all_: AlarmsSpec | AlarmsIdentity, live: dict[str, dict[str, Any]]) -> None:
    for name, alarm in live.items():
        ensure_ours("alarm", f"{all_.name}-{name}", all_.owner, _tags(alarm))


def _changes(spec: AlarmsSpec, alarm: Alarm, live: dict[str, Any] | None) -> tuple[Change, ...]:
    if live is None:
        return (Change(alarm.name, None, alarm.about),)
    desired = _compared(_settings(spec, alarm))
    found = differences(desired, _compared(live)) + tag_differences(spec.owner, _tags(live))
    return tuple(Change(f"{alarm.name}: {change.field}", change.before, change.after) for change in found)


def _settings(spec: AlarmsSpec, alarm: Alarm) -> dict[str, Any]:
    """An alarm as PutMetricAlarm takes it."""
    notified = [spec.topic_arn] if spec.topic_arn else []
    return {
        "AlarmName": f"{spec.name}-{alarm.name}",
        "AlarmDescription": f"{alarm.about}\n{encode_tags(spec.owner.tags)}",
        "Namespace": alarm.namespace,
        "MetricName": alarm.metric,
        "Dimensions": [{"Name": name, "Value": value} for name, value in alarm.dimensions.items()],
        "Statistic": alarm.statistic,
        "Period": alarm.period_seconds,
        "EvaluationPeriods": 1,
        "Threshold": alarm.threshold,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
        "ActionsEnabled": True,
        "AlarmActions": notified,
        "OKActions": notified,
    }


def _compared(alarm: dict[str, Any]) -> dict[str, Any]:
    """What is compared of an alarm, as PutMetricAlarm takes it or DescribeAlarms returns it."""
    return {
        "about": alarm.get("AlarmDescription", "").rpartition("\n")[0],
        "metric": f"{alarm.get('Namespace')} {alarm.get('MetricName')}",
        "dimensions": {each["Name"]: each["Value"] for each in alarm.get("Dimensions", [])},
        "statistic": alarm.get("Statistic"),
        "period_seconds": alarm.get("Period"),
        "condition": f"{alarm.get('ComparisonOperator')} {alarm.get('Threshold', 0):g}",
        "no_data": alarm.get("TreatMissingData"),
        "tells": alarm.get("AlarmActions", []),
        "tells_recovery": alarm.get("OKActions", []),
        "enabled": alarm.get("ActionsEnabled"),
    }


def _tags(live: dict[str, Any]) -> dict[str, str]:
    return decode_tags(live.get("AlarmDescription", "").rpartition("\n")[2])


def _read(client: Any, start: str, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Those of the alarms that exist, by name. A composite alarm has none of our fields, but the name is taken."""
    wanted = [f"{start}-{name}" for name in names]
    if not wanted:  # without names, AWS returns every alarm of the account
        return {}
    answer = client.describe_alarms(AlarmNames=wanted, AlarmTypes=["MetricAlarm", "CompositeAlarm"], MaxRecords=100)
    found = (*answer.get("MetricAlarms", []), *answer.get("CompositeAlarms", []))
    return {alarm["AlarmName"].removeprefix(f"{start}-"): alarm for alarm in found}


kind = Kind(
    name=KIND,
    service="cloudwatch",
    spec=AlarmsSpec,
    identity=AlarmsIdentity,
    create=create,
    destroy=destroy,
    info=info,
    actions=Actions.plain(
        read=("cloudwatch:DescribeAlarms",),
        create=("cloudwatch:PutMetricAlarm", "cloudwatch:TagResource"),
        destroy=("cloudwatch:DeleteAlarms",),
    ),
)
create_task, destroy_task, info_task = kind.handlers()
