"""What a twin's dashboard shows, as CloudWatch takes it: graphs of what the functions and AWS itself report (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
Metric = list[Any]

_PERIOD_SECONDS = 300
_WIDTH, _HEIGHT = 12, 6  # of 24 columns
_SIZE = {"width": _WIDTH, "height": _HEIGHT}
_BELOW_THE_HEADING = 2


@dataclass(frozen=True)
class DashboardContent:
    """What there is to show. `functions` are names by short name; those of the twin that send, and those with a URL.

    `metrics` is the namespace in which the functions report; `queue` the failure queue, if there is one; `alarms` ARNs.
    """

    region: str
    metrics: str
    functions: dict[str, str]
    sending: tuple[str, ...]
    receiving: tuple[str, ...]
    queue: str | None
    alarms: tuple[str, ...]

    def widgets(self) -> list[Json]:
        """Two in a row, below a heading."""
        return [
            {**widget, "x": number % 2 * _WIDTH, "y": _BELOW_THE_HEADING + number // 2 * _HEIGHT, **_SIZE}
            for number, widget in enumerate(self._unplaced())
        ]

    def _unplaced(self) -> Iterator[Json]:
        yield self._graph("Events per hop", self._reported(self.functions, "EventsIn", "EventsOut", "EventsDropped"))
        yield self._graph("Failed and refused", self._reported(self.functions, "Failures", "EventsRefused"))
        crossing = (*self.receiving, *self.sending)
        if crossing:
            latency = [*self._reported(crossing, "CrossCloudLatency", stat="p50")]
            latency += self._reported(crossing, "CrossCloudLatency", stat="p99")
            yield self._graph("Cross-cloud latency (ms)", latency)
        if self.sending:
            retries = [*self._reported(self.sending, "Retries")]
            retries += self._reported(self.sending, "BreakerState", stat="Maximum", yAxis="right")
            yield self._graph("Retries, and the breaker (1 is open)", retries)
        if self.queue:
            yield self._graph("Failure queue", self._queue(self.queue))
        if self.receiving:
            requests = self._measured(self.receiving, "UrlRequestCount", "Url4xxCount", "Url5xxCount")
            yield self._graph("Requests on the URL", requests)
        yield self._graph("Errors and throttles", self._measured(self.functions, "Errors", "Throttles"))
        yield self._graph("Duration (ms)", self._measured(self.functions, "Duration", stat="p99"))
        if self.alarms:
            yield {"type": "alarm", "properties": {"title": "Alarms", "alarms": list(self.alarms)}}

    def _graph(self, title: str, metrics: Iterable[Metric]) -> Json:
        shown = {"title": title, "view": "timeSeries", "region": self.region, "period": _PERIOD_SECONDS}
        return {"type": "metric", "properties": {**shown, "metrics": list(metrics)}}

    def _reported(self, services: Iterable[str], *metrics: str, stat: str = "Sum", **more: str) -> Iterator[Metric]:
        """Metrics that the functions report themselves."""
        for service in services:
            for metric in metrics:
                yield [self.metrics, metric, "service", service, {"stat": stat, **more}]

    def _measured(self, services: Iterable[str], *metrics: str, stat: str = "Sum") -> Iterator[Metric]:
        """Metrics that Lambda reports of them."""
        for service in services:
            for metric in metrics:
                yield ["AWS/Lambda", metric, "FunctionName", self.functions[service], {"stat": stat}]

    @staticmethod
    def _queue(queue: str) -> Iterator[Metric]:
        sides = {"ApproximateNumberOfMessagesVisible": "left", "ApproximateAgeOfOldestMessage": "right"}
        for metric, side in sides.items():
            yield ["AWS/SQS", metric, "QueueName", queue, {"stat": "Maximum", "yAxis": side}]
