"""What a run creates, by kind, worked out from the templates and the catalogue of the product (pure)."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable

from orchestrator.core.catalogue import CATALOGUE
from orchestrator.core.placement import Placement
from orchestrator.install import desired, layers, template
from tests.aws_proof.acts import ALL_ON_AWS, L2_ELSEWHERE, Layers

OTHER_CLOUD = Counter({"Lambda function": 1, "IAM role": 1, "SQS queue": 1, "Function URL": 1})
"""The stand-in for the other cloud."""

_PROJECT = Counter({"CloudFormation stack": 2})
_TITLES = {
    "alarms": "CloudWatch alarm",
    "config-layer": "Lambda layer",
    "dashboard": "CloudWatch dashboard",
    "event-source": "event source mapping",
    "failure-queue": "SQS queue",
    "function": "Lambda function",
    "function-url": "Function URL",
    "hot-table": "DynamoDB table",
    "iam-role": "IAM role",
    "iot-rule": "IoT rule",
    "log-group": "log group",
    "outbox": "SQS queue",
    "secret": "Secrets Manager secret",
}
_PARTS = ("invoke-config", "permissions")  # settings of a function, nothing of their own
_TYPES = {
    "AWS::CloudWatch::Alarm": "CloudWatch alarm",
    "AWS::DynamoDB::Table": "DynamoDB table",
    "AWS::Events::Rule": "EventBridge rule",
    "AWS::IAM::ManagedPolicy": "IAM policy",
    "AWS::IAM::Role": "IAM role",
    "AWS::Lambda::EventSourceMapping": "event source mapping",
    "AWS::Lambda::Function": "Lambda function",
    "AWS::Lambda::LayerVersion": "Lambda layer",
    "AWS::Logs::LogGroup": "log group",
    "AWS::S3::Bucket": "S3 bucket",
    "AWS::SQS::Queue": "SQS queue",
    "AWS::StepFunctions::StateMachine": "state machine",
}
_ATTACHED = ("AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy")


def installation() -> Counter[str]:
    """What the orchestrator consists of: the resources of its two templates."""
    large = desired.orchestrator_template(desired.build(layers.host()))["Resources"]
    resources = [*large.values(), *template.artifacts()["Resources"].values()]
    return _PROJECT + _counted(
        _TYPES.get(each["Type"], each["Type"]) for each in resources if each["Type"] not in _ATTACHED
    )


def twin() -> Counter[str]:
    """What the twin consists of under its two mappings, at most: a device has a processor of its own."""
    return of(ALL_ON_AWS) | of(L2_ELSEWHERE)


def of(mapping: Layers) -> Counter[str]:
    """What the twin consists of under one mapping."""
    providers = dict(zip(("layer_1_provider", "layer_2_provider", "layer_3_hot_provider"), mapping, strict=True))
    here = Placement.of(providers, event_checking=True)
    secrets = sum(1 for sender, receiver in itertools.pairwise(mapping) if sender != receiver)
    rows = [row for row in CATALOGUE if row.kind not in _PARTS and row.needed(here)]
    counted = _counted(_TITLES.get(row.kind, row.kind) for row in rows if row.each != "connection")
    return counted + Counter({"Secrets Manager secret": secrets})


def _counted(kinds: Iterable[str]) -> Counter[str]:
    return Counter(dict(sorted(Counter(kinds).items(), key=lambda item: (-item[1], item[0]))))
