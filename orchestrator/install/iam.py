"""The IAM policies in the template: of the tasks' and machines' roles, and the boundary of twins' roles.

`core.iam_resources` says on which resources an action is used. Here the patterns of its ARNs are written for `Fn::Sub`,
from the stack's own parameters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from orchestrator.core import iam_resources
from orchestrator.core.iam_resources import JOURNAL, QUEUES, Arns, Patterns, TwinPattern, of_kinds
from orchestrator.core.names import Installation
from orchestrator.core.plan.policies import work_off

Statement = dict[str, Any]
Actions = tuple[str, ...]

# What a twin's role may do at most: the stack's own boundary, or the one that an organisation prescribes.
TWIN_BOUNDARY = {"Fn::If": ["BoundaryGiven", {"Ref": "PermissionsBoundary"}, {"Ref": "TwinBoundary"}]}
_VARIABLES = {"UnderscoredTwinPrefix": {"Fn::Join": ["_", {"Fn::Split": ["-", {"Ref": "TwinPrefix"}]}]}}


class _ThisStack(Installation):
    """The installation that CloudFormation makes of the template."""

    bucket = "${ArtifactBucket}"

    def __post_init__(self) -> None:
        """CloudFormation checks the prefix."""


class _Template(Patterns):
    stack, stack_name = "${AWS::StackId}", "${AWS::StackName}"


HERE = _ThisStack("${Prefix}", "${AWS::Partition}", "${AWS::Region}", "${AWS::AccountId}")
_SCOPE = _Template(HERE, TwinPattern("${TwinPrefix}*", "${UnderscoredTwinPrefix}*"))


@dataclass(frozen=True)
class Grant:
    """Resources on which an action is allowed, under which condition, and what they are."""

    resources: Arns
    what: str
    condition: Mapping[str, Any] = field(default_factory=dict)


_SEGMENTS = Grant(("*",), "any: X-Ray knows no resources")
_TRACE = ("xray:PutTraceSegments", "xray:PutTelemetryRecords")
_SAMPLE = ("xray:GetSamplingRules", "xray:GetSamplingTargets")
_DELIVERY = Grant(("*",), "any: the actions are on the account's log deliveries, not on one log group")
_DELIVER = (
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
)
# Step Functions waits for a child execution (.sync:2) by means of this rule of its own.
_CHILD_ENDED = iam_resources.arn(HERE, "events", "rule/StepFunctionsGetEventsForStepFunctionsExecutionRule")

# The bucket and the state table may be encrypted with a key of the customer's own.
_ENCRYPTED = (
    "s3:",
    *(f"dynamodb:{verb}Item" for verb in ("Get", "BatchGet", "BatchWrite", "Put", "Update", "Delete")),
    "dynamodb:Scan",
)
_USE_KEY = {
    "Fn::If": [
        "KeyGiven",
        {"Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": [{"Ref": "KmsKeyArn"}]},
        {"Ref": "AWS::NoValue"},
    ]
}


def _here(grant: iam_resources.Grant) -> Grant:
    return Grant(grant.resources(_SCOPE), grant.what, grant.condition(_SCOPE) if grant.condition else {})


EVERY_TASK = {("logs:CreateLogStream", "logs:PutLogEvents"): _here(JOURNAL), _TRACE: _SEGMENTS}
"""What every task may do, whatever it is for."""


def grant(task: str, action: str) -> Grant:
    """Where a task's action is allowed. Raises LookupError for an unknown one."""
    return _here(iam_resources.of_task(task, action))


def grants(task: str, actions: Iterable[str]) -> dict[Actions, Grant]:
    """A task's actions, grouped by the grant they share, in the order of their first mention."""
    grouped: list[tuple[Grant, list[str]]] = []
    for action in actions:
        where = grant(task, action)
        same = next((group for each, group in grouped if each == where), None)
        if same is None:
            grouped.append((where, [action]))
        else:
            same.append(action)
    return {tuple(group): where for where, group in grouped}


def task_statements(task: str, actions: Iterable[str]) -> list[Statement]:
    """The policy of a task's role: what every task has, and exactly its declared actions (and use of a given key)."""
    actions = tuple(actions)
    return [
        *(allow(group, where) for group, where in EVERY_TASK.items()),
        *(allow(group, where) for group, where in grants(task, actions).items()),
        *([_USE_KEY] if any(action.startswith(_ENCRYPTED) for action in actions) else []),
    ]


def machine_statements(tasks: Iterable[str], children: Iterable[str]) -> list[Statement]:
    """The policy of a state machine's role: invoke its tasks; start, watch and stop its child machines, all by name."""
    return [allow(group, where) for group, where in machine_grants(tasks, children).items()]


def machine_grants(tasks: Iterable[str], children: Iterable[str]) -> dict[Actions, Grant]:
    """A state machine's actions, and where they are allowed."""
    functions = tuple(HERE.function_arn(HERE.task_name(task)) for task in tasks)
    machines = tuple(map(HERE.machine_arn, children))
    executions = tuple(iam_resources.arn(HERE, "states", f"execution:{HERE.machine_name(name)}:*") for name in children)
    found = {
        ("lambda:InvokeFunction",): Grant(functions, "its tasks"),
        ("states:StartExecution",): Grant(machines, "its child machines"),
        ("states:DescribeExecution", "states:StopExecution"): Grant(executions, "what it started"),
        ("events:PutTargets", "events:PutRule", "events:DescribeRule"): Grant(
            (_CHILD_ENDED,) if machines else (), "the rule by which Step Functions learns that a child has ended"
        ),
        _DELIVER: _DELIVERY,
        (*_TRACE, *_SAMPLE): _SEGMENTS,
    }
    return {actions: where for actions, where in found.items() if where.resources}


def boundary() -> list[Statement]:
    """What a role of a twin may do at most, whatever policy it is given."""
    invoked = Grant((HERE.function_arn("*"),), "an event's action may invoke a function of any name")
    topics = Grant((HERE.topic_arn("${TwinPrefix}*"),), "topics of twins")
    return [
        allow(["logs:CreateLogStream", "logs:PutLogEvents"], _here(of_kinds("log-group"))),
        allow(_TRACE, _SEGMENTS),
        allow(["lambda:InvokeFunction"], invoked),
        allow(["sqs:SendMessage"], _here(QUEUES)),
        allow(work_off("")["Action"], _here(of_kinds("outbox"))),
        allow(["dynamodb:PutItem"], _here(of_kinds("hot-table"))),
        allow(["secretsmanager:GetSecretValue"], _here(of_kinds("secret"))),
        allow(["iot:Publish"], topics),
    ]


def allow(actions: Iterable[str], where: Grant) -> Statement:
    """One statement, for a template."""
    statement: Statement = {"Effect": "Allow", "Action": list(actions), "Resource": _substituted(list(where.resources))}
    if where.condition:
        statement["Condition"] = _substituted(where.condition)
    return statement


def _substituted(value: Any) -> Any:
    """The value, with what only CloudFormation knows left to it."""
    if isinstance(value, Mapping):
        return {key: _substituted(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_substituted(each) for each in value]
    if value == iam_resources.TWIN_BOUNDARY:
        return TWIN_BOUNDARY
    if "${" not in value:
        return value
    variables = {name: how for name, how in _VARIABLES.items() if f"${{{name}}}" in value}
    return {"Fn::Sub": [value, variables] if variables else value}
