"""Rows for what a twin takes in and keeps: rule, queue, table, logs, configuration, tokens."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from deploy_steps.kinds.config_layer import packed
from deploy_steps.registry import KINDS
from tests.contract.conftest import EMBEDDED
from tests.contract.row import Drift, Row, Spec
from tests.contract.rows_functions import arn_of as function_arn
from tests.contract.rows_functions import code, lose_function, prepare_with_queue, role_arn
from tests.contract.world import World

# --- hot table


def table_name(world: World) -> str:
    return f"{world.twin}-hot-iot-data"


def table(world: World) -> Spec:
    return {"name": table_name(world), "owner": world.owner}


def table_arn(world: World) -> str:
    return str(world.hand("dynamodb").describe_table(TableName=table_name(world))["Table"]["TableArn"])


def make_table(world: World, keys: tuple[str, ...] = ("iotDeviceId", "id"), **settings: Any) -> None:
    """A table, past our steps."""
    world.hand("dynamodb").create_table(
        TableName=table_name(world),
        KeySchema=[{"AttributeName": key, "KeyType": role} for key, role in zip(keys, ("HASH", "RANGE"), strict=False)],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
        **settings,
    )


THROUGHPUT = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}

HOT_TABLE = Row(
    kind=KINDS["hot-table"],
    spec=table,
    created_by=("CreateTable",),
    outputs=("arn",),
    foreign=lambda world: make_table(world, BillingMode="PROVISIONED", ProvisionedThroughput=THROUGHPUT),
    refuses_namesakes=True,
    removal={"retain_data": False},
    drifts=(
        Drift(
            "someone switched to provisioned throughput, which throttles a burst",
            ("billing_mode",),
            ("UpdateTable",),
            lambda world: world.hand("dynamodb").update_table(
                TableName=table_name(world), BillingMode="PROVISIONED", ProvisionedThroughput=THROUGHPUT
            ),
        ),
        Drift(
            "someone stripped two of the tags",
            ("tag DigitalTwin", "tag Layer"),
            ("TagResource",),
            lambda world: world.hand("dynamodb").untag_resource(
                ResourceArn=table_arn(world), TagKeys=["DigitalTwin", "Layer"]
            ),
        ),
    ),
)


# --- rule


def rule_name(world: World) -> str:
    return f"{world.twin}_trigger_dispatcher".replace("-", "_")


def queue_url(world: World) -> str:
    return str(world.hand("sqs").get_queue_url(QueueName=f"{world.twin}-failures")["QueueUrl"])


def rule(world: World) -> Spec:
    return {
        "name": rule_name(world),
        "owner": world.owner,
        "sql": f"SELECT * FROM '{world.twin}/iot-data'",
        "function_arn": function_arn(world),
        "error_queue_url": queue_url(world),
        "error_role_arn": role_arn(world),
    }


def live_rule(world: World) -> Spec:
    """The rule as its payload, to be put back changed."""
    live = world.hand("iot").get_topic_rule(ruleName=rule_name(world))["rule"]
    return {key: live[key] for key in ("sql", "actions", "errorAction", "awsIotSqlVersion", "ruleDisabled")}


def replaced(world: World, **changed: Any) -> None:
    payload = {key: value for key, value in {**live_rule(world), **changed}.items() if value is not None}
    world.hand("iot").replace_topic_rule(ruleName=rule_name(world), topicRulePayload=payload)


def foreign_rule(world: World) -> None:
    world.hand("iot").create_topic_rule(
        ruleName=rule_name(world), topicRulePayload={"sql": "SELECT * FROM 'other'", "actions": []}
    )


def rule_arn(world: World) -> str:
    return str(world.hand("iot").get_topic_rule(ruleName=rule_name(world))["ruleArn"])


IOT_RULE = Row(
    kind=KINDS["iot-rule"],
    spec=rule,
    created_by=("CreateTopicRule",),
    outputs=(),
    prepare=prepare_with_queue,
    lose_parent=lose_function,
    foreign=foreign_rule,
    refuses_namesakes=True,
    engines=(EMBEDDED,),  # moto 5.2.5 knows no tags of a rule
    drifts=(
        Drift(
            "someone disabled the rule, after which telemetry is lost",
            ("enabled",),
            ("ReplaceTopicRule",),
            lambda world: world.hand("iot").disable_topic_rule(ruleName=rule_name(world)),
        ),
        Drift(
            "someone changed the statement",
            ("sql",),
            ("ReplaceTopicRule",),
            lambda world: replaced(world, sql="SELECT temperature FROM 'elsewhere'"),
        ),
        Drift(
            "someone took the error action away, after which a failed hand-over is gone",
            ("error_action",),
            ("ReplaceTopicRule",),
            lambda world: replaced(world, errorAction=None),
        ),
        Drift(
            "someone stripped two of the tags",
            ("tag DigitalTwin", "tag Layer"),
            ("TagResource",),
            lambda world: world.hand("iot").untag_resource(
                resourceArn=rule_arn(world), tagKeys=["DigitalTwin", "Layer"]
            ),
        ),
    ),
)


# --- failure queue


def queue(world: World) -> Spec:
    return {
        "name": f"{world.twin}-failures",
        "owner": world.owner,
        "url": f"https://sqs.us-east-1.amazonaws.com/{world.account}/{world.twin}-failures",
        "retention_seconds": 1_209_600,
        "encrypted": True,
    }


def set_queue(world: World, **attributes: str) -> None:
    world.hand("sqs").set_queue_attributes(QueueUrl=queue_url(world), Attributes=attributes)


FAILURE_QUEUE = Row(
    kind=KINDS["failure-queue"],
    spec=queue,
    created_by=("CreateQueue",),
    outputs=("arn", "url"),
    foreign=lambda world: world.hand("sqs").create_queue(QueueName=f"{world.twin}-failures"),
    no_op_calls=2,  # SQS tells attributes and tags apart
    looks_first=True,
    removal={"retain_data": False},
    drifts=(
        Drift(
            "someone shortened the retention",
            ("retention_seconds",),
            ("SetQueueAttributes",),
            lambda world: set_queue(world, MessageRetentionPeriod="60"),
        ),
        Drift(
            "someone switched encryption off",
            ("encrypted",),
            ("SetQueueAttributes",),
            lambda world: set_queue(world, SqsManagedSseEnabled="false"),
        ),
        Drift(
            "someone stripped two of the tags",
            ("tag DigitalTwin", "tag Layer"),
            ("TagQueue",),
            lambda world: world.hand("sqs").untag_queue(QueueUrl=queue_url(world), TagKeys=["DigitalTwin", "Layer"]),
        ),
    ),
)


# --- outbox


def outgoing_url(world: World) -> str:
    return str(world.hand("sqs").get_queue_url(QueueName=f"{world.twin}-connector")["QueueUrl"])


def outgoing(world: World) -> Spec:
    return {
        "name": f"{world.twin}-connector",
        "owner": world.owner,
        "url": f"https://sqs.us-east-1.amazonaws.com/{world.account}/{world.twin}-connector",
        "retention_seconds": 345_600,
        "visibility_seconds": 360,
        "failure_queue_arn": f"arn:aws:sqs:us-east-1:{world.account}:{world.twin}-failures",
        "attempts": 5,
        "encrypted": True,
    }


def set_outgoing(world: World, **attributes: str) -> None:
    world.hand("sqs").set_queue_attributes(QueueUrl=outgoing_url(world), Attributes=attributes)


OUTGOING_QUEUE = Row(
    kind=KINDS["outbox"],
    spec=outgoing,
    created_by=("CreateQueue",),
    outputs=("arn", "url"),
    prepare=lambda world: world.hand("sqs").create_queue(QueueName=f"{world.twin}-failures"),
    foreign=lambda world: world.hand("sqs").create_queue(QueueName=f"{world.twin}-connector"),
    no_op_calls=2,  # SQS tells attributes and tags apart
    looks_first=True,
    removal={"retain_data": False},
    drifts=(
        Drift(
            "someone made received events come back while they are still being sent",
            ("visibility_seconds",),
            ("SetQueueAttributes",),
            lambda world: set_outgoing(world, VisibilityTimeout="30"),
        ),
        Drift(
            "someone took the way to the failure queue away, after which an event that kills its sender comes for ever",
            ("failure_queue_arn", "attempts"),
            ("SetQueueAttributes",),
            lambda world: set_outgoing(world, RedrivePolicy=""),
        ),
        Drift(
            "someone shortened the retention and switched encryption off",
            ("retention_seconds", "encrypted"),
            ("SetQueueAttributes",),
            lambda world: set_outgoing(world, MessageRetentionPeriod="60", SqsManagedSseEnabled="false"),
        ),
        Drift(
            "someone stripped two of the tags",
            ("tag DigitalTwin", "tag Layer"),
            ("TagQueue",),
            lambda world: world.hand("sqs").untag_queue(QueueUrl=outgoing_url(world), TagKeys=["DigitalTwin", "Layer"]),
        ),
    ),
)


# --- log group


def group_name(world: World) -> str:
    return f"/gluecode/{world.twin}"


def neighbouring_groups(world: World) -> None:
    """A namesake that only starts like ours, and one that only ends like it."""
    world.hand("logs").create_log_group(logGroupName=f"{group_name(world)}-2")
    world.hand("logs").create_log_group(logGroupName=f"/other{group_name(world)}")


def group_arn(world: World) -> str:
    groups = world.hand("logs").describe_log_groups(logGroupNamePrefix=group_name(world))["logGroups"]
    arn = next(group["arn"] for group in groups if group["logGroupName"] == group_name(world))
    return str(arn).removesuffix(":*")


LOG_GROUP = Row(
    kind=KINDS["log-group"],
    spec=lambda world: {"name": group_name(world), "owner": world.owner, "retention_days": 30},
    created_by=("CreateLogGroup", "PutRetentionPolicy"),  # CreateLogGroup takes no retention
    outputs=(),
    prepare=neighbouring_groups,
    foreign=lambda world: world.hand("logs").create_log_group(logGroupName=group_name(world)),
    refuses_namesakes=True,
    drifts=(
        Drift(
            "someone removed the retention, after which logs are kept and paid for ever",
            ("retention_days",),
            ("PutRetentionPolicy",),
            lambda world: world.hand("logs").delete_retention_policy(logGroupName=group_name(world)),
        ),
        Drift(
            "the project keeps logs longer", ("retention_days",), ("PutRetentionPolicy",), spec={"retention_days": 90}
        ),
        Drift(
            "someone stripped two of the tags",
            ("tag DigitalTwin", "tag Layer"),
            ("TagResource",),
            lambda world: world.hand("logs").untag_resource(
                resourceArn=group_arn(world), tagKeys=["DigitalTwin", "Layer"]
            ),
        ),
    ),
)


# --- configuration layer


def document(text: str) -> bytes:
    return json.dumps({"config": {"digital_twin_name": text}}).encode()


def layer_name(world: World) -> str:
    return f"{world.twin}-configuration"


def prepare_documents(world: World) -> None:
    world.hand("s3").create_bucket(Bucket=world.bucket)
    for text in ("first", "second"):
        world.hand("s3").put_object(Bucket=world.bucket, Key=f"builds/{text}.zip", Body=packed(document(text)))


def content(world: World, text: str) -> Spec:
    digest = hashlib.sha256(document(text)).hexdigest()
    return {"bucket": world.bucket, "key": f"builds/{text}.zip", "sha256": digest}


def layer(world: World) -> Spec:
    return {
        "name": layer_name(world),
        "owner": world.owner,
        "content": content(world, "first"),
        "runtimes": ["python3.13"],
    }


def publish(world: World, description: str) -> None:
    """A version, past our steps."""
    world.hand("lambda").publish_layer_version(
        LayerName=layer_name(world),
        Description=description,
        Content={"ZipFile": code("")},
        CompatibleRuntimes=["python3.13"],
    )


CONFIG_LAYER = Row(
    kind=KINDS["config-layer"],
    spec=layer,
    created_by=("PublishLayerVersion",),
    outputs=("arn",),
    prepare=prepare_documents,
    foreign=lambda world: publish(world, "theirs"),
    no_op_calls=1,
    drifts=(
        Drift(
            "the newest version of ours has another content",
            ("content_sha256",),
            ("PublishLayerVersion",),
            lambda world: publish(
                world, " ".join(f"{key}={value}" for key, value in {**world.tags, "sha256": "another"}.items())
            ),
        ),
        Drift(
            "the installation moved to another runtime",
            ("runtimes",),
            ("PublishLayerVersion",),
            spec={"runtimes": ["python3.12", "python3.13"]},
        ),
    ),
)


# --- secret

CONNECTION = "gcp_l1_to_aws_l2"
TOKEN = "a-token-from-the-project"


def secret_name(world: World) -> str:
    return f"{world.twin}/{CONNECTION}"


def put_connections(world: World, connections: Any) -> None:
    world.hand("s3").put_object(
        Bucket=world.bucket, Key="projects/p/config_inter_cloud.json", Body=json.dumps({"connections": connections})
    )


def prepare_connections(world: World) -> None:
    world.hand("s3").create_bucket(Bucket=world.bucket)
    put_connections(world, {CONNECTION: {"token": TOKEN}})


def secret(world: World) -> Spec:
    return {
        "name": secret_name(world),
        "owner": world.owner,
        "generate": True,
        "source": {"bucket": world.bucket, "key": "projects/p/config_inter_cloud.json", "connection": CONNECTION},
    }


SECRET = Row(
    kind=KINDS["secret"],
    spec=secret,
    created_by=("CreateSecret",),
    outputs=("arn",),
    prepare=prepare_connections,
    foreign=lambda world: world.hand("secretsmanager").create_secret(Name=secret_name(world), SecretString="theirs"),
    refuses_namesakes=True,
    no_op_calls=3,  # the project's file, the secret's description, and its value to compare
    drifts=(
        Drift(
            "someone put another value in",
            ("value",),
            ("PutSecretValue",),
            lambda world: world.hand("secretsmanager").put_secret_value(
                SecretId=secret_name(world), SecretString="by-hand"
            ),
        ),
        Drift(
            "someone deleted the secret, which leaves it in its recovery window",
            ("scheduled_deletion",),
            ("RestoreSecret",),
            lambda world: world.hand("secretsmanager").delete_secret(SecretId=secret_name(world)),
        ),
        Drift(
            "someone stripped two of the tags",
            ("tag DigitalTwin", "tag Layer"),
            ("TagResource",),
            lambda world: world.hand("secretsmanager").untag_resource(
                SecretId=secret_name(world), TagKeys=["DigitalTwin", "Layer"]
            ),
        ),
    ),
)

ROWS = (HOT_TABLE, IOT_RULE, FAILURE_QUEUE, OUTGOING_QUEUE, LOG_GROUP, CONFIG_LAYER, SECRET)
