"""What a run costs at most, from AWS's list prices (pure)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

PRICES_AS_OF = "November 2026"
PRICES_FROM = "https://aws.amazon.com/pricing/"
PRICED_REGION = "us-east-1"

DEAREST_REGION_FACTOR = 2.0
"""No region's price of what is used here is higher than this many times that of PRICED_REGION."""

_HOURS_A_MONTH = 730
_MILLION = 1_000_000


@dataclass(frozen=True)
class Price:
    """US dollars for `per` units; the page that says so is under PRICES_FROM or `page`."""

    dollars: float
    per: float
    unit: str
    page: str


PRICES = {
    "lambda requests": Price(0.20, _MILLION, "requests", "https://aws.amazon.com/lambda/pricing/"),
    "lambda time": Price(0.0000166667, 1, "GB-seconds", "https://aws.amazon.com/lambda/pricing/"),
    "transitions": Price(0.025, 1_000, "state transitions", "https://aws.amazon.com/step-functions/pricing/"),
    "dynamodb writes": Price(0.625, _MILLION, "writes", "https://aws.amazon.com/dynamodb/pricing/on-demand/"),
    "dynamodb reads": Price(0.125, _MILLION, "reads", "https://aws.amazon.com/dynamodb/pricing/on-demand/"),
    "sqs": Price(0.40, _MILLION, "requests", "https://aws.amazon.com/sqs/pricing/"),
    "iot": Price(1.30, _MILLION, "messages, with a rule and an action", "https://aws.amazon.com/iot-core/pricing/"),
    "events": Price(1.00, _MILLION, "events", "https://aws.amazon.com/eventbridge/pricing/"),
    "s3 requests": Price(0.005, 1_000, "requests", "https://aws.amazon.com/s3/pricing/"),
    "s3 storage": Price(0.023 / _HOURS_A_MONTH, 1, "GB-hours", "https://aws.amazon.com/s3/pricing/"),
    "logs": Price(0.50, 1, "GB of logs", "https://aws.amazon.com/cloudwatch/pricing/"),
    "alarms": Price(0.10 / _HOURS_A_MONTH, 1, "alarm-hours", "https://aws.amazon.com/cloudwatch/pricing/"),
    "dashboards": Price(3.00 / _HOURS_A_MONTH, 1, "dashboard-hours", "https://aws.amazon.com/cloudwatch/pricing/"),
    "metrics": Price(0.30 / _HOURS_A_MONTH, 1, "metric-hours", "https://aws.amazon.com/cloudwatch/pricing/"),
    "traces": Price(5.00, _MILLION, "traces", "https://aws.amazon.com/xray/pricing/"),
    "secrets": Price(0.40 / _HOURS_A_MONTH, 1, "secret-hours", "https://aws.amazon.com/secrets-manager/pricing/"),
    "secret calls": Price(0.05, 10_000, "calls", "https://aws.amazon.com/secrets-manager/pricing/"),
    "kms": Price(0.03, 10_000, "requests", "https://aws.amazon.com/kms/pricing/"),
    "data out": Price(0.09, 1, "GB", "https://aws.amazon.com/ec2/pricing/on-demand/#Data_Transfer"),
}
"""By what is used. No free tier is taken off."""


@dataclass(frozen=True)
class Usage:
    """What a run uses at most."""

    minutes: float
    executions: int
    events: int
    requests_to_urls: int
    alarms: int
    dashboards: int
    secrets: int
    functions: int


@dataclass(frozen=True)
class Line:
    """One row of the estimate."""

    what: str
    quantity: float
    unit: str
    dollars: float


# At most, for one execution of a machine with all that it starts; measured on the embedded cloud, and doubled.
_TRANSITIONS, _TASKS, _TASK_SECONDS, _TASK_GB = 240, 120, 4.0, 0.5
_STATE_WRITES, _LOG_KB = 40, 400
# At most, for one event with all functions on its way, or one request to a public URL.
_INVOCATIONS, _EVENT_SECONDS, _EVENT_GB, _EVENT_LOG_KB = 5, 3.0, 0.25, 10
_METRICS_A_FUNCTION = 10
_INSTALL_PUTS, _STORED_GB = 200, 0.5
_POLLS_A_MINUTE = 60  # long polls of the two queues that functions work off, and of the stand-in's


def estimate(usage: Usage) -> list[Line]:
    """The estimate in PRICED_REGION. Whatever is billed by the hour is so for whole hours."""
    hours = max(1, math.ceil(usage.minutes / 60))
    tasks, passing = usage.executions * _TASKS, usage.events + usage.requests_to_urls
    invocations = tasks + passing * _INVOCATIONS
    used = {
        "lambda requests": invocations,
        "lambda time": tasks * _TASK_SECONDS * _TASK_GB + passing * _EVENT_SECONDS * _EVENT_GB * _INVOCATIONS,
        "transitions": usage.executions * _TRANSITIONS,
        "dynamodb writes": usage.executions * _STATE_WRITES + passing,
        "dynamodb reads": 10 * (usage.executions * _STATE_WRITES + passing),
        "sqs": _POLLS_A_MINUTE * usage.minutes + 4 * passing,
        "iot": usage.events,
        "events": 10 * usage.executions,
        "s3 requests": _INSTALL_PUTS + 100 * usage.executions,
        "s3 storage": _STORED_GB * hours,
        "logs": (usage.executions * _LOG_KB + passing * _EVENT_LOG_KB) / 1e6,
        "alarms": usage.alarms * hours,
        "dashboards": usage.dashboards * hours,
        "metrics": usage.functions * _METRICS_A_FUNCTION * hours,
        "traces": passing * _INVOCATIONS,
        "secrets": usage.secrets * hours,
        "secret calls": 2 * passing + 20 * usage.executions,
        "kms": 2 * invocations,
        "data out": passing * 5 / 1e6 + 0.1,
    }
    return [_line(what, quantity) for what, quantity in used.items()]


def bound(lines: Sequence[Line]) -> float:
    """US dollars that a run does not exceed in any region, in whole cents."""
    return math.ceil(sum(line.dollars for line in lines) * DEAREST_REGION_FACTOR * 100) / 100


def _line(what: str, quantity: float) -> Line:
    price = PRICES[what]
    return Line(what, quantity, price.unit, quantity / price.per * price.dollars)
