"""On which resource of a twin each IAM action of a step is used: what a policy has to be asked about (pure)."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.core.catalogue import SENDERS
from orchestrator.core.names import (
    ALARMS,
    Installation,
    TwinNames,
    configuration_key,
    package_key,
    project_files,
    report_key,
)

ON_NO_RESOURCE = frozenset(
    {
        "lambda:CreateEventSourceMapping",
        "lambda:ListEventSourceMappings",
        "lambda:ListLayerVersions",
        "logs:DescribeLogGroups",
        "cloudwatch:DescribeAlarms",
    }
)
"""Actions that IAM checks against `*` alone."""

UNDER_A_CONDITION = frozenset(
    {
        "iam:CreateRole",
        "iam:PassRole",
        "iam:PutRolePolicy",
        "iam:PutRolePermissionsBoundary",
        "iam:DeleteRolePermissionsBoundary",
        "lambda:CreateEventSourceMapping",
        "lambda:UpdateEventSourceMapping",
        "lambda:DeleteEventSourceMapping",
        "events:PutEvents",
    }
)
"""Actions that the steps' roles have under a condition: for one service, with the installation's boundary, for a twin's
functions, as our own events only.
"""

_STATE = frozenset(
    {
        *(f"dynamodb:{verb}Item" for verb in ("Get", "BatchGet", "BatchWrite", "Put", "Update", "Delete")),
        "dynamodb:Scan",
    }
)
_CONNECTION = "aws_l1_to_azure_l2"
_SUFFIX = "AbCdEf"  # Secrets Manager puts six such characters behind a secret's name
_DIGEST = "0" * 64
_MAPPING = "00000000-0000-0000-0000-000000000000"  # Lambda gives each event source mapping such a number


@dataclass(frozen=True)
class ActionResources:
    """The resources of one twin; where there are many of a kind, that of `component` stands for all."""

    installation: Installation
    twin: str
    component: str = "writer"

    def of(self, task: str, action: str) -> str:
        """The ARN on which a task uses an action. Raises LookupError for an action that this page does not know."""
        if action in ON_NO_RESOURCE:
            return "*"
        if action in _STATE:
            return self.installation.table_arn(self.installation.state_table)
        if action == "logs:FilterLogEvents":  # AWS checks it against the group's streams
            return f"{self.installation.log_group_arn(self.installation.steps_log_group)}:log-stream:"
        service = action.partition(":")[0]
        if service == "s3":
            return self._in_bucket(task, action)
        if action.endswith("EventSourceMapping"):
            return self.installation.event_source_arn(_MAPPING)
        if action.endswith(("LayerVersion", "LayerVersions")):
            return self._layer(action)
        if action.endswith(("Dashboard", "Dashboards")):
            return self.installation.dashboard_arn(TwinNames(self.twin).dashboard)
        if service == "sqs" and task.endswith("-outbox"):
            return self.installation.queue_arn(TwinNames(self.twin).outbox(SENDERS[0]))
        return self._by_service(service, action)

    def _by_service(self, service: str, action: str) -> str:
        here, names = self.installation, TwinNames(self.twin)
        function = names.function(self.component)
        arns = {
            "cloudwatch": here.alarm_arn(names.alarm(ALARMS[0])),
            "dynamodb": here.table_arn(names.hot_table),
            "events": here.event_bus_arn,
            "iam": here.role_arn(function),
            "iot": here.rule_arn(names.iot_rule),
            "lambda": here.function_arn(function),
            "logs": here.log_group_arn(names.log_group),
            "secretsmanager": f"{here.secret_arn(names.secret(_CONNECTION))}-{_SUFFIX}",
            "sqs": here.queue_arn(names.failure_queue),
            "states": f"{here.machine_arn('deploy').replace(':stateMachine:', ':execution:')}:{self.twin}",
        }
        if service not in arns:
            raise LookupError(f"A step declares {action}: say in {__name__} on which resource.")
        return arns[service]

    def _layer(self, action: str) -> str:
        here, name = self.installation, TwinNames(self.twin).configuration_layer
        version = "" if action == "lambda:PublishLayerVersion" else ":1"
        return f"arn:{here.partition}:lambda:{here.region}:{here.account}:layer:{name}{version}"

    def _in_bucket(self, task: str, action: str) -> str:
        bucket = f"arn:{self.installation.partition}:s3:::{self.installation.bucket}"
        if action in ("s3:ListBucket", "s3:ListBucketVersions"):
            return bucket
        key = {
            ("compare-twin", "s3:GetObject"): package_key(self.twin, "device", _DIGEST),
            ("create-function", "s3:GetObject"): "code/functions.zip",
            ("create-config-layer", "s3:GetObject"): configuration_key(self.twin, _DIGEST),
            ("load-project", "s3:PutObject"): configuration_key(self.twin, _DIGEST),
            ("build-processor-package", "s3:PutObject"): package_key(self.twin, "device", _DIGEST),
            ("write-report", "s3:PutObject"): report_key(self.twin, self.twin),
        }.get((task, action), f"{project_files(self.twin)}config.json")
        return f"{bucket}/{key}"
