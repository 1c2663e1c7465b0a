"""A two-task orchestrator that deploys two roles side by side: enough to prove the harness itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from deploy_steps.kinds import iam_role
from orchestrator.core.names import Installation
from tests.harness.engine import Handler
from tests.harness.parts import Client

_OWNER = {"twin": "toy", "layer": "layer_1", "adopt": False}
_RETRY = [{"ErrorEquals": ["Throttled", "ServiceUnavailable"], "IntervalSeconds": 2, "MaxAttempts": 30}]


def spec(name: str) -> dict[str, Any]:
    """The desired state of one of its roles."""
    allowed = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": f"arn:aws:sqs:*:*:{name}"}
    return {
        "name": name,
        "owner": _OWNER,
        "trusted_service": "lambda.amazonaws.com",
        "policy": {"Version": "2012-10-17", "Statement": [allowed]},
    }


class Toy:
    """`deploy` brings up the roles toy-left and toy-right; `large` and `fail` do what their names say."""

    def tasks(self, installation: Installation) -> Mapping[str, Handler]:
        return {
            installation.task_name("create", "iam-role"): iam_role.create_task,
            installation.task_name("large"): lambda _event, _context: "x" * 300_000,
        }

    def environment(self, installation: Installation) -> Mapping[str, str]:
        return {}

    def install(self, installation: Installation, client: Client) -> None:
        client("s3").create_bucket(Bucket=installation.bucket)

    def machines(self, installation: Installation) -> Mapping[str, str]:
        create = installation.function_arn(installation.task_name("create", "iam-role"))
        large = installation.function_arn(installation.task_name("large"))
        return {
            installation.machine_name(name): json.dumps(definition)
            for name, definition in {"deploy": _deploy(create), "large": _one(large), "fail": _one(create)}.items()
        }


def _one(task: str) -> dict[str, Any]:
    return {"StartAt": "Do it", "States": {"Do it": {"Type": "Task", "Resource": task, "End": True}}}


def _deploy(create: str) -> dict[str, Any]:
    branches = [
        {
            "StartAt": f"Create {side} role",
            "States": {
                f"Create {side} role": {
                    "Type": "Task",
                    "Resource": create,
                    "Parameters": {"run.$": "$$.Execution.Name", "spec": spec(f"toy-{side}")},
                    "Retry": _RETRY,
                    "End": True,
                }
            },
        }
        for side in ("left", "right")
    ]
    return {"StartAt": "Roles", "States": {"Roles": {"Type": "Parallel", "Branches": branches, "End": True}}}
