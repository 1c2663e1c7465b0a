"""What a twin's dashboard shows, as CloudWatch takes it: graphs of what the functions and AWS itself report (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from orchestrator.core.specs import DashboardContent

Json = dict[str, Any]
Metric = list[Any]

_PERIOD_SECONDS = 300
_WIDTH, _HEIGHT = 12, 6  # of 24 columns
_SIZE = {"width": _WIDTH, "height": _HEIGHT}
_BELOW_THE_HEADING = 2


def widgets(content: DashboardContent) -> list[Json]:
    """Two in a row, below a heading."""
    return [
        {**widget, "x": number % 2 * _WIDTH, "y": _BELOW_THE_HEADING + number // 2 * _HEIGHT, **_SIZE}
        for number, widget in enumerate(_unplaced(content))
    ]


def _unplaced(content: DashboardContent) -> Iterator[Json]:
    def graph(title: str, *metrics: Iterable[Metric]) -> Json:
        shown = {"title": title, "view": "timeSeries", "region": content.region, "period": _PERIOD_SECONDS}
        return {"type": "metric", "properties": {**shown, "metrics": [each for group in metrics for each in group]}}

    def reported(services: Iterable[str], *metrics: str, stat: str = "Sum", **more: str) -> Iterator[Metric]:
        """Metrics that the functions report themselves."""
        for service in services:
            for metric in metrics:
                yield [content.metrics, metric, "service", service, {"stat": stat, **more}]

    def measured(services: Iterable[str], *metrics: str, stat: str = "Sum") -> Iterator[Metric]:
        """Metrics that Lambda reports of them."""
        for service in services:
            for metric in metrics:
                yield ["AWS/Lambda", metric, "FunctionName", content.functions[service], {"stat": stat}]

    yield graph("Events per hop", reported(content.functions, "EventsIn", "EventsOut", "EventsDropped"))
    yield graph("Failed and refused", reported(content.functions, "Failures", "EventsRefused"))
    crossing = (*content.receiving, *content.sending)
    if crossing:
        latency = (reported(crossing, "CrossCloudLatency", stat=stat) for stat in ("p50", "p99"))
        yield graph("Cross-cloud latency (ms)", *latency)
    if content.sending:
        breaker = reported(content.sending, "BreakerState", stat="Maximum", yAxis="right")
        yield graph("Retries, and the breaker (1 is open)", reported(content.sending, "Retries"), breaker)
    if content.queue:
        yield graph("Failure queue", _queue(content.queue))
    if content.receiving:
        requests = measured(content.receiving, "UrlRequestCount", "Url4xxCount", "Url5xxCount")
        yield graph("Requests on the URL", requests)
    yield graph("Errors and throttles", measured(content.functions, "Errors", "Throttles"))
    yield graph("Duration (ms)", measured(content.functions, "Duration", stat="p99"))
    if content.alarms:
        yield {"type": "alarm", "properties": {"title": "Alarms", "alarms": list(content.alarms)}}


def _queue(queue: str) -> Iterator[Metric]:
    sides = {"ApproximateNumberOfMessagesVisible": "left", "ApproximateAgeOfOldestMessage": "right"}
    for metric, side in sides.items():
        yield ["AWS/SQS", metric, "QueueName", queue, {"stat": "Maximum", "yAxis": side}]
