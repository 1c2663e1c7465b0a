"""What the command line asks of AWS, command by command, and what CloudFormation does when it installs (pure).

A test holds the first against the calls in the code, and the second against the resources in the templates.
"""

from __future__ import annotations

_RUN = ("states:ListExecutions", "states:StartExecution", "states:DescribeExecution", "logs:FilterLogEvents")
_UPLOAD = ("s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject")
_NAME_BY_VERSIONS = "s3:ListBucketVersions"
_RECORDS = ("dynamodb:GetItem", "dynamodb:Scan")
_READ_TOKENS = ("secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue")
_KEEP_TOKENS = (
    *_READ_TOKENS,
    "secretsmanager:CreateSecret",
    "secretsmanager:RestoreSecret",
    "secretsmanager:PutSecretValue",
    "secretsmanager:TagResource",
)
_QUEUE = (
    "sqs:GetQueueUrl",
    "sqs:GetQueueAttributes",
    "sqs:ReceiveMessage",
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
)

COMMANDS: dict[str, tuple[str, ...]] = {
    "plan": (*_UPLOAD, *_READ_TOKENS, *_RUN),
    "deploy": (*_UPLOAD, _NAME_BY_VERSIONS, *_KEEP_TOKENS, *_RUN),
    "destroy": _RUN,
    "inspect": _RUN,
    "resume": (*_RUN, "dynamodb:Query", "dynamodb:GetItem", "states:GetExecutionHistory", "states:RedriveExecution"),
    "history": ("dynamodb:Query", "dynamodb:Scan", "states:DescribeExecution"),
    "report": ("states:DescribeExecution", "states:GetExecutionHistory", "logs:FilterLogEvents"),
    "send": (*_RECORDS, "iot:Publish", "logs:FilterLogEvents"),
    "trace": (*_RECORDS, "logs:FilterLogEvents"),
    "logs": (*_RECORDS, "logs:FilterLogEvents"),
    "replay": (*_RECORDS, *_QUEUE, "lambda:GetFunction", "lambda:InvokeFunction"),
    "rotate-token": (
        *_RECORDS,
        *_READ_TOKENS,
        "secretsmanager:PutSecretValue",
        "secretsmanager:UpdateSecretVersionStage",
    ),
}
"""What each command calls AWS for. `check-permissions` is not here: it makes do with what it may ask."""

OFFLINE = frozenset({"local", "init", "validate", "conformance"})
"""The commands that need no AWS."""

INSTALLING = (
    "cloudformation:CreateChangeSet",
    "cloudformation:DescribeChangeSet",
    "cloudformation:ExecuteChangeSet",
    "cloudformation:DeleteChangeSet",
    "cloudformation:DescribeStacks",
    "cloudformation:DescribeStackEvents",
    "cloudformation:ListStackResources",
    "cloudformation:DescribeEvents",
    "cloudformation:ContinueUpdateRollback",
    "cloudformation:DeleteStack",
    "s3:ListBucket",
    "s3:ListBucketVersions",
    "s3:GetObject",
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "lambda:ListLayerVersions",
    "lambda:DeleteLayerVersion",
    "dynamodb:Scan",
)
"""What `gluecode install` and `gluecode uninstall` call themselves."""

RESOURCE_TYPES: dict[str, tuple[str, ...]] = {
    "AWS::S3::Bucket": (
        "s3:CreateBucket",
        "s3:DeleteBucket",
        "s3:PutBucketVersioning",
        "s3:PutEncryptionConfiguration",
        "s3:PutBucketPublicAccessBlock",
        "s3:PutBucketOwnershipControls",
        "s3:PutLifecycleConfiguration",
        "s3:PutBucketTagging",
        "s3:PutBucketNotification",
    ),
    "AWS::S3::BucketPolicy": ("s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"),
    "AWS::DynamoDB::Table": (
        "dynamodb:CreateTable",
        "dynamodb:DescribeTable",
        "dynamodb:UpdateTable",
        "dynamodb:DeleteTable",
        "dynamodb:DescribeContinuousBackups",
        "dynamodb:UpdateContinuousBackups",
        "dynamodb:ListTagsOfResource",
        "dynamodb:TagResource",
        "dynamodb:UntagResource",
    ),
    "AWS::Logs::LogGroup": (
        "logs:CreateLogGroup",
        "logs:DescribeLogGroups",
        "logs:DeleteLogGroup",
        "logs:PutRetentionPolicy",
        "logs:ListTagsForResource",
        "logs:TagResource",
        "logs:UntagResource",
    ),
    "AWS::CloudWatch::Alarm": (
        "cloudwatch:PutMetricAlarm",
        "cloudwatch:DescribeAlarms",
        "cloudwatch:DeleteAlarms",
        "cloudwatch:ListTagsForResource",
        "cloudwatch:TagResource",
        "cloudwatch:UntagResource",
    ),
    "AWS::IAM::Role": (
        "iam:CreateRole",
        "iam:GetRole",
        "iam:DeleteRole",
        "iam:PassRole",
        "iam:UpdateAssumeRolePolicy",
        "iam:PutRolePolicy",
        "iam:GetRolePolicy",
        "iam:DeleteRolePolicy",
        "iam:ListRolePolicies",
        "iam:ListAttachedRolePolicies",
        "iam:TagRole",
        "iam:UntagRole",
    ),
    "AWS::IAM::ManagedPolicy": (
        "iam:CreatePolicy",
        "iam:GetPolicy",
        "iam:DeletePolicy",
        "iam:CreatePolicyVersion",
        "iam:GetPolicyVersion",
        "iam:ListPolicyVersions",
        "iam:DeletePolicyVersion",
    ),
    "AWS::Lambda::LayerVersion": ("lambda:PublishLayerVersion", "lambda:GetLayerVersion", "lambda:DeleteLayerVersion"),
    "AWS::Lambda::Function": (
        "lambda:CreateFunction",
        "lambda:GetFunction",
        "lambda:UpdateFunctionCode",
        "lambda:UpdateFunctionConfiguration",
        "lambda:DeleteFunction",
        "lambda:ListTags",
        "lambda:TagResource",
        "lambda:UntagResource",
    ),
    "AWS::Lambda::EventSourceMapping": (
        "lambda:CreateEventSourceMapping",
        "lambda:GetEventSourceMapping",
        "lambda:UpdateEventSourceMapping",
        "lambda:DeleteEventSourceMapping",
    ),
    "AWS::SQS::Queue": (
        "sqs:CreateQueue",
        "sqs:GetQueueUrl",
        "sqs:GetQueueAttributes",
        "sqs:SetQueueAttributes",
        "sqs:DeleteQueue",
        "sqs:ListQueueTags",
        "sqs:TagQueue",
        "sqs:UntagQueue",
    ),
    "AWS::SQS::QueuePolicy": ("sqs:GetQueueAttributes", "sqs:SetQueueAttributes"),
    "AWS::Events::Rule": (
        "events:PutRule",
        "events:DescribeRule",
        "events:DeleteRule",
        "events:PutTargets",
        "events:ListTargetsByRule",
        "events:RemoveTargets",
        "events:ListTagsForResource",
        "events:TagResource",
        "events:UntagResource",
    ),
    "AWS::StepFunctions::StateMachine": (
        "states:CreateStateMachine",
        "states:DescribeStateMachine",
        "states:UpdateStateMachine",
        "states:DeleteStateMachine",
        "states:ListTagsForResource",
        "states:TagResource",
        "states:UntagResource",
    ),
}
"""What CloudFormation does, as the caller, for each type of resource in the orchestrator's templates."""
