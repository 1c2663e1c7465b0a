"""What an installation consists of, seen by the harness: tasks, their environment, what they find, the machines."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from deploy_steps.registry import KINDS, tasks
from orchestrator.core.names import Installation
from orchestrator.install import machines, packages
from state_machines import START, placeholder, start_arn
from tests.harness.engine import Handler

Client = Callable[[str], Any]

_VERBS = ("create", "destroy", "info")
_LAYER = "arn:aws:lambda:{region}:{account}:layer:{prefix}-functions:1"


class Parts(Protocol):
    """An orchestrator: the product's, or a toy for the harness's own tests."""

    def tasks(self, installation: Installation) -> Mapping[str, Handler]:
        """Function name of each task → its handler."""

    def environment(self, installation: Installation) -> Mapping[str, str]:
        """The tasks' environment variables."""

    def machines(self, installation: Installation) -> Mapping[str, str]:
        """Name of each state machine → its definition, rendered."""

    def install(self, installation: Installation, client: Client) -> None:
        """Put into an empty account what the tasks expect to find there."""


class Product:
    """The real orchestrator: the tasks and machines that `gluecode install` puts into an account."""

    def __init__(self) -> None:
        self._functions = packages.functions()
        self._tasks = {f"{verb}-{kind.name}": kind.task(verb) for kind in KINDS.values() for verb in _VERBS}
        self._tasks |= {task.name: _handler(task.handler) for task in tasks()}
        self._machines = machines.machines()

    def tasks(self, installation: Installation) -> Mapping[str, Handler]:
        """Every task under its function's name."""
        return {installation.task_name(name): handler for name, handler in self._tasks.items()}

    def environment(self, installation: Installation) -> Mapping[str, str]:
        """What the template gives to the tasks."""
        return {
            "INSTALLATION_PREFIX": installation.prefix,
            "STATE_TABLE": installation.state_table,
            "ARTIFACT_BUCKET": installation.bucket,
            "FUNCTIONS_KEY": self._functions.key,
            "FUNCTIONS_SHA256": self._functions.sha256,
            "DEPENDENCIES_LAYER": _layer_of(installation),
            "RUNTIME": "python3.13",
            "ARCHITECTURE": "arm64",
        }

    def machines(self, installation: Installation) -> Mapping[str, str]:
        """Every definition with ARNs in place of what it calls."""
        arns = {placeholder(name): installation.function_arn(installation.task_name(name)) for name in self._tasks}
        arns[START] = start_arn(installation.partition)
        arns |= {machine.id: installation.machine_arn(machine.name) for machine in self._machines}
        return {
            installation.machine_name(machine.name): re.sub(
                r"\$\{(\w+)}", lambda found: arns[found[1]], machine.definition
            )
            for machine in self._machines
        }

    def install(self, installation: Installation, client: Client) -> None:
        """The bucket with the functions' package, the layer, the state table."""
        elsewhere = installation.region != "us-east-1"  # which S3 takes for no location
        location = {"CreateBucketConfiguration": {"LocationConstraint": installation.region}} if elsewhere else {}
        client("s3").create_bucket(Bucket=installation.bucket, **location)
        client("s3").put_object(Bucket=installation.bucket, Key=self._functions.key, Body=self._functions.content)
        name = _layer_of(installation).split(":")[-2]
        client("lambda").publish_layer_version(LayerName=name, Content={"ZipFile": packages.zipped({})})
        client("dynamodb").create_table(
            TableName=installation.state_table,
            KeySchema=[{"AttributeName": "twin", "KeyType": "HASH"}, {"AttributeName": "item", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("twin", "item")],
            BillingMode="PAY_PER_REQUEST",
        )


def _layer_of(installation: Installation) -> str:
    return _LAYER.format(region=installation.region, account=installation.account, prefix=installation.prefix)


def _handler(path: str) -> Handler:
    module, name = path.rsplit(".", 1)
    handler: Handler = getattr(importlib.import_module(module), name)
    return handler
