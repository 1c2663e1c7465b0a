"""The rows of what watches a twin: its alarms and its dashboard."""

from __future__ import annotations

import json
from typing import Any

from deploy_steps.registry import KINDS
from tests.contract.row import Drift, Row, Spec
from tests.contract.world import INSTALLATION, World

TOPIC = "arn:aws:sns:us-east-1:000000000000:on-call"


# --- alarms


def alarm(world: World, name: str, metric: str, threshold: int) -> Spec:
    return {
        "name": name,
        "about": "Somebody should look.",
        "namespace": f"gluecode/{world.twin}",
        "metric": metric,
        "dimensions": {"service": "writer"},
        "statistic": "Sum",
        "period_seconds": 300,
        "threshold": threshold,
    }


def alarms(world: World) -> Spec:
    return {
        "name": world.twin,
        "owner": world.owner,
        "alarms": [
            alarm(world, "refused-requests", "EventsRefused", 50),
            alarm(world, "failed-events", "Failures", 0),
        ],
        "topic_arn": TOPIC,
    }


def put_alarm(world: World, name: str, **changed: Any) -> None:
    """The alarm as it was made, with something else in it."""
    (live,) = world.hand("cloudwatch").describe_alarms(AlarmNames=[f"{world.twin}-{name}"])["MetricAlarms"]
    settings = (
        *("AlarmName", "AlarmDescription", "ActionsEnabled", "OKActions", "AlarmActions", "MetricName", "Namespace"),
        *("Statistic", "Dimensions", "Period", "EvaluationPeriods", "Threshold", "ComparisonOperator"),
        "TreatMissingData",
    )
    kept = {setting: live[setting] for setting in settings if setting in live}
    world.hand("cloudwatch").put_metric_alarm(**{**kept, **changed})


def foreign_alarm(world: World) -> None:
    world.hand("cloudwatch").put_metric_alarm(
        AlarmName=f"{world.twin}-failed-events",
        MetricName="Errors",
        Namespace="AWS/Lambda",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=2,
        Threshold=5,
        ComparisonOperator="GreaterThanThreshold",
    )


ALARMS = Row(
    kind=KINDS["alarms"],
    spec=alarms,
    created_by=("PutMetricAlarm", "PutMetricAlarm"),
    outputs=(),
    foreign=foreign_alarm,
    no_op_calls=1,
    drifts=(
        Drift(
            "someone set a threshold that never sounds",
            ("failed-events: condition",),
            ("PutMetricAlarm",),
            lambda world: put_alarm(world, "failed-events", Threshold=1_000_000),
        ),
        Drift(
            "someone switched an alarm off",
            ("refused-requests: enabled",),
            ("PutMetricAlarm",),
            lambda world: put_alarm(world, "refused-requests", ActionsEnabled=False),
        ),
        Drift(
            "someone deleted one of the alarms",
            ("failed-events",),
            ("PutMetricAlarm",),
            lambda world: world.hand("cloudwatch").delete_alarms(AlarmNames=[f"{world.twin}-failed-events"]),
        ),
        Drift(
            "somebody else is on call",
            tuple(
                f"{name}: {what}"
                for name in ("failed-events", "refused-requests")
                for what in ("tells", "tells_recovery")
            ),
            ("PutMetricAlarm", "PutMetricAlarm"),
            spec={"topic_arn": f"{TOPIC}-2"},
        ),
    ),
)


# --- dashboard


def shown(world: World, **changed: Any) -> Spec:
    return {
        "region": "us-east-1",
        "metrics": f"gluecode/{world.twin}",
        "functions": {"connector": f"{world.twin}-connector"},
        "sending": ["connector"],
        "receiving": [],
        "queue": f"{world.twin}-failures",
        "alarms": [],
        **changed,
    }


def dashboard(world: World) -> Spec:
    return {"name": f"{world.twin}-dashboard", "owner": world.owner, "shows": shown(world)}


def rename(widgets: Any) -> None:
    """Give one of the widgets another title."""
    (queue,) = [each for each in widgets if each["properties"].get("title") == "Failure queue"]
    queue["properties"]["title"] = "Mine"


def edit(world: World, change: Any) -> None:
    """Change the dashboard's body by hand."""
    client, name = world.hand("cloudwatch"), f"{world.twin}-dashboard-us-east-1-gluecode"
    body = json.loads(client.get_dashboard(DashboardName=name)["DashboardBody"])
    change(body["widgets"])
    client.put_dashboard(DashboardName=name, DashboardBody=json.dumps(body))


DASHBOARD = Row(
    kind=KINDS["dashboard"],
    spec=dashboard,
    created_by=("PutDashboard",),
    outputs=(),
    foreign=lambda world: world.hand("cloudwatch").put_dashboard(
        DashboardName=f"{world.twin}-dashboard-us-east-1-gluecode", DashboardBody=json.dumps({"widgets": []})
    ),
    no_op_calls=1,
    drifts=(
        Drift(
            "someone made a widget smaller",
            ("widget Events per hop",),
            ("PutDashboard",),
            lambda world: edit(world, lambda widgets: widgets[1].update(width=3)),
        ),
        Drift(
            "someone took a widget away and put another one there",
            ("widget Failure queue", "widget Mine"),
            ("PutDashboard",),
            lambda world: edit(world, rename),
        ),
        Drift(
            "someone stripped the marks of the twin and the layer",
            ("tag DigitalTwin", "tag Layer"),
            ("PutDashboard",),
            lambda world: edit(
                world,
                lambda widgets: widgets[0]["properties"].update(
                    markdown=f"# Mine\n\nManagedBy=multicloud-gluecode Installation={INSTALLATION}"
                ),
            ),
        ),
    ),
)

ROWS = (ALARMS, DASHBOARD)
