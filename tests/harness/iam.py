"""Which IAM actions AWS asks for at a call: the one it is named after, and those that it brings along."""

from __future__ import annotations

# What AWS asks the caller for besides the action that the call is named after.
IMPLIED = {
    "lambda:GetFunction": {"lambda:ListTags"},  # without it, the answer comes without its tags
    "lambda:CreateFunction": {"lambda:TagResource", "lambda:GetLayerVersion", "iam:PassRole", "s3:GetObject"},
    "lambda:UpdateFunctionConfiguration": {"lambda:GetLayerVersion", "iam:PassRole"},
    "lambda:UpdateFunctionCode": {"s3:GetObject"},
    "iam:CreateRole": {"iam:TagRole"},
    "dynamodb:CreateTable": {"dynamodb:TagResource"},
    "iot:CreateTopicRule": {"iot:TagResource", "iam:PassRole"},
    "iot:ReplaceTopicRule": {"iam:PassRole"},
    "lambda:PublishLayerVersion": {"s3:GetObject"},
    "sqs:CreateQueue": {"sqs:TagQueue"},
    "logs:CreateLogGroup": {"logs:TagResource"},
    "secretsmanager:CreateSecret": {"secretsmanager:TagResource"},
    "cloudwatch:PutMetricAlarm": {"cloudwatch:TagResource"},
}
# Calls that are not named after the action they are allowed by.
_NAMED_OTHERWISE = {
    "s3:HeadObject": "s3:GetObject",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
}
_PREFIXES = {"stepfunctions": "states"}  # the others are the service's own name


def action_of(service: str, operation: str) -> str:
    """The IAM action that a call is allowed by."""
    named = f"{_PREFIXES.get(service, service)}:{operation}"
    return _NAMED_OTHERWISE.get(named, named)


def needs(service: str, operation: str) -> set[str]:
    """Every IAM action that AWS asks for at a call."""
    action = action_of(service, operation)
    return {action} | IMPLIED.get(action, set())
