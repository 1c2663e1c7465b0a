"""The orchestrator as two CloudFormation templates, made from the steps' and machines' own registries (pure).

Two, because the code has to lie in the bucket before the functions can be created.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from deploy_steps.registry import Task
from orchestrator.core.iam_scope import TWIN_PREFIX_LIMIT
from orchestrator.install import events, iam, watching
from orchestrator.install.machines import Machine
from state_machines import placeholder

Resource = dict[str, Any]
Template = dict[str, Any]

_PREFIX = {
    "Type": "String",
    "Default": "gluecode",
    "AllowedPattern": "[a-z][a-z0-9-]{0,18}[a-z0-9]",
    "Description": "What the names of the orchestrator's resources start with.",
}
_KMS_KEY = {
    "Type": "String",
    "Default": "",
    "Description": "ARN of a KMS key of your own for the bucket, the state table and the journal. Empty: AWS's keys.",
}
_TLS_ONLY = {
    "Type": "String",
    "Default": "true",
    "AllowedValues": ["true", "false"],
    "Description": "Whether the bucket refuses plain HTTP. False is for the embedded cloud, which speaks nothing else.",
}
_NONE = {"Ref": "AWS::NoValue"}
_KEY = {"Ref": "KmsKeyArn"}
_CONDITIONS = {
    f"{name}Given": {"Fn::Not": [{"Fn::Equals": [{"Ref": parameter}, ""]}]}
    for name, parameter in {"Boundary": "PermissionsBoundary", "Key": "KmsKeyArn", "Schedule": "Schedule"}.items()
}
_NOT_CURRENT_DAYS = 30
_REPORT_DAYS = 90  # as long as Step Functions remembers an execution
_STEP_MEMORY_MB = 512  # boto3's import is bound by the processor, and Lambda gives processor by memory
_STEP_TIMEOUT_SECONDS = 110  # the state machines wait for 120
_RETENTIONS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)


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
    bucket = {
        "Type": "AWS::S3::Bucket",
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Delete",
        "Properties": {
            "BucketName": {"Fn::Sub": "${Prefix}-artifacts-${AWS::AccountId}-${AWS::Region}"},
            "VersioningConfiguration": {"Status": "Enabled"},
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [
                    {
                        "BucketKeyEnabled": True,
                        "ServerSideEncryptionByDefault": _if_key(
                            {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": _KEY}, {"SSEAlgorithm": "AES256"}
                        ),
                    }
                ]
            },
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": True,
                "BlockPublicPolicy": True,
                "IgnorePublicAcls": True,
                "RestrictPublicBuckets": True,
            },
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
            "LifecycleConfiguration": {"Rules": _lifecycle()},
            # So that a project that is uploaded gets deployed: the rule for it is in the other stack.
            "NotificationConfiguration": {"EventBridgeConfiguration": {"EventBridgeEnabled": True}},
        },
    }
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "gluecode: the bucket for projects, what is built from them, and the orchestrator's code.",
        "Parameters": {"Prefix": _PREFIX, "KmsKeyArn": _KMS_KEY, "TlsOnly": _TLS_ONLY},
        "Conditions": {
            "KeyGiven": _CONDITIONS["KeyGiven"],
            "TlsOnlyWanted": {"Fn::Equals": [{"Ref": "TlsOnly"}, "true"]},
        },
        "Resources": {"Bucket": bucket, "BucketPolicy": _bucket_policy()},
        "Outputs": {"Bucket": {"Value": {"Ref": "Bucket"}, "Description": "Projects go to projects/{name}/ in it."}},
    }


def _if_key(given: Any, otherwise: Any = _NONE) -> Resource:
    return {"Fn::If": ["KeyGiven", given, otherwise]}


def _lifecycle() -> list[Resource]:
    # What is named by its content (code/, builds/, packages/) stays: a function may be made from it again at any time.
    return [
        {
            "Id": "SupersededVersions",
            "Status": "Enabled",
            "NoncurrentVersionExpiration": {"NoncurrentDays": _NOT_CURRENT_DAYS},
            "ExpiredObjectDeleteMarker": True,
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
        },
        {"Id": "Drafts", "Status": "Enabled", "Prefix": "drafts/", "ExpirationInDays": 1},
        {"Id": "Reports", "Status": "Enabled", "Prefix": "reports/", "ExpirationInDays": _REPORT_DAYS},
        {"Id": "Templates", "Status": "Enabled", "Prefix": "templates/", "ExpirationInDays": _NOT_CURRENT_DAYS},
    ]


def _bucket_policy() -> Resource:
    arn = {"Fn::GetAtt": ["Bucket", "Arn"]}
    return {
        "Type": "AWS::S3::BucketPolicy",
        "Condition": "TlsOnlyWanted",
        "Properties": {
            "Bucket": {"Ref": "Bucket"},
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Sid": "OnlyOverTls",
                        "Effect": "Deny",
                        "Principal": "*",
                        "Action": "s3:*",
                        "Resource": [arn, {"Fn::Sub": "${Bucket.Arn}/*"}],
                        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                    }
                ],
            },
        },
    }


def orchestrator(tasks: Iterable[Task], machines: Iterable[Machine], code: Code, release: str) -> Template:
    """Everything but the bucket. `release` names what this template was made from."""
    steps = {placeholder(task.name): task for task in tasks}
    graphs = {machine.id: machine for machine in machines}
    resources: dict[str, Resource] = {
        "StateTable": _state_table(),
        "StepsLogGroup": _steps_log_group(),
        "FunctionsLayer": _layer("functions", "What the functions of twins import.", code.functions_layer),
        "PydanticLayer": _layer("pydantic", "What validates a project.", code.pydantic_layer),
        "TwinBoundary": _twin_boundary(),
    }
    resources |= watching.resources([machine.name for machine in graphs.values()], _if_key(_KEY))
    for name, task in steps.items():
        resources[name] = _function(task, code, release)
        resources[f"{name}Role"] = _role("lambda.amazonaws.com", iam.task_statements(task.name, task.actions))
    for machine in graphs.values():
        called = _called(machine, steps, graphs)
        children = [each.name for each in called if isinstance(each, Machine)]
        own_tasks = [each.name for each in called if isinstance(each, Task)]
        resources[machine.id] = _state_machine(machine, called)
        resources[f"{machine.id}Role"] = _role(
            "states.amazonaws.com", iam.statements(iam.machine_grants(own_tasks, children))
        )
    if events.STARTER in steps:
        resources |= events.resources()
        role = _role("events.amazonaws.com", events.schedule_statements())
        resources["ScheduledInspectionRole"] = {"Condition": "ScheduleGiven", **role}
        resources[events.STARTER]["Properties"]["Environment"]["Variables"] |= events.settings()
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "gluecode: the step functions and state machines that deploy, inspect and destroy twins.",
        "Parameters": _parameters(),
        "Conditions": _CONDITIONS | watching.conditions(),
        "Resources": resources,
        "Outputs": _outputs(graphs.values(), release),
    }


def _called(machine: Machine, steps: Mapping[str, Task], graphs: Mapping[str, Machine]) -> list[Task | Machine]:
    known: dict[str, Task | Machine] = {**steps, **graphs}
    unknown = [name for name in machine.calls if name not in known]
    if unknown:
        raise LookupError(f"The state machine '{machine.name}' calls {', '.join(unknown)}: no such task or machine.")
    return [known[name] for name in machine.calls]


def _parameters() -> Resource:
    return {
        "Prefix": _PREFIX,
        "ArtifactBucket": {"Type": "String", "Description": "The bucket of the stack for artifacts."},
        "TwinPrefix": {
            "Type": "String",
            "Default": "",
            "AllowedPattern": "[A-Za-z0-9_-]*",
            "MaxLength": TWIN_PREFIX_LIMIT,
            "Description": "Limits the orchestrator to twins whose names start so. Empty: any twin.",
        },
        "Runtime": {
            "Type": "String",
            "Default": "python3.13",
            "AllowedPattern": r"python3\.\d+",
            "Description": "The runtime of the step functions and of functions of twins. The layers are made for it.",
        },
        "Architecture": {
            "Type": "String",
            "Default": "arm64",
            "AllowedValues": ["arm64", "x86_64"],
            "Description": "The architecture of the step functions and of the functions of twins.",
        },
        "LogRetentionDays": {
            "Type": "Number",
            "Default": 30,
            "AllowedValues": list(_RETENTIONS),
            "Description": "How many days the journal of steps and the logs of executions are kept.",
        },
        "RepairDrift": {
            "Type": "String",
            "Default": "false",
            "AllowedValues": ["true", "false"],
            "Description": "Whether a twin that is found to have drifted, by the schedule, is deployed again.",
        },
        "QuietSeconds": {
            "Type": "Number",
            "Default": 20,
            "MinValue": 1,
            "MaxValue": 900,
            "Description": "How long nothing of an uploaded project may have changed before it is deployed.",
        },
        "PermissionsBoundary": {
            "Type": "String",
            "Default": "",
            "Description": "ARN of a policy that bounds every role, if your organisation prescribes one. Empty: twins' "
            "roles get a boundary of the orchestrator's own.",
        },
        "KmsKeyArn": _KMS_KEY,
        "Schedule": {
            "Type": "String",
            "Default": "",
            "AllowedPattern": r"|rate\(.+\)|cron\(.+\)",
            "Description": "How often every twin is inspected: rate(1 day), or cron(0 6 * * ? *). Empty: never.",
        },
        **watching.parameters(),
    }


def _state_table() -> Resource:
    keys = {"twin": "HASH", "item": "RANGE"}
    return {
        "Type": "AWS::DynamoDB::Table",
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Retain",
        "Properties": {
            "TableName": {"Fn::Sub": "${Prefix}-state"},
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in keys],
            "KeySchema": [{"AttributeName": name, "KeyType": kind} for name, kind in keys.items()],
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
            "SSESpecification": _if_key({"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": _KEY}),
        },
    }


def _steps_log_group() -> Resource:
    return {
        "Type": "AWS::Logs::LogGroup",
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Delete",
        "Properties": {
            "LogGroupName": {"Fn::Sub": "/${Prefix}/steps"},
            "RetentionInDays": {"Ref": "LogRetentionDays"},
            "KmsKeyId": _if_key(_KEY),
        },
    }


def _layer(name: str, description: str, key: str) -> Resource:
    return {
        "Type": "AWS::Lambda::LayerVersion",
        # Functions of twins keep the version they were deployed with: a change to their settings would be refused if it
        # were gone. `gluecode uninstall` removes every version.
        "UpdateReplacePolicy": "Retain",
        "DeletionPolicy": "Delete",
        "Properties": {
            "LayerName": {"Fn::Sub": f"${{Prefix}}-{name}"},
            "Description": description,
            "Content": {"S3Bucket": {"Ref": "ArtifactBucket"}, "S3Key": key},
            "CompatibleRuntimes": [{"Ref": "Runtime"}],
            "CompatibleArchitectures": [{"Ref": "Architecture"}],
        },
    }


def _twin_boundary() -> Resource:
    """What a function of a twin may do at most, whatever policy its role is given."""
    return {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {
            "Description": "What a role of a twin may do at most.",
            "PolicyDocument": {"Version": "2012-10-17", "Statement": iam.boundary()},
        },
    }


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
        "Timeout": _STEP_TIMEOUT_SECONDS,
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
        **watching.settings(),
        # CloudFormation takes a change of outputs alone for no change: with this, a new release is always one.
        "GLUECODE_RELEASE": release,
    }


def _state_machine(machine: Machine, called: Iterable[Task | Machine]) -> Resource:
    arns: dict[str, Resource] = {}
    for each in called:
        if isinstance(each, Machine):
            arns[each.id] = {"Ref": each.id}
        else:
            arns[placeholder(each.name)] = {"Fn::GetAtt": [placeholder(each.name), "Arn"]}
    return {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {
            "StateMachineName": {"Fn::Sub": f"${{Prefix}}-{machine.name}"},
            "RoleArn": {"Fn::GetAtt": [f"{machine.id}Role", "Arn"]},
            # As a string: CloudFormation would reorder an object, and the console shows it as it was written.
            "DefinitionString": machine.definition,
            "DefinitionSubstitutions": arns,
            **watching.of_machine(),
        },
    }


def _role(service: str, statements: list[iam.Statement]) -> Resource:
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
            "PermissionsBoundary": {"Fn::If": ["BoundaryGiven", {"Ref": "PermissionsBoundary"}, _NONE]},
            "Policies": [
                {"PolicyName": "gluecode", "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}
            ],
        },
    }


def _outputs(machines: Iterable[Machine], release: str) -> Resource:
    found = {machine.id: ({"Ref": machine.id}, f"The state machine '{machine.name}'.") for machine in machines}
    others = {
        "StateTable": ({"Ref": "StateTable"}, "Locks, records and history of twins."),
        "StepsLogGroup": ({"Ref": "StepsLogGroup"}, "The journal of steps."),
        "FunctionsLayer": ({"Ref": "FunctionsLayer"}, "What the functions of twins import."),
        "TwinBoundary": (iam.TWIN_BOUNDARY, "What a role of a twin may do at most."),
        "Release": (release, "What is installed: the version, and a digest of its code."),
    }
    told = {name: {"Value": value, "Description": about} for name, (value, about) in (found | others).items()}
    scheduled = {"Value": {"Ref": "Schedule"}, "Description": "How often every twin is inspected."}
    return {**told, "Schedule": {"Condition": "ScheduleGiven", **scheduled}}
