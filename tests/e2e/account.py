"""Looks at a twin in the account directly, by AWS's own answers."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from deploy_steps.registry import KINDS
from orchestrator.core.names import TwinNames
from tests.conftest import Clients


def ended(describe: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Describe an execution until it has ended, as a script would."""
    while (told := describe())["status"] == "RUNNING":
        time.sleep(0.2)
    return told


def execution(clients: Clients, name: str) -> dict[str, Any]:
    """How the deployment of that name ended."""
    states = clients("stepfunctions")
    machines = states.list_state_machines()["stateMachines"]
    machine = next(each["stateMachineArn"] for each in machines if each["name"] == "gluecode-deploy")
    arn = f"{machine.replace(':stateMachine:', ':execution:')}:{name}"
    return ended(lambda: states.describe_execution(executionArn=arn))


def journal(clients: Clients, execution: str) -> list[dict[str, Any]]:
    """The lines that the steps of an execution (its ARN) wrote."""
    run = execution.rpartition(":")[2]
    found = clients("logs").filter_log_events(logGroupName="/gluecode/steps", filterPattern=f'"{run}"')["events"]
    lines = [json.loads(event["message"]) for event in found if event["message"].startswith("{")]
    return [line for line in lines if line["run"] == run]


def writes(clients: Clients, execution: str) -> dict[str, int]:
    """How many writing calls the steps of an execution made on each of the twin's resources, where there were any."""
    lines = [line for line in journal(clients, execution) if line["step"] in KINDS]
    assert lines, "The journal has no line of this execution."
    return {f"{line['step']} {line['name']}": line["writes"] for line in lines if line["writes"]}


def versions(clients: Clients, twin: str) -> dict[str, Any]:
    """What AWS itself changes when anything of the twin is written to: revisions, versions, dates, documents."""
    names, iam, functions = TwinNames(twin), clients("iam"), clients("lambda")
    found: dict[str, Any] = {}
    for function in functions.list_functions()["Functions"]:
        name = function["FunctionName"]
        if name.startswith(f"{twin}-"):
            found[f"function {name}"] = functions.get_function_configuration(FunctionName=name)["RevisionId"]
    for role in iam.list_roles()["Roles"]:
        name = role["RoleName"]
        if name.startswith(f"{twin}-"):
            policies = iam.list_role_policies(RoleName=name)["PolicyNames"]
            documents = [iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"] for policy in policies]
            found[f"role {name}"] = (role["AssumeRolePolicyDocument"], documents)
    layers = functions.list_layer_versions(LayerName=names.configuration_layer)["LayerVersions"]
    found["layer"] = [layer["Version"] for layer in layers]
    for secret in clients("secretsmanager").list_secrets()["SecretList"]:
        if secret["Name"].startswith(f"{twin}/"):
            found[f"secret {secret['Name']}"] = secret["SecretVersionsToStages"]
    queue = clients("sqs").get_queue_url(QueueName=names.failure_queue)["QueueUrl"]
    found["queue"] = clients("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["LastModifiedTimestamp"])[
        "Attributes"
    ]
    return found


def items(clients: Clients, twin: str) -> dict[tuple[str, str], dict[str, Any]]:
    """The hot table's items by device and id, as DynamoDB gives them."""
    table = clients("dynamodb").scan(TableName=TwinNames(twin).hot_table, ConsistentRead=True)
    return {(item["iotDeviceId"]["S"], item["id"]["S"]): item for item in table["Items"]}
