"""The least possible: nothing but the calls that create a twin's resources, each as soon as what it needs is there.

A straight boto3 script with a thread pool would be written so. It reads nothing, checks nothing, waits for nothing,
and works once: on an empty account. Its number of calls and its wall time are what a deployment is measured against.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

from deploy_steps.tasks.build_processor_package import where
from orchestrator.core.catalogue import FUNCTIONS, needed
from orchestrator.core.names import dashboard_name, role_name, role_path
from orchestrator.core.placement import Placement

Client = Callable[[str], Any]
THREADS = 16
_TRUST = {"Version": "2012-10-17", "Statement": []}


@dataclass(frozen=True)
class Create:
    """One call, by a name, and the names of the calls that have to be made before it."""

    name: str
    needs: tuple[str, ...]
    call: Callable[[Client, Mapping[str, Any]], Any]


@dataclass(frozen=True)
class Took:
    """What it took to create everything."""

    calls: int
    deep: int
    seconds: float


def create(client: Client, creates: Sequence[Create], threads: int = THREADS) -> Took:
    """Make every call as early as can be. `client` gives the boto3 client of a service, made beforehand."""
    answers: dict[str, Any] = {}
    waiting, running = {each.name: each for each in creates}, dict[Future[Any], str]()
    started = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        while waiting or running:
            for each in [each for each in waiting.values() if all(name in answers for name in each.needs)]:
                running[pool.submit(each.call, client, answers)] = each.name
                del waiting[each.name]
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                answers[running.pop(future)] = future.result()
    return Took(len(creates), depth(creates), time.perf_counter() - started)


def depth(creates: Sequence[Create]) -> int:
    """The longest chain of calls that wait for one another."""
    by_name = {each.name: each for each in creates}

    def above(name: str) -> int:
        return 1 + max(map(above, by_name[name].needs), default=0)

    return max(map(above, by_name), default=0)


def calls_for(plan: Mapping[str, Any], configuration: bytes, packages: Mapping[str, bytes]) -> list[Create]:
    """The calls that create what a plan wants. `configuration` is the zip of the configuration layer, `packages` the
    zip of each device that has code of its own.
    """
    wanted = needed(Placement.of(plan["providers"], event_checking=plan["event_checking"]))
    return [
        *_shared(plan, wanted, configuration),
        *(call for name in FUNCTIONS if name in wanted for call in _function(plan["functions"][name])),
        *(call for device in plan["device_processors"] for call in _device(plan, device, packages[device["device"]])),
        *(_rule(plan) if "iot_rule" in wanted else ()),
    ]


def _shared(plan: Mapping[str, Any], wanted: frozenset[str], configuration: bytes) -> Iterator[Create]:
    layer, group = plan["configuration_layer"], plan["log_group"]
    if "failure_queue" in wanted:
        queue = plan["failure_queue"]
        attributes = {"MessageRetentionPeriod": str(queue["retention_seconds"]), "SqsManagedSseEnabled": "true"}
        yield _call("queue", "sqs", "create_queue", QueueName=queue["name"], Attributes=attributes, tags=_tags(queue))
    yield _call("log group", "logs", "create_log_group", logGroupName=group["name"], tags=_tags(group))
    yield _call(
        "retention",
        "logs",
        "put_retention_policy",
        needs=("log group",),
        logGroupName=group["name"],
        retentionInDays=group["retention_days"],
    )
    yield _call(
        "layer",
        "lambda",
        "publish_layer_version",
        LayerName=layer["name"],
        Description=" ".join(f"{key}={value}" for key, value in _tags(layer).items()),
        Content={"ZipFile": configuration},
        CompatibleRuntimes=layer["runtimes"],
    )
    if "hot_table" in wanted:
        keys = {"iotDeviceId": "HASH", "id": "RANGE"}
        yield _call(
            "table",
            "dynamodb",
            "create_table",
            TableName=plan["hot_table"]["name"],
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys.items()],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in keys],
            BillingMode="PAY_PER_REQUEST",
            Tags=_tag_list(plan["hot_table"]),
        )
    for alarm in plan["alarms"]["alarms"]:
        yield _call(
            f"alarm {alarm['name']}",
            "cloudwatch",
            "put_metric_alarm",
            AlarmName=f"{plan['alarms']['name']}-{alarm['name']}",
            AlarmDescription=alarm["about"],
            Namespace=alarm["namespace"],
            MetricName=alarm["metric"],
            Dimensions=[{"Name": name, "Value": value} for name, value in alarm["dimensions"].items()],
            Statistic=alarm["statistic"],
            Period=alarm["period_seconds"],
            EvaluationPeriods=1,
            Threshold=alarm["threshold"],
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="notBreaching",
            Tags=_tag_list(plan["alarms"]),
        )
    if "dashboard" in wanted:
        body = json.dumps({"widgets": []})
        yield _call(
            "dashboard",
            "cloudwatch",
            "put_dashboard",
            DashboardName=dashboard_name(plan["dashboard"]["name"], plan["scope"]),
            DashboardBody=body,
        )
    for secret in plan["secrets"]:
        yield _call(
            f"secret {secret['name']}",
            "secretsmanager",
            "create_secret",
            Name=secret["name"],
            SecretString="a-token-of-some-length",
            Tags=_tag_list(secret),
        )


def _function(component: Mapping[str, Any]) -> Iterator[Create]:
    name = component["name"]
    yield from _role(component["role"], "lambda.amazonaws.com")
    yield _create_function(component["function"])
    if "url" in component:
        yield _call(
            f"url {name}",
            "lambda",
            "create_function_url_config",
            needs=(f"function {name}",),
            FunctionName=name,
            AuthType="NONE",
        )
    else:
        invoke = component["invoke_config"]
        yield _call(
            f"invoke settings {name}",
            "lambda",
            "put_function_event_invoke_config",
            needs=(f"function {name}", "queue"),
            FunctionName=name,
            MaximumRetryAttempts=invoke["max_retries"],
            MaximumEventAgeInSeconds=invoke["max_event_age_seconds"],
            DestinationConfig={"OnFailure": {"Destination": invoke["on_failure_arn"]}},
        )
    before = f"function {name}"
    for statement in component["permissions"]["statements"]:  # in sequence: of two at a time, Lambda loses one
        yield _statement(name, statement, before)
        before = f"statement {name} {statement['id']}"


def _statement(name: str, statement: Mapping[str, Any], before: str) -> Create:
    request = {
        "FunctionName": name,
        "StatementId": statement["id"],
        "Principal": statement["principal"],
        "Action": statement["action"],
        "SourceArn": statement.get("source_arn"),
        "FunctionUrlAuthType": statement.get("function_url_auth_type"),
        "InvokedViaFunctionUrl": statement.get("invoked_via_function_url"),
    }
    given = {key: value for key, value in request.items() if value is not None}
    return _call(f"statement {name} {statement['id']}", "lambda", "add_permission", needs=(before,), **given)


def _create_function(spec: Mapping[str, Any], needs: tuple[str, ...] = ()) -> Create:
    name = spec["name"]

    def call(client: Client, answers: Mapping[str, Any]) -> Any:
        return client("lambda").create_function(
            FunctionName=name,
            Role=spec["role_arn"],
            Handler=spec["handler"],
            Runtime=spec["runtime"],
            Description=spec["description"],
            MemorySize=spec["memory_mb"],
            Timeout=spec["timeout_seconds"],
            Environment={"Variables": spec["environment"]},
            Layers=[*spec["layers"], answers["layer"]["LayerVersionArn"]],
            TracingConfig={"Mode": "Active"},
            LoggingConfig={"LogFormat": "Text", "LogGroup": spec["log_group"]},
            Code={"S3Bucket": spec["code"]["bucket"], "S3Key": spec["code"]["key"]},
            Architectures=[spec["architecture"]],
            Tags=_tags(spec),
        )

    return Create(f"function {name}", (f"policy {name}", "layer", *needs), call)


def _device(plan: Mapping[str, Any], device: Mapping[str, str], package: bytes) -> Iterator[Create]:
    template, name = plan["functions"]["processor"], device["name"]
    bucket, key = where(device, template)
    function = {
        **template["function"],
        "name": name,
        "role_arn": f"{template['function']['role_arn'].rpartition('/')[0]}/{name}",
        "code": {"bucket": bucket, "key": key},
    }
    yield _call(f"package {name}", "s3", "put_object", Bucket=bucket, Key=key, Body=package)
    yield from _role({**template["role"], "name": name}, "lambda.amazonaws.com")
    yield _create_function(function, needs=(f"package {name}",))
    yield _call(
        f"invoke settings {name}",
        "lambda",
        "put_function_event_invoke_config",
        needs=(f"function {name}", "queue"),
        FunctionName=name,
        MaximumRetryAttempts=template["invoke_config"]["max_retries"],
        MaximumEventAgeInSeconds=template["invoke_config"]["max_event_age_seconds"],
        DestinationConfig={"OnFailure": {"Destination": template["invoke_config"]["on_failure_arn"]}},
    )


def _role(spec: Mapping[str, Any], service: str) -> Iterator[Create]:
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    boundary = {"PermissionsBoundary": spec["permissions_boundary"]} if spec.get("permissions_boundary") else {}
    yield _call(
        f"role {spec['name']}",
        "iam",
        "create_role",
        RoleName=_role_name(spec),
        Path=role_path(spec["owner"]["installation"]),
        AssumeRolePolicyDocument=json.dumps({**_TRUST, "Statement": [trust]}),
        Tags=_tag_list(spec),
        **boundary,
    )
    yield _call(
        f"policy {spec['name']}",
        "iam",
        "put_role_policy",
        needs=(f"role {spec['name']}",),
        RoleName=_role_name(spec),
        PolicyName="gluecode",
        PolicyDocument=json.dumps(spec["policy"]),
    )


def _role_name(spec: Mapping[str, Any]) -> str:
    return role_name(spec["name"], spec["owner"]["installation"])


def _rule(plan: Mapping[str, Any]) -> Iterator[Create]:
    rule, role = plan["iot_rule"], plan["iot_role"]
    yield from _role(role, "iot.amazonaws.com")
    yield _call(
        "rule",
        "iot",
        "create_topic_rule",
        needs=(f"policy {role['name']}", f"function {plan['functions']['dispatcher']['name']}"),
        ruleName=rule["name"],
        topicRulePayload={
            "sql": rule["sql"],
            "awsIotSqlVersion": "2016-03-23",
            "ruleDisabled": False,
            "actions": [{"lambda": {"functionArn": rule["function_arn"]}}],
            "errorAction": {"sqs": {"roleArn": rule["error_role_arn"], "queueUrl": rule["error_queue_url"]}},
        },
        tags="&".join(f"{key}={value}" for key, value in _tags(rule).items()),
    )


def _call(name: str, service: str, operation: str, *, needs: tuple[str, ...] = (), **request: Any) -> Create:
    return Create(name, needs, lambda client, _: getattr(client(service), operation)(**request))


def _tags(spec: Mapping[str, Any]) -> dict[str, str]:
    owner = spec["owner"]
    return {"DigitalTwin": owner["twin"], "Layer": owner["layer"], "ManagedBy": "multicloud-gluecode"}


def _tag_list(spec: Mapping[str, Any]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in _tags(spec).items()]
