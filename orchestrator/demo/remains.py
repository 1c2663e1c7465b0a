"""Lists everything in an account whose name says that it belongs to a twin, by asking AWS and nobody else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from orchestrator.core.names import TwinNames

# Service, operation, and where the names are in its answer (JMESPath).
_LISTINGS = {
    "functions": ("lambda", "list_functions", "Functions[].FunctionName"),
    "layers": ("lambda", "list_layers", "Layers[].LayerName"),
    "roles": ("iam", "list_roles", "Roles[].RoleName"),
    "tables": ("dynamodb", "list_tables", "TableNames[]"),
    "rules": ("iot", "list_topic_rules", "rules[].ruleName"),
    "queues": ("sqs", "list_queues", "QueueUrls[]"),
    "secrets": ("secretsmanager", "list_secrets", "SecretList[].Name"),
    "alarms": ("cloudwatch", "describe_alarms", "MetricAlarms[].AlarmName"),
    "dashboards": ("cloudwatch", "list_dashboards", "DashboardEntries[].DashboardName"),
    "log groups": ("logs", "describe_log_groups", "logGroups[].logGroupName"),
}

LISTED = tuple(_LISTINGS)


def remains(aws: Any, twin: str) -> dict[str, list[str]]:
    """Everything of the twin that is there, by sort. Sorts of which there is nothing are left out."""
    found = {what: sorted(filter(_of(twin), _listed(aws, what))) for what in _LISTINGS}
    return {what: names for what, names in found.items() if names}


def _listed(aws: Any, what: str) -> Iterator[str]:
    service, operation, names = _LISTINGS[what]
    found = aws.client(service).get_paginator(operation).paginate().search(names)
    return (str(name).rpartition("/")[2] if what == "queues" else name for name in found if name is not None)


def _of(twin: str) -> Callable[[str], bool]:
    rule = re.sub("[^A-Za-z0-9_]", "_", twin)
    starts = (f"{twin}-", f"{twin}/", f"{rule}_trigger_")
    return lambda name: name.startswith(starts) or name == TwinNames(twin).log_group
