"""What the command line asks of AWS, command by command, and what CloudFormation does when it installs (pure).

A test holds the first against the calls in the code, and the second against the resources in the templates.
"""

from __future__ import annotations

import json
from pathlib import Path

_RUN = ("states:ListExecutions", "states:StartExecution", "states:DescribeExecution", "logs:FilterLogEvents")
_UPLOAD = ("s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject")
_NAME_BY_VERSIONS = "s3:ListBucketVersions"
_RECORDS = ("dynamodb:GetItem", "dynamodb:Scan")
_READ_TOKENS = ("secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue")
_KEEP_TOKENS = (
    *_READ_TOKENS,
    "secretsmanager:CreateSecret",
    "secretsmanager:RestoreSecret",
    "secretsmanager:PutSecretValue",
    "secretsmanager:TagResource",
)
_QUEUE = (
    "sqs:GetQueueUrl",
    "sqs:GetQueueAttributes",
    "sqs:ReceiveMessage",
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
)

COMMANDS: dict[str, tuple[str, ...]] = {
    "plan": (*_UPLOAD, *_READ_TOKENS, *_RUN),
    "deploy": (*_UPLOAD, _NAME_BY_VERSIONS, *_KEEP_TOKENS, *_RUN),
    "destroy": _RUN,
    "inspect": _RUN,
    "resume": (*_RUN, "dynamodb:Query", "dynamodb:GetItem", "states:GetExecutionHistory", "states:RedriveExecution"),
    "history": ("dynamodb:Query", "dynamodb:Scan", "states:DescribeExecution"),
    "report": ("states:DescribeExecution", "states:GetExecutionHistory", "logs:FilterLogEvents"),
    "send": (*_RECORDS, "iot:Publish", "logs:FilterLogEvents"),
    "trace": (*_RECORDS, "logs:FilterLogEvents"),
    "logs": (*_RECORDS, "logs:FilterLogEvents"),
    "replay": (*_RECORDS, *_QUEUE, "lambda:GetFunction", "lambda:InvokeFunction"),
    "rotate-token": (
        *_RECORDS,
        *_READ_TOKENS,
        "secretsmanager:PutSecretValue",
        "secretsmanager:UpdateSecretVersionStage",
    ),
}
"""What each command calls AWS for. `check-permissions` is not here: it makes do with what it may ask."""

OFFLINE = frozenset({"local", "init", "validate", "conformance"})
"""The commands that need no AWS."""

INSTALLING = (
    "cloudformation:CreateChangeSet",
    "cloudformation:DescribeChangeSet",
    "cloudformation:ExecuteChangeSet",
    "cloudformation:DeleteChangeSet",
    "cloudformation:DescribeStacks",
    "cloudformation:DescribeStackEvents",
    "cloudformation:ListStackResources",
    "cloudformation:DescribeEvents",
    "cloudformation:ContinueUpdateRollback",
    "cloudformation:DeleteStack",
    "s3:ListBucket",
    "s3:ListBucketVersions",
    "s3:GetObject",
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "lambda:ListLayerVersions",
    "lambda:DeleteLayerVersion",
    "dynamodb:Scan",
    "dynamodb:DescribeTable",
    "dynamodb:UpdateTable",
)
"""What `gluecode install` and `gluecode uninstall` call themselves."""

RESOURCE_TYPES: dict[str, list[str]] = json.loads(
    Path(__file__).with_name("resource_types.json").read_text(encoding="utf-8")
)
"""What CloudFormation does, as the caller, for each type of resource in the orchestrator's templates."""
