"""The orchestrator as two CloudFormation templates: the documents beside this file, with the steps and machines (pure).

Two, because the code has to be in the bucket before the functions can be created. In a document, `{"Fill": name}` is
where a value from the code belongs; the comments in `Metadata` are not uploaded.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from deploy_steps.registry import Task
from deploy_steps.shared.settings import STEP_SECONDS
from orchestrator.core import event_types
from orchestrator.core.iam_scope import TWIN_PREFIX_LIMIT
from orchestrator.core.placement import WATCHED
from orchestrator.install import iam, watching
from orchestrator.install.machines import Machine
from state_machines import START, placeholder, start_arn

Resource = dict[str, Any]
Template = dict[str, Any]

STARTER = "StartDeployment"
"""The logical id of the function that works off the queue of requests."""

_STEP_MEMORY_MB = 512  # boto3's import is bound by the processor, and Lambda gives processor by memory

_STARTER_SETTINGS = {
    "DEPLOY_MACHINE": {"Ref": "DeployMachine"},
    "REQUESTS_QUEUE": {"Ref": "Requests"},
    "UNDELIVERED_QUEUE": {"Ref": "UndeliveredEvents"},
    "QUIET_SECONDS": {"Ref": "QuietSeconds"},
}


@dataclass(frozen=True)
class Code:
    """Where in the artifact bucket the packages lie, and the checksum of what functions of twins are made from."""

    tasks: str
    functions: str
    functions_sha256: str
    functions_layer: str
    pydantic_layer: str


def text(template: Template) -> str:
    """A template as it is uploaded: JSON, the same for the same content."""
    return json.dumps(template, indent=1)


def artifacts() -> Template:
    """The artifact bucket: projects, what is built from them, and the orchestrator's own code."""
    return _document("artifacts", {})


def orchestrator(tasks: Iterable[Task], machines: Iterable[Machine], code: Code, release: str) -> Template:
    """Everything but the bucket. `release` names what this template was made from.

    Raises LookupError for a machine that calls a task or a machine which is not among these.
    """
    steps = {placeholder(task.name): task for task in tasks}
    graphs = {machine.id: machine for machine in machines}
    filled = {
        "TwinPrefixLimit": TWIN_PREFIX_LIMIT,
        "RefusedPerMinute": WATCHED.refused_per_minute,
        "UrlRequestsPerMinute": WATCHED.requests_per_minute,
        "FunctionsLayerKey": code.functions_layer,
        "PydanticLayerKey": code.pydantic_layer,
        "TwinBoundaryStatements": iam.boundary(),
        "Release": release,
        "EventSource": event_types.SOURCE,
        "RedeployRequested": event_types.REDEPLOY,
    }
    template = _document("orchestrator", filled)
    resources: dict[str, Resource] = template["Resources"]
    resources |= watching.alarms(machine.name for machine in graphs.values())
    for name, task in steps.items():
        resources[name] = _function(task, code, release)
        resources[f"{name}Role"] = _role("lambda.amazonaws.com", iam.task_statements(task.name, task.actions))
    for name, machine in graphs.items():
        resources[name] = _state_machine(machine, steps, graphs)
        granted = iam.machine_grants(machine, steps, graphs)
        resources[f"{name}Role"] = _role("states.amazonaws.com", iam.statements(granted.items()))
    if STARTER in steps:
        resources |= _document("events", filled)["Resources"]
        resources[STARTER]["Properties"]["Environment"]["Variables"] |= _STARTER_SETTINGS
    template["Outputs"] = {
        **{
            name: {"Value": {"Ref": name}, "Description": f"The state machine '{machine.name}'."}
            for name, machine in graphs.items()
        },
        **template["Outputs"],
    }
    return template


def _document(name: str, filled: Mapping[str, Any]) -> Template:
    def read(value: dict[str, Any]) -> Any:
        if "Fill" in value:
            return filled[value["Fill"]]
        value.pop("Metadata", None)
        return value

    source = (files(__package__) / f"{name}.template.json").read_text(encoding="utf-8")
    document: Template = json.loads(source, object_hook=read)
    return document


def _function(task: Task, code: Code, release: str) -> Resource:
    properties: Resource = {
        "FunctionName": {"Fn::Sub": f"${{Prefix}}-{task.name}"},
        "Description": task.purpose,
        "Handler": task.handler,
        "Role": {"Fn::GetAtt": [f"{placeholder(task.name)}Role", "Arn"]},
        "Code": {"S3Bucket": {"Ref": "ArtifactBucket"}, "S3Key": code.tasks},
        "Runtime": {"Ref": "Runtime"},
        "Architectures": [{"Ref": "Architecture"}],
        "MemorySize": _STEP_MEMORY_MB,
        "Timeout": STEP_SECONDS,
        # Text: the steps print JSON lines themselves.
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": {"Ref": "StepsLogGroup"}},
        "TracingConfig": {"Mode": "Active"},
    }
    if task.needs_settings:
        properties["Environment"] = {"Variables": _settings(code, release)}
    if task.needs_pydantic:
        properties["Layers"] = [{"Ref": "PydanticLayer"}]
    return {"Type": "AWS::Lambda::Function", "Properties": properties}


def _settings(code: Code, release: str) -> Resource:
    """What the tasks around the kinds are told (`deploy_steps.shared.settings`). A kind learns all from its event."""
    return {
        "INSTALLATION_PREFIX": {"Ref": "Prefix"},
        "STACK_ID": {"Ref": "AWS::StackId"},
        "TWIN_PREFIX": {"Ref": "TwinPrefix"},
        "ARTIFACT_BUCKET": {"Ref": "ArtifactBucket"},
        "STATE_TABLE": {"Ref": "StateTable"},
        "PERMISSIONS_BOUNDARY": iam.TWIN_BOUNDARY,
        "FUNCTIONS_KEY": code.functions,
        "FUNCTIONS_SHA256": code.functions_sha256,
        "DEPENDENCIES_LAYER": {"Ref": "FunctionsLayer"},
        "RUNTIME": {"Ref": "Runtime"},
        "ARCHITECTURE": {"Ref": "Architecture"},
        "ALARMS": {"Ref": "Alarms"},
        "DASHBOARDS": {"Ref": "Dashboards"},
        "ALARM_TOPIC": {"Ref": "AlarmTopicArn"},
        "REFUSED_PER_MINUTE": {"Ref": "RefusedPerMinute"},
        "REQUESTS_PER_MINUTE": {"Ref": "UrlRequestsPerMinute"},
        # CloudFormation takes a change of outputs alone for no change: with this, a new release is always one.
        "GLUECODE_RELEASE": release,
    }


def _state_machine(machine: Machine, steps: Mapping[str, Task], graphs: Mapping[str, Machine]) -> Resource:
    arns = {name: {"Fn::GetAtt": [name, "Arn"]} for name in steps} | {name: {"Ref": name} for name in graphs}
    unknown = [name for name in machine.calls if name not in arns]
    if unknown:
        raise LookupError(f"The state machine '{machine.name}' calls {', '.join(unknown)}: no such task or machine.")
    executions = {"CloudWatchLogsLogGroup": {"LogGroupArn": {"Fn::GetAtt": ["ExecutionsLogGroup", "Arn"]}}}
    return {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {
            "StateMachineName": {"Fn::Sub": f"${{Prefix}}-{machine.name}"},
            "RoleArn": {"Fn::GetAtt": [f"{machine.id}Role", "Arn"]},
            # As a string: CloudFormation would reorder an object, and the console shows it as it was written.
            "DefinitionString": machine.definition,
            "DefinitionSubstitutions": {name: arns[name] for name in machine.calls} | _start(machine),
            # An execution never contains a token, so the input and output of its states may be logged.
            "LoggingConfiguration": {"Level": "ALL", "IncludeExecutionData": True, "Destinations": [executions]},
            "TracingConfiguration": {"Enabled": True},
        },
    }


def _start(machine: Machine) -> Resource:
    """The substitution that a machine which starts others has besides them. One that fits nowhere would be a fault."""
    return {START: {"Fn::Sub": start_arn("${AWS::Partition}")}} if f"${{{START}}}" in machine.definition else {}


def _role(service: str, statements: list[iam.Statement]) -> Resource:
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
            "PermissionsBoundary": {
                "Fn::If": ["BoundaryGiven", {"Ref": "PermissionsBoundary"}, {"Ref": "AWS::NoValue"}]
            },
            "Policies": [
                {"PolicyName": "gluecode", "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}
            ],
        },
    }
