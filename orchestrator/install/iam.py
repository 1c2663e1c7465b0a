"""The IAM policies in the template: of the tasks' and machines' roles, and the boundary of twins' roles.

`core.iam_resources` says on which resources an action is used. Here the patterns of its ARNs are written for `Fn::Sub`,
from the stack's own parameters.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from deploy_steps.registry import Task
from orchestrator.core import iam_resources
from orchestrator.core.iam_resources import ITEM_ACTIONS, JOURNAL, QUEUES, Grant, of_kinds, of_task
from orchestrator.core.iam_scope import Scope, TwinPattern
from orchestrator.core.names import Installation
from orchestrator.core.plan.policies import work_off
from orchestrator.install.machines import Machine

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


HERE = _ThisStack("${Prefix}", "${AWS::Partition}", "${AWS::Region}", "${AWS::AccountId}")
_SCOPE = Scope(HERE, TwinPattern("${TwinPrefix}*", "${UnderscoredTwinPrefix}*"))

_SEGMENTS = Grant(("*",), "any: X-Ray knows no resources")
_TRACE = ("xray:PutTraceSegments", "xray:PutTelemetryRecords")
_SAMPLE = ("xray:GetSamplingRules", "xray:GetSamplingTargets")
_DELIVERY = Grant(("*",), "any: the actions are on the account's log deliveries, not on one log group")
_DELIVER = (
    *(f"logs:{verb}LogDelivery" for verb in ("Create", "Get", "Update", "Delete")),
    *("logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies", "logs:DescribeLogGroups"),
)
# Step Functions waits for a child execution (.sync:2) by means of this rule of its own.
_CHILD_ENDED = HERE.arn("events", "rule/StepFunctionsGetEventsForStepFunctionsExecutionRule")

# The bucket and the state table may be encrypted with a key of the customer's own.
_ENCRYPTED = ("s3:", *ITEM_ACTIONS)
_USE_KEY = {
    "Fn::If": [
        "KeyGiven",
        {"Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": [{"Ref": "KmsKeyArn"}]},
        {"Ref": "AWS::NoValue"},
    ]
}

EVERY_TASK: dict[Actions, Grant] = {("logs:CreateLogStream", "logs:PutLogEvents"): JOURNAL(_SCOPE), _TRACE: _SEGMENTS}
"""What every task may do, whatever it is for."""


def grants(task: str, actions: Iterable[str]) -> list[tuple[Actions, Grant]]:
    """A task's actions, grouped by the grant they share, in the order of their first mention."""
    grouped: dict[str, tuple[Grant, list[str]]] = {}
    for action in actions:
        where = of_task(_SCOPE, task, action)
        grouped.setdefault(repr(where), (where, []))[1].append(action)
    found = [(tuple(group), where) for where, group in grouped.values()]
    return [*found, *iam_resources.more_of_task(_SCOPE, task)]


def task_statements(task: str, actions: Collection[str]) -> list[Statement]:
    """The policy of a task's role: what every task has, and exactly its declared actions (and use of a given key)."""
    use_key = [_USE_KEY] if any(action.startswith(_ENCRYPTED) for action in actions) else []
    return [*statements(EVERY_TASK.items()), *statements(grants(task, actions)), *use_key]


def statements(granted: Iterable[tuple[Actions, Grant]]) -> list[Statement]:
    """The statements of a policy, for a template."""
    return [_allow(actions, where) for actions, where in granted]


def machine_grants(machine: Machine, steps: Mapping[str, Task], graphs: Mapping[str, Machine]) -> dict[Actions, Grant]:
    """A state machine's actions, and where they are allowed: on those it calls of these tasks and machines, by id."""
    functions = tuple(HERE.function_arn(HERE.task_name(steps[name].name)) for name in machine.calls if name in steps)
    children = [graphs[name].name for name in machine.calls if name in graphs]
    machines = tuple(map(HERE.machine_arn, children))
    executions = tuple(HERE.execution_arn(name, "*") for name in children)
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
    bounded = {
        ("logs:CreateLogStream", "logs:PutLogEvents"): of_kinds("log-group")(_SCOPE),
        _TRACE: _SEGMENTS,
        # An event's action may invoke a function of any name.
        ("lambda:InvokeFunction",): Grant((HERE.function_arn("*"),), "functions"),
        ("sqs:SendMessage",): QUEUES(_SCOPE),
        tuple(work_off("")["Action"]): of_kinds("outbox")(_SCOPE),
        ("dynamodb:PutItem",): of_kinds("hot-table")(_SCOPE),
        ("secretsmanager:GetSecretValue",): of_kinds("secret")(_SCOPE),
        ("iot:Publish",): Grant((HERE.topic_arn("${TwinPrefix}*"),), "topics of twins"),
    }
    return statements(bounded.items())


def _allow(actions: Iterable[str], where: Grant) -> Statement:
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
