"""Lists everything in an account whose name says that it belongs to a twin, by asking AWS and nobody else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from orchestrator.core.names import TwinNames

_LISTINGS: dict[str, tuple[str, str, Callable[[Any], list[str]]]] = {
    "functions": ("lambda", "list_functions", lambda page: [each["FunctionName"] for each in page["Functions"]]),
    "layers": ("lambda", "list_layers", lambda page: [each["LayerName"] for each in page["Layers"]]),
    "roles": ("iam", "list_roles", lambda page: [each["RoleName"] for each in page["Roles"]]),
    "tables": ("dynamodb", "list_tables", lambda page: page["TableNames"]),
    "rules": ("iot", "list_topic_rules", lambda page: [each["ruleName"] for each in page["rules"]]),
    "queues": ("sqs", "list_queues", lambda page: [url.rpartition("/")[2] for url in page.get("QueueUrls", [])]),
    "secrets": ("secretsmanager", "list_secrets", lambda page: [each["Name"] for each in page["SecretList"]]),
    "alarms": ("cloudwatch", "describe_alarms", lambda page: [each["AlarmName"] for each in page["MetricAlarms"]]),
    "dashboards": (
        "cloudwatch",
        "list_dashboards",
        lambda page: [each["DashboardName"] for each in page["DashboardEntries"]],
    ),
    "log groups": ("logs", "describe_log_groups", lambda page: [each["logGroupName"] for each in page["logGroups"]]),
}

LISTED = tuple(_LISTINGS)


def remains(aws: Any, twin: str) -> dict[str, list[str]]:
    """Everything of the twin that is there, by sort. Sorts of which there is nothing are left out."""
    found = {what: sorted(filter(_of(twin), _listed(aws, what))) for what in _LISTINGS}
    return {what: names for what, names in found.items() if names}


def _listed(aws: Any, what: str) -> Iterator[str]:
    service, operation, names = _LISTINGS[what]
    for page in aws.client(service).get_paginator(operation).paginate():
        yield from names(page)


def _of(twin: str) -> Callable[[str], bool]:
    rule = re.sub("[^A-Za-z0-9_]", "_", twin)
    starts = (f"{twin}-", f"{twin}/", f"{rule}_trigger_")
    return lambda name: name.startswith(starts) or name == TwinNames(twin).log_group
