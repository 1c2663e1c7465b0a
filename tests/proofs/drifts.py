"""What someone may change by hand: how it is done through boto3, what names it, and which calls repair it."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.proofs.projects import Mapping, Project

Client = Callable[[str], Any]

ON_AWS: Mapping = ("aws", "aws", "aws")
L2_ELSEWHERE: Mapping = ("aws", "azure", "aws")


@dataclass(frozen=True)
class Drift:
    """One change by hand.

    `found` are the resources that inspect must name (`kind name`), `field` what it must say of the first, empty for
    absent; `repair` is every writing call that deploy must make, and no other, as `operation resource`.
    """

    title: str
    do: Callable[[Client], Any]
    found: tuple[str, ...]
    field: str
    repair: tuple[str, ...]
    mapping: Mapping = ON_AWS
    batching: bool = False

    @property
    def project(self) -> Project:
        """What is deployed before it."""
        return Project(self.mapping, batching=self.batching)


def _swapped() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("other.py", "print('not ours')")
    return packed.getvalue()


def _arn(kind: str, name: str) -> str:
    return f"arn:aws:{kind}:us-east-1:000000000000:{name}"


_OTHER_POLICY = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
)
_OTHER_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"},
        ],
    }
)
_PROCESSOR = _arn("lambda", "function:factory-processor")
SCOPE = "-us-east-1-gluecode"
"""What names of roles end in: the account's regions and installations share them."""
_OUR_TAGS = ["DigitalTwin", "Layer", "ManagedBy"]


def _environment(client: Client) -> None:
    functions = client("lambda")
    live = functions.get_function_configuration(FunctionName="factory-persister")["Environment"]["Variables"]
    changed = {**live, "DYNAMODB_TABLE_NAME": "another-table", "ADDED": "by hand"}
    functions.update_function_configuration(FunctionName="factory-persister", Environment={"Variables": changed})


def _rule(client: Client) -> None:
    iot = client("iot")
    rule = iot.get_topic_rule(ruleName="factory_trigger_dispatcher")["rule"]
    kept = {key: rule[key] for key in ("actions", "errorAction", "awsIotSqlVersion")}
    iot.replace_topic_rule(
        ruleName="factory_trigger_dispatcher", topicRulePayload={**kept, "sql": "SELECT * FROM 'elsewhere'"}
    )


def _queue(client: Client, name: str = "factory-failures") -> str:
    return str(client("sqs").get_queue_url(QueueName=name)["QueueUrl"])


def _mapping(client: Client) -> str:
    found = client("lambda").list_event_source_mappings(FunctionName="factory-connector")["EventSourceMappings"]
    return str(found[0]["UUID"]) if found else "0" * 36  # which AWS does not know


def _map(client: Client, **settings: Any) -> None:
    client("lambda").update_event_source_mapping(UUID=_mapping(client), **settings)


def _unmap(client: Client) -> None:
    client("lambda").delete_event_source_mapping(UUID=_mapping(client))


def _without_role(function: str, mapping: Mapping = ON_AWS, *, batching: bool = False) -> Drift:
    """The role of a function deleted, to whose next one the function has to be bound again."""
    name = f"factory-{function}"
    role = f"{name}{SCOPE}"
    return Drift(
        f"the {function}'s role deleted{' where events wait in an outbox' if batching else ''}",
        lambda client: _delete_role(client, role),
        (f"iam-role {role}",),
        "",
        (f"CreateRole {role}", f"PutRolePolicy {role}", f"UpdateFunctionConfiguration {name}"),
        mapping,
        batching=batching,
    )


def _delete_role(client: Client, name: str) -> None:
    client("iam").delete_role_policy(RoleName=name, PolicyName="gluecode")
    client("iam").delete_role(RoleName=name)


def _make_role_again(client: Client, name: str) -> None:
    """The same role in everything that a person can set."""
    iam = client("iam")
    role = iam.get_role(RoleName=name)["Role"]
    policy = iam.get_role_policy(RoleName=name, PolicyName="gluecode")["PolicyDocument"]
    _delete_role(client, name)
    iam.create_role(
        RoleName=name,
        Path=role["Path"],
        AssumeRolePolicyDocument=json.dumps(role["AssumeRolePolicyDocument"]),
        Tags=role["Tags"],
    )
    iam.put_role_policy(RoleName=name, PolicyName="gluecode", PolicyDocument=json.dumps(policy))


def _make_role_again_and_swap_code(client: Client) -> None:
    """The function's code is written after its role was made: that is no sign of what it is bound to."""
    _make_role_again(client, f"factory-processor{SCOPE}")
    client("lambda").update_function_code(FunctionName="factory-processor", ZipFile=_swapped())


def _delete_layer_version(client: Client) -> None:
    functions = client("lambda")
    for version in functions.list_layer_versions(LayerName="factory-configuration")["LayerVersions"]:
        functions.delete_layer_version(LayerName="factory-configuration", VersionNumber=version["Version"])


def _statement(client: Client, action: str) -> None:
    policy = json.loads(client("lambda").get_policy(FunctionName="factory-writer")["Policy"])
    for statement in policy["Statement"]:
        if statement["Action"] == action:
            client("lambda").remove_permission(FunctionName="factory-writer", StatementId=statement["Sid"])


def _open(client: Client) -> None:
    """The statement that would let the whole world invoke the function past its URL, under our statement's id."""
    _statement(client, "lambda:InvokeFunction")
    client("lambda").add_permission(
        FunctionName="factory-writer",
        StatementId="gluecode-url-invoke",
        Action="lambda:InvokeFunction",
        Principal="*",
    )


DRIFTS = (
    Drift(
        "a role's policy edited",
        lambda client: client("iam").put_role_policy(
            RoleName=f"factory-processor{SCOPE}", PolicyName="gluecode", PolicyDocument=_OTHER_POLICY
        ),
        (f"iam-role factory-processor{SCOPE}",),
        "policy",
        (f"PutRolePolicy factory-processor{SCOPE}",),
    ),
    Drift(
        "a role's policy deleted",
        lambda client: client("iam").delete_role_policy(
            RoleName=f"factory-persister{SCOPE}", PolicyName="gluecode"
        ),
        (f"iam-role factory-persister{SCOPE}",),
        "policy",
        (f"PutRolePolicy factory-persister{SCOPE}",),
    ),
    Drift(
        "a role's trust edited",
        lambda client: client("iam").update_assume_role_policy(
            RoleName=f"factory-trigger{SCOPE}", PolicyDocument=_OTHER_TRUST
        ),
        (f"iam-role factory-trigger{SCOPE}",),
        "trust",
        (f"UpdateAssumeRolePolicy factory-trigger{SCOPE}",),
    ),
    *map(_without_role, ("dispatcher", "processor", "press-processor", "event-checker", "persister")),
    _without_role("writer", L2_ELSEWHERE),
    _without_role("connector", L2_ELSEWHERE),
    _without_role("connector", L2_ELSEWHERE, batching=True),
    Drift(
        "the IoT rule's role deleted",
        lambda client: _delete_role(client, f"factory-trigger{SCOPE}"),
        (f"iam-role factory-trigger{SCOPE}",),
        "",
        (f"CreateRole factory-trigger{SCOPE}", f"PutRolePolicy factory-trigger{SCOPE}"),
    ),
    Drift(
        "a role deleted and made again by hand",
        lambda client: _make_role_again(client, f"factory-persister{SCOPE}"),
        ("function factory-persister",),
        "role_id",
        ("UpdateFunctionConfiguration factory-persister",),
    ),
    Drift(
        "the role of a device's own processor deleted and made again by hand",
        lambda client: _make_role_again(client, f"factory-press-processor{SCOPE}"),
        ("function factory-press-processor",),
        "role_id",
        ("UpdateFunctionConfiguration factory-press-processor",),
    ),
    Drift(
        "a role deleted and made again by hand, then code swapped",
        _make_role_again_and_swap_code,
        ("function factory-processor",),
        "code_sha256",
        (
            "UpdateFunctionConfiguration factory-processor",
            *["UpdateFunctionCode factory-processor"] * 3,  # refused, as long as the other update is in progress
        ),
    ),
    Drift(
        "a role's tags stripped",
        lambda client: client("iam").untag_role(RoleName=f"factory-dispatcher{SCOPE}", TagKeys=_OUR_TAGS),
        (f"iam-role factory-dispatcher{SCOPE}",),
        "tag DigitalTwin",
        (f"TagRole factory-dispatcher{SCOPE}",),
    ),
    Drift(
        "an environment changed",
        _environment,
        ("function factory-persister",),
        "environment DYNAMODB_TABLE_NAME",
        ("UpdateFunctionConfiguration factory-persister",),
    ),
    Drift(
        "code swapped",
        lambda client: client("lambda").update_function_code(FunctionName="factory-processor", ZipFile=_swapped()),
        ("function factory-processor",),
        "code_sha256",
        ("UpdateFunctionCode factory-processor",),
    ),
    Drift(
        "a device's own code swapped",
        lambda client: client("lambda").update_function_code(
            FunctionName="factory-press-processor", ZipFile=_swapped()
        ),
        ("function factory-press-processor",),
        "code_sha256",
        ("UpdateFunctionCode factory-press-processor",),
    ),
    Drift(
        "a function's tags stripped",
        lambda client: client("lambda").untag_resource(Resource=_PROCESSOR, TagKeys=_OUR_TAGS),
        ("function factory-processor",),
        "tag Layer",
        ("TagResource factory-processor",),
    ),
    Drift(
        "a function deleted",
        lambda client: client("lambda").delete_function(FunctionName="factory-event-checker"),
        ("function factory-event-checker", "invoke-config factory-event-checker"),
        "",
        ("CreateFunction factory-event-checker", "PutFunctionEventInvokeConfig factory-event-checker"),
    ),
    Drift(
        "a failure destination removed",
        lambda client: client("lambda").delete_function_event_invoke_config(FunctionName="factory-dispatcher"),
        ("invoke-config factory-dispatcher",),
        "",
        ("PutFunctionEventInvokeConfig factory-dispatcher",),
    ),
    Drift(
        "a function URL deleted",
        lambda client: client("lambda").delete_function_url_config(FunctionName="factory-writer"),
        ("function-url factory-writer",),
        "",
        ("CreateFunctionUrlConfig factory-writer",),
        L2_ELSEWHERE,
    ),
    Drift(
        "a function URL closed",
        lambda client: client("lambda").update_function_url_config(FunctionName="factory-writer", AuthType="AWS_IAM"),
        ("function-url factory-writer",),
        "auth_type",
        ("UpdateFunctionUrlConfig factory-writer",),
        L2_ELSEWHERE,
    ),
    Drift(
        "the URL's first statement removed",
        lambda client: _statement(client, "lambda:InvokeFunctionUrl"),
        ("permissions factory-writer",),
        "statement gluecode-",
        ("AddPermission factory-writer",),
        L2_ELSEWHERE,
    ),
    Drift(
        "the URL's second statement removed",
        lambda client: _statement(client, "lambda:InvokeFunction"),
        ("permissions factory-writer",),
        "statement gluecode-",
        ("AddPermission factory-writer",),
        L2_ELSEWHERE,
    ),
    Drift(
        "the URL's second statement opened to direct calls",
        _open,
        ("permissions factory-writer",),
        "statement gluecode-url-invoke",
        ("RemovePermission factory-writer", "AddPermission factory-writer"),
        L2_ELSEWHERE,
    ),
    Drift(
        "the IoT rule disabled",
        lambda client: client("iot").disable_topic_rule(ruleName="factory_trigger_dispatcher"),
        ("iot-rule factory_trigger_dispatcher",),
        "enabled",
        ("ReplaceTopicRule factory_trigger_dispatcher",),
    ),
    Drift(
        "the IoT rule rewritten",
        _rule,
        ("iot-rule factory_trigger_dispatcher",),
        "sql",
        ("ReplaceTopicRule factory_trigger_dispatcher",),
    ),
    Drift(
        "the IoT rule deleted",
        lambda client: client("iot").delete_topic_rule(ruleName="factory_trigger_dispatcher"),
        ("iot-rule factory_trigger_dispatcher",),
        "",
        ("CreateTopicRule factory_trigger_dispatcher",),
    ),
    Drift(
        "the IoT rule's tags stripped",
        lambda client: client("iot").untag_resource(
            resourceArn=_arn("iot", "rule/factory_trigger_dispatcher"), tagKeys=_OUR_TAGS
        ),
        ("iot-rule factory_trigger_dispatcher",),
        "tag DigitalTwin",
        ("TagResource factory_trigger_dispatcher",),
    ),
    Drift(
        "the log group's tags stripped",
        lambda client: client("logs").untag_resource(
            resourceArn=_arn("logs", "log-group:/gluecode/factory"), tagKeys=_OUR_TAGS
        ),
        ("log-group /gluecode/factory",),
        "tag Layer",
        ("TagResource factory",),
    ),
    Drift(
        "the log group's retention removed",
        lambda client: client("logs").delete_retention_policy(logGroupName="/gluecode/factory"),
        ("log-group /gluecode/factory",),
        "retention_days",
        ("PutRetentionPolicy /gluecode/factory",),
    ),
    Drift(
        "the queue's retention shortened",
        lambda client: client("sqs").set_queue_attributes(
            QueueUrl=_queue(client), Attributes={"MessageRetentionPeriod": "60"}
        ),
        ("failure-queue factory-failures",),
        "retention_seconds",
        ("SetQueueAttributes factory-failures",),
    ),
    Drift(
        "the queue's tags stripped",
        lambda client: client("sqs").untag_queue(QueueUrl=_queue(client), TagKeys=_OUR_TAGS),
        ("failure-queue factory-failures",),
        "tag Layer",
        ("TagQueue factory-failures",),
    ),
    Drift(
        "an alarm switched off",
        lambda client: client("cloudwatch").disable_alarm_actions(AlarmNames=["factory-failed-events"]),
        ("alarms factory",),
        "failed-events: enabled",
        ("PutMetricAlarm factory-failed-events",),
    ),
    Drift(
        "an alarm deleted",
        lambda client: client("cloudwatch").delete_alarms(AlarmNames=["factory-url-requests"]),
        ("alarms factory",),
        "url-requests",
        ("PutMetricAlarm factory-url-requests",),
        L2_ELSEWHERE,
    ),
    Drift(
        "the dashboard deleted",
        lambda client: client("cloudwatch").delete_dashboards(DashboardNames=[f"factory-dashboard{SCOPE}"]),
        (f"dashboard factory-dashboard{SCOPE}",),
        "",
        (f"PutDashboard factory-dashboard{SCOPE}",),
    ),
    Drift(
        "the table's tags stripped",
        lambda client: client("dynamodb").untag_resource(
            ResourceArn=_arn("dynamodb", "table/factory-hot-iot-data"), TagKeys=_OUR_TAGS
        ),
        ("hot-table factory-hot-iot-data",),
        "tag DigitalTwin",
        ("TagResource factory-hot-iot-data",),
    ),
    Drift(
        "a secret deleted",
        lambda client: client("secretsmanager").delete_secret(
            SecretId="factory/aws_l1_to_azure_l2", ForceDeleteWithoutRecovery=True
        ),
        ("secret factory/aws_l1_to_azure_l2",),
        "",
        ("CreateSecret factory/aws_l1_to_azure_l2",),
        L2_ELSEWHERE,
    ),
    Drift(
        "a secret's tags stripped",
        lambda client: client("secretsmanager").untag_resource(
            SecretId="factory/aws_l1_to_azure_l2", TagKeys=_OUR_TAGS
        ),
        ("secret factory/aws_l1_to_azure_l2",),
        "tag Layer",
        ("TagResource factory/aws_l1_to_azure_l2",),
        L2_ELSEWHERE,
    ),
    Drift(
        "a secret's value changed",
        lambda client: client("secretsmanager").put_secret_value(
            SecretId="factory/aws_l1_to_azure_l2", SecretString="another"
        ),
        ("secret factory/aws_l1_to_azure_l2",),
        "value",
        ("PutSecretValue factory/aws_l1_to_azure_l2",),
        L2_ELSEWHERE,
    ),
    Drift(
        "an event source disabled",
        lambda client: _map(client, Enabled=False),
        ("event-source factory-connector",),
        "enabled",
        ("UpdateEventSourceMapping",),
        L2_ELSEWHERE,
        batching=True,
    ),
    Drift(
        "an event source's response type and batch size changed",
        lambda client: _map(client, FunctionResponseTypes=[], BatchSize=1),
        ("event-source factory-connector",),
        "response_types",
        ("UpdateEventSourceMapping",),
        L2_ELSEWHERE,
        batching=True,
    ),
    Drift(
        "an event source deleted",
        _unmap,
        ("event-source factory-connector",),
        "",
        ("CreateEventSourceMapping factory-connector",),
        L2_ELSEWHERE,
        batching=True,
    ),
    Drift(
        "the outbox's way to the failure queue taken away",
        lambda client: client("sqs").set_queue_attributes(
            QueueUrl=_queue(client, "factory-connector"), Attributes={"RedrivePolicy": ""}
        ),
        ("outbox factory-connector",),
        "attempts",
        ("SetQueueAttributes factory-connector",),
        L2_ELSEWHERE,
        batching=True,
    ),
    Drift(
        "the outbox's tags stripped",
        lambda client: client("sqs").untag_queue(QueueUrl=_queue(client, "factory-connector"), TagKeys=_OUR_TAGS),
        ("outbox factory-connector",),
        "tag Layer",
        ("TagQueue factory-connector",),
        L2_ELSEWHERE,
        batching=True,
    ),
)  # fmt: skip


def titled(title: str) -> Drift:
    """The drift of that title."""
    return next(drift for drift in DRIFTS if drift.title == title)
