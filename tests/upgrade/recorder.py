"""Writes down every AWS call that a Lambda worker of the embedded cloud makes, whatever release its code is of.

This file is copied into the environment that the workers run in, and started by a `.pth` file there. So it counts the
calls independently of the product's own journal, and it imports nothing of the product.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

CALLS = "upgrade_recorder.jsonl"
"""The file that the calls are appended to, beside this module."""

# What may name the thing that a call is about. Values of secrets are under other names.
_NAMES = (
    *("FunctionName", "LayerName", "RoleName", "TableName", "QueueUrl", "QueueName", "ruleName", "SecretId", "Name"),
    *("logGroupName", "AlarmName", "AlarmNames", "DashboardName", "ResourceARN", "resourceArn", "Resource", "UUID"),
    *("Bucket", "Key", "SourceArn", "EventSourceArn", "StatementId", "PolicyName"),
)


def record(params: dict[str, Any], model: Any, **_: Any) -> None:
    """Append one call: the function that makes it, the operation, its subject, and the folder of the code."""
    named = [str(params[name]) for name in _NAMES if name in params]
    if "RequestItems" in params:
        named += list(params["RequestItems"])
    code = sys.modules.get("deploy_steps") or sys.modules.get("lambda_functions")
    line = {
        "function": os.environ.get("AWS_LAMBDA_FUNCTION_NAME", ""),
        "operation": model.name,
        "subject": " ".join(named),
        "code": str(getattr(code, "__file__", "")),
    }
    with Path(__file__).with_name(CALLS).open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def start() -> None:
    """Record from now on, in a process that is a Lambda worker; in any other process do nothing."""
    # While `.pth` files are read, sys.argv is not set yet.
    if any("ministack-lambda-" in argument for argument in sys.orig_argv):
        from botocore import handlers

        if all(handler is not record for _, handler, *_ in handlers.BUILTIN_HANDLERS):  # a .pth file can be read twice
            handlers.BUILTIN_HANDLERS.append(("before-parameter-build", record))
