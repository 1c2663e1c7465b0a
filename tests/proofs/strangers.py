"""Things of the twin's names that the twin did not make: without tags, or with another owner's."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.proofs.projects import Mapping

Client = Callable[[str], Any]

_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
        ],
    }
)


@dataclass(frozen=True)
class Stranger:
    """One foreign thing: how it got there, its name in a picture, and a mapping that would need its name."""

    make: Callable[[Client], Any]
    picture: str
    mapping: Mapping = ("aws", "aws", "aws")

    @property
    def name(self) -> str:
        """Its own name, as an error tells it."""
        return self.picture.rsplit(" ", 1)[1]


def _zip() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.py", "def handler(event, context):\n    return event\n")
    return packed.getvalue()


def _role(client: Client) -> None:
    client("iam").create_role(RoleName="factory-persister-us-east-1-gluecode", AssumeRolePolicyDocument=_TRUST)


def _others_role(client: Client) -> None:
    tags = {"ManagedBy": "multicloud-gluecode", "DigitalTwin": "another", "Layer": "layer_2"}
    client("iam").create_role(
        RoleName="factory-dispatcher-us-east-1-gluecode",
        AssumeRolePolicyDocument=_TRUST,
        Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
    )


def _function(client: Client) -> None:
    client("lambda").create_function(
        FunctionName="factory-processor",
        Runtime="python3.11",
        Role="arn:aws:iam::000000000000:role/somebody",
        Handler="index.handler",
        Code={"ZipFile": _zip()},
    )


def _table(client: Client) -> None:
    client("dynamodb").create_table(
        TableName="factory-hot-iot-data",
        KeySchema=[
            {"AttributeName": "iotDeviceId", "KeyType": "HASH"},
            {"AttributeName": "id", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("iotDeviceId", "id")],
        BillingMode="PAY_PER_REQUEST",
    )


def _queue(client: Client) -> None:
    client("sqs").create_queue(QueueName="factory-failures")


def _rule(client: Client) -> None:
    target = {"lambda": {"functionArn": "arn:aws:lambda:us-east-1:000000000000:function:somebody"}}
    client("iot").create_topic_rule(
        ruleName="factory_trigger_dispatcher", topicRulePayload={"sql": "SELECT * FROM 'a'", "actions": [target]}
    )


def _log_group(client: Client) -> None:
    client("logs").create_log_group(logGroupName="/gluecode/factory")


def _secret(client: Client) -> None:
    client("secretsmanager").create_secret(Name="factory/aws_l2_to_azure_l3", SecretString="theirs")


def _alarm(client: Client) -> None:
    client("cloudwatch").put_metric_alarm(
        AlarmName="factory-failed-events",
        Namespace="AWS/Lambda",
        MetricName="Errors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )


def _dashboard(client: Client) -> None:
    client("cloudwatch").put_dashboard(
        DashboardName="factory-dashboard-us-east-1-gluecode", DashboardBody='{"widgets": []}'
    )


def _layer(client: Client) -> None:
    client("lambda").publish_layer_version(LayerName="factory-configuration", Content={"ZipFile": _zip()})


STRANGERS = (
    Stranger(_role, "role factory-persister-us-east-1-gluecode"),
    Stranger(_others_role, "role factory-dispatcher-us-east-1-gluecode"),
    Stranger(_function, "function factory-processor"),
    Stranger(_table, "table factory-hot-iot-data"),
    Stranger(_queue, "queue factory-failures"),
    Stranger(_rule, "rule factory_trigger_dispatcher"),
    Stranger(_log_group, "log group /gluecode/factory"),
    Stranger(_secret, "secret factory/aws_l2_to_azure_l3", ("aws", "aws", "azure")),
    Stranger(_layer, "layer factory-configuration"),
    Stranger(_alarm, "alarm factory-failed-events"),
    Stranger(_dashboard, "dashboard factory-dashboard-us-east-1-gluecode"),
)
