"""Looks for whatever is left of a run, over all kinds of resources, and says how to remove each by hand."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from tests.aws_proof.account import Account
from tests.aws_proof.naming import Names
from tests.aws_proof.record import Leftovers


@dataclass(frozen=True)
class Kind:
    """A listing of all that there is of a kind. `names` (JMESPath) gives the name, or a pair of it and what else may
    tell whose it is; `remove` is the command, with the quoted name in place of `{}`.
    """

    name: str
    service: str
    operation: str
    names: str
    remove: str
    params: dict[str, Any] = field(default_factory=dict)


_EMPTY_ROLE = (
    "for policy in $(aws iam list-role-policies --role-name {0} --query 'PolicyNames[]' --output text); "
    'do aws iam delete-role-policy --role-name {0} --policy-name "$policy"; done; '
    "for policy in $(aws iam list-attached-role-policies --role-name {0} --query 'AttachedPolicies[].PolicyArn' "
    '--output text); do aws iam detach-role-policy --role-name {0} --policy-arn "$policy"; done; '
    "aws iam delete-role --role-name {0}"
)
_ALL_LAYER_VERSIONS = (
    "for version in $(aws lambda list-layer-versions --layer-name {0} --query 'LayerVersions[].Version' "
    "--output text); "
    'do aws lambda delete-layer-version --layer-name {0} --version-number "$version"; done'
)
_RULE_WITH_TARGETS = (
    "aws events remove-targets --rule {0} --ids $(aws events list-targets-by-rule --rule {0} --query 'Targets[].Id' "
    "--output text); aws events delete-rule --name {0}"
)
_BUCKET_WITH_VERSIONS = (
    "aws s3api list-object-versions --bucket {0} --output json "
    "--query '{{Objects: [Versions, DeleteMarkers][][].{{Key: Key, VersionId: VersionId}}}}' "
    "> objects.json && aws s3api delete-objects --bucket {0} --delete file://objects.json; "
    "aws s3api delete-bucket --bucket {0}"
)

# In the order in which they are removed: a stack first, since it takes its resources with it.
KINDS = (
    Kind(
        "stack",
        "cloudformation",
        "list_stacks",
        "StackSummaries[?StackStatus != 'DELETE_COMPLETE'].StackName",
        "aws cloudformation delete-stack --stack-name {0}",
    ),
    Kind("IoT rule", "iot", "list_topic_rules", "rules[].ruleName", "aws iot delete-topic-rule --rule-name {0}"),
    Kind(
        "event source mapping",
        "lambda",
        "list_event_source_mappings",
        "EventSourceMappings[].[UUID, FunctionArn]",
        "aws lambda delete-event-source-mapping --uuid {0}",
    ),
    Kind(
        "function",
        "lambda",
        "list_functions",
        "Functions[].FunctionName",
        "aws lambda delete-function --function-name {0}",
    ),
    Kind("layer", "lambda", "list_layers", "Layers[].LayerName", _ALL_LAYER_VERSIONS),
    Kind("role", "iam", "list_roles", "Roles[].[RoleName, Path]", _EMPTY_ROLE),
    Kind(
        "policy",
        "iam",
        "list_policies",
        "Policies[].[Arn, Path]",
        "aws iam delete-policy --policy-arn {0}",
        {"Scope": "Local"},
    ),
    Kind(
        "state machine",
        "stepfunctions",
        "list_state_machines",
        "stateMachines[].stateMachineArn",
        "aws stepfunctions delete-state-machine --state-machine-arn {0}",
    ),
    Kind("event rule", "events", "list_rules", "Rules[].Name", _RULE_WITH_TARGETS),
    Kind("table", "dynamodb", "list_tables", "TableNames[]", "aws dynamodb delete-table --table-name {0}"),
    Kind(
        "queue",
        "sqs",
        "list_queues",
        "QueueUrls[]",
        "aws sqs delete-queue --queue-url {0}",
        {"PaginationConfig": {"PageSize": 1000}},  # without a page size SQS gives 1,000 at most, and no next page
    ),
    Kind(
        "secret",
        "secretsmanager",
        "list_secrets",
        "SecretList[].Name",
        "aws secretsmanager delete-secret --force-delete-without-recovery --secret-id {0}",
        {"IncludePlannedDeletion": True},
    ),
    Kind(
        "log group",
        "logs",
        "describe_log_groups",
        "logGroups[].logGroupName",
        "aws logs delete-log-group --log-group-name {0}",
    ),
    Kind(
        "alarm",
        "cloudwatch",
        "describe_alarms",
        "[MetricAlarms, CompositeAlarms][][].AlarmName",
        "aws cloudwatch delete-alarms --alarm-names {0}",
    ),
    Kind(
        "dashboard",
        "cloudwatch",
        "list_dashboards",
        "DashboardEntries[].DashboardName",
        "aws cloudwatch delete-dashboards --dashboard-names {0}",
    ),
    Kind("bucket", "s3", "list_buckets", "Buckets[].Name", _BUCKET_WITH_VERSIONS),
)

_TAGS = "tags"
_BY_TAG = "tagged resource"


def look(account: Account, names: Names) -> Leftovers:
    """Everything of a run that is there now. What cannot be listed is said so, and the rest is listed all the same."""
    left = Leftovers(looked_at=(*(kind.name for kind in KINDS), _TAGS))
    for kind in KINDS:
        if found := _listed(left, kind.name, partial(_of, account, names, kind)):
            left.found[kind.name] = found
            left.commands += [kind.remove.format(shlex.quote(name)) for name in found]
    tagged = _listed(left, _TAGS, partial(_tagged, account, names))
    strangers = [arn for arn in tagged if not names.owns(arn)]
    if strangers:
        left.found[_BY_TAG] = strangers
    if known := [arn for arn in tagged if names.owns(arn)]:
        # It goes on listing what was deleted for a while. What it lists by these names was looked for by name.
        left.notes.append(f"The tagging API still lists {', '.join(known)}, which is not there any more.")
    return left


def _of(account: Account, names: Names, kind: Kind) -> list[str]:
    found = []
    for each in account.found(kind.service, kind.operation, kind.names, **kind.params):
        name, *more = each if isinstance(each, list) else [each]
        if any(names.owns(str(text)) for text in (name, *more)):
            found.append(str(name))
    return sorted(found)


def _tagged(account: Account, names: Names) -> list[str]:
    found: set[str] = set()
    stacks = [names.prefix, f"{names.prefix}-artifacts"]
    for tag, values in {"DigitalTwin": [names.twin], "aws:cloudformation:stack-name": stacks}.items():
        found |= set(
            account.found(
                "resourcegroupstaggingapi",
                "get_resources",
                "ResourceTagMappingList[].ResourceARN",
                TagFilters=[{"Key": tag, "Values": values}],
            )
        )
    return sorted(found)


def _listed(left: Leftovers, what: str, find: Callable[[], list[str]]) -> list[str]:
    try:
        return find()
    except (ClientError, BotoCoreError) as error:
        left.unlisted.append(f"{what} ({error})")
        return []
