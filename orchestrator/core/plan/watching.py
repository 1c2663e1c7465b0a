"""The specs of a twin's alarms and of its dashboard, on the metrics that its functions report."""

from __future__ import annotations

from typing import Any

from orchestrator.core.catalogue import ALARMS, FUNCTIONS, PUBLIC, needed
from orchestrator.core.names import Installation, TwinNames
from orchestrator.core.placement import Placement

Json = dict[str, Any]

PERIOD_SECONDS = 300
_PERIOD_MINUTES = PERIOD_SECONDS // 60


class Watching:
    """Makes the specs for one twin. Each metric is watched only where the mapping has something that reports it."""

    def __init__(self, installation: Installation, twin: TwinNames, here: Placement) -> None:
        self._installation = installation
        self._twin = twin
        self._here = here
        self._functions = [function for function in FUNCTIONS if function in needed(here)]
        self._sending = [
            *(["connector"] if here.l1 and not here.l2 else []),
            *(["persister"] if here.l2 and not here.l3 else []),
        ]
        self._receiving = [function for function in PUBLIC if function in needed(here)]

    def alarms(self, owner: Json) -> Json:
        """Those alarms that the mapping needs; none is a valid answer."""
        alarms = {
            "failed-events": self._failed_events,
            "refused-requests": self._refused_requests,
            "url-requests": self._url_requests,
        }
        made = [
            {"name": name, **alarms[name](), "period_seconds": PERIOD_SECONDS}
            for component, name in ALARMS.items()
            if component in needed(self._here)
        ]
        topic = self._here.watch.topic_arn
        return {"name": self._twin.alarms, "owner": owner, "alarms": made, "topic_arn": topic}

    def dashboard(self, owner: Json) -> Json:
        """What there is to show: the step makes graphs of it."""
        alarms = [self._twin.alarm(alarm["name"]) for alarm in self.alarms({})["alarms"]]
        shows = {
            "region": self._installation.region,
            "metrics": self._twin.metrics,
            "functions": {function: self._twin.function(function) for function in self._functions},
            "sending": self._sending,
            "receiving": self._receiving,
            "queue": self._twin.failure_queue if self._here.asynchronous else None,
            "alarms": [self._installation.alarm_arn(alarm) for alarm in alarms],
        }
        return {"name": self._twin.dashboard, "owner": owner, "shows": shows}

    def _failed_events(self) -> Json:
        return {
            "about": f"Events of {self._twin.twin} wait in its failure queue: `gluecode replay {self._twin.twin}`.",
            "namespace": "AWS/SQS",
            "metric": "ApproximateNumberOfMessagesVisible",
            "dimensions": {"QueueName": self._twin.failure_queue},
            "statistic": "Maximum",
            "threshold": 0,
        }

    def _refused_requests(self) -> Json:
        return {
            "about": f"{self._twin.twin} turns many requests away: a wrong token, or somebody who tries his luck.",
            "namespace": self._twin.metrics,
            "metric": "EventsRefused",
            "dimensions": {"service": self._receiving[0]},
            "statistic": "Sum",
            "threshold": self._here.watch.refused_per_minute * _PERIOD_MINUTES,
        }

    def _url_requests(self) -> Json:
        return {
            "about": f"The public URL of {self._twin.twin} is called more often than expected, and every call costs.",
            "namespace": "AWS/Lambda",
            "metric": "UrlRequestCount",
            "dimensions": {"FunctionName": self._twin.function(self._receiving[0])},
            "statistic": "Sum",
            "threshold": self._here.watch.requests_per_minute * _PERIOD_MINUTES,
        }
