"""The specs of a twin's alarms and of its dashboard, on the metrics that its functions report."""

from __future__ import annotations

from orchestrator.core.catalogue import ALARMS, FUNCTIONS, PUBLIC, SENDERS, needed
from orchestrator.core.names import Installation, TwinNames
from orchestrator.core.placement import Placement, Watch
from orchestrator.core.specs import Alarm, AlarmsSpec, DashboardContent, DashboardSpec, Owner

PERIOD_SECONDS = 300
_PERIOD_MINUTES = PERIOD_SECONDS // 60


def alarms(installation: Installation, twin: TwinNames, here: Placement) -> AlarmsSpec:
    """Those alarms that the mapping needs; none is a valid answer."""
    there = needed(here)
    wanted = {name for component, name in ALARMS.items() if component in there}
    receiver = next((function for function in PUBLIC if function in there), "")
    made = tuple(alarm for alarm in _alarms(twin, here.watch, receiver) if alarm.name in wanted)
    return AlarmsSpec(twin.alarms, Owner(twin.twin, installation=installation.scope), made, here.watch.topic_arn)


def dashboard(installation: Installation, twin: TwinNames, here: Placement) -> DashboardSpec:
    """What there is to show: the step makes graphs of it. Only what the mapping needs is there to be watched."""
    there = needed(here)
    shows = DashboardContent(
        region=installation.region,
        metrics=twin.metrics,
        functions={function: twin.function(function) for function in FUNCTIONS if function in there},
        sending=tuple(
            function for function in SENDERS if function in there and not (function == "persister" and here.l3)
        ),
        receiving=tuple(function for function in PUBLIC if function in there),
        queue=twin.failure_queue if "failure_queue" in there else None,
        alarms=tuple(
            installation.alarm_arn(twin.alarm(alarm.name)) for alarm in alarms(installation, twin, here).alarms
        ),
    )
    return DashboardSpec(twin.dashboard, Owner(twin.twin, installation=installation.scope), shows)


def _alarms(twin: TwinNames, watch: Watch, receiver: str) -> tuple[Alarm, ...]:
    """All alarms there are. `receiver` is the function that other clouds call, if they do."""
    return (
        Alarm(
            name="failed-events",
            about=f"Events of {twin.twin} wait in its failure queue: `gluecode replay {twin.twin}`.",
            namespace="AWS/SQS",
            metric="ApproximateNumberOfMessagesVisible",
            dimensions={"QueueName": twin.failure_queue},
            statistic="Maximum",
            period_seconds=PERIOD_SECONDS,
            threshold=0,
        ),
        Alarm(
            name="refused-requests",
            about=f"{twin.twin} turns many requests away: a wrong token, or somebody who tries his luck.",
            namespace=twin.metrics,
            metric="EventsRefused",
            dimensions={"service": receiver},
            statistic="Sum",
            period_seconds=PERIOD_SECONDS,
            threshold=watch.refused_per_minute * _PERIOD_MINUTES,
        ),
        Alarm(
            name="url-requests",
            about=f"The public URL of {twin.twin} is called more often than expected, and every call costs.",
            namespace="AWS/Lambda",
            metric="UrlRequestCount",
            dimensions={"FunctionName": twin.function(receiver)},
            statistic="Sum",
            period_seconds=PERIOD_SECONDS,
            threshold=watch.requests_per_minute * _PERIOD_MINUTES,
        ),
    )
