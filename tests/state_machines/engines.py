"""The Step Functions engines that the same machines run on: the embedded cloud's, moto's, and AWS's own local one.

Every step is one Lambda function in the embedded cloud, for every engine. Moto's engine starts nested executions where
its functions are, so it runs the public machines itself, and their children run in the embedded cloud.
"""

from __future__ import annotations

import io
import json
import os
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import boto3

import state_machines
from orchestrator.local.cloud import CREDENTIAL, Cloud
from tests.state_machines import graph, moto_engine
from tests.state_machines.placeholders import PLACEHOLDERS, START, TASK_OF, machine_placeholder
from tests.state_machines.recorder import SOURCE

Clients = Callable[[str], Any]

SFN_LOCAL = os.environ.get("SFN_LOCAL_ENDPOINT", "")
"""Where AWS's Step Functions Local listens, started with the embedded cloud as its LAMBDA_ENDPOINT."""

NAMES = ("embedded", "moto", *(["sfn-local"] if SFN_LOCAL else []))

_ROLE = "arn:aws:iam::000000000000:role/any"
_PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Ended:
    """How an execution ended."""

    status: str
    output: Any = None
    error: str = ""
    cause: str = ""


class Engine:
    """Machines on one engine: `run` starts one of them and waits for its end."""

    def __init__(self, name: str, states: Any, machines: Mapping[str, str]) -> None:
        self.name = name
        self._states = states
        self._machines = machines

    def arn(self, machine: str) -> str:
        """The ARN of one of its machines."""
        return self._machines[machine]

    def run(self, machine: str, given: Any) -> Ended:
        """Run a machine on an input, which need not be an object."""
        started = self._states.start_execution(
            stateMachineArn=self._machines[machine], name=f"run-{uuid.uuid4().hex[:12]}", input=json.dumps(given)
        )
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while (told := self._states.describe_execution(executionArn=started["executionArn"]))["status"] == "RUNNING":
            assert time.monotonic() < deadline, f"{machine} has not ended within {_PATIENCE_SECONDS} s"
            time.sleep(0.02)
        output = json.loads(told["output"]) if told["status"] == "SUCCEEDED" else None
        return Ended(told["status"], output, told.get("error", ""), told.get("cause", ""))


def deploy_stub(clients: Clients, recorder: str) -> str:
    """Make the one function that stands in for every task. Returns its ARN."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("stub.py", SOURCE)
    made = clients("lambda").create_function(
        FunctionName="stub",
        Runtime="python3.13",
        Role=_ROLE,
        Handler="stub.handler",
        Timeout=60,
        Code={"ZipFile": packed.getvalue()},
        Environment={"Variables": {"RECORDER": recorder}},
    )
    return str(made["FunctionArn"])


def recorded(name: str, stub: str, machines: Mapping[str, str]) -> str:
    """A machine's definition in which every task is the stub, told by its event which task it stands in for."""
    arns = {machine_placeholder(child): arn for child, arn in machines.items()}
    definition = json.loads(state_machines.rendered(name, dict.fromkeys(PLACEHOLDERS, "") | START | TASK_OF | arns))
    for _, state in graph.states(definition):
        if state["Type"] == "Task" and state["Resource"] in TASK_OF.values():
            event = {"event": state["Parameters"]} if "Parameters" in state else {"event.$": "$"}
            cast(dict[str, Any], state).update(Parameters={"task": state["Resource"], **event}, Resource=stub)
    return json.dumps(definition)


def embedded(clients: Clients, stub: str) -> Engine:
    """The embedded cloud's own engine, with all machines."""
    return Engine("embedded", clients("stepfunctions"), create(clients("stepfunctions"), stub))


def create(states: Any, stub: str, children: Mapping[str, str] | None = None) -> dict[str, str]:
    """Create all machines on an engine. `children` are the ARNs to start children by, where these are elsewhere."""
    made: dict[str, str] = {}
    for name in state_machines.MACHINES:
        definition = recorded(name, stub, children or made)
        made[name] = states.create_state_machine(name=f"gluecode-{name}", definition=definition, roleArn=_ROLE)[
            "stateMachineArn"
        ]
    return made


@contextmanager
def moto(cloud: Cloud, stub: str, children: Mapping[str, str]) -> Iterator[Engine]:
    """Moto's engine; its tasks and nested executions run in the embedded cloud."""
    with moto_engine.running(cloud.endpoint) as endpoint:
        states = _client(endpoint, cloud.region)
        yield Engine("moto", states, create(states, stub, children))


def sfn_local(region: str, stub: str) -> Engine:
    """AWS's Step Functions Local, for those who have it."""
    states = _client(SFN_LOCAL, region)
    return Engine("sfn-local", states, create(states, stub))


def _client(endpoint: str, region: str) -> Any:
    return boto3.client(
        "stepfunctions",
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id=CREDENTIAL,
        aws_secret_access_key=CREDENTIAL,
    )
