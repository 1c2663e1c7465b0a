"""Where each IAM action of a step task is allowed: the tasks declare the actions, this page the resources.

Resources are written for `Fn::Sub`. Names come from `orchestrator.core.names`, asked for a twin whose name is the
stack's parameter TwinPrefix and a wildcard.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from deploy_steps.registry import KINDS
from deploy_steps.shared import announcements
from orchestrator.core.catalogue import FUNCTIONS, SENDERS
from orchestrator.core.names import ALARMS, FUNCTION_LIMIT, TwinNames
from orchestrator.core.plan.policies import work_off

Statement = dict[str, Any]

TWIN_PREFIX_LIMIT = 20

_TWIN = TwinNames("${TwinPrefix}*")
# A name that had to be cut to AWS's limit ends in '-' and a hash. No name of the orchestrator itself is so long.
_HASH = _TWIN.device_processor_patterns[1].rpartition("-")[2]
_CUT = "${TwinPrefix}" + "?" * (FUNCTION_LIMIT - len(f"-{_HASH}") - TWIN_PREFIX_LIMIT) + f"*-{_HASH}"


@dataclass(frozen=True)
class Grant:
    """Resources on which an action is allowed, under which condition, and what they are."""

    resources: tuple[str, ...]
    what: str
    condition: Mapping[str, Any] = field(default_factory=dict)


def _arn(service: str, resource: str) -> str:
    return f"arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{resource}"


def _objects(*prefixes: str) -> tuple[str, ...]:
    return tuple(f"arn:${{AWS::Partition}}:s3:::${{ArtifactBucket}}/{prefix}*" for prefix in prefixes)


_FUNCTION_NAMES = (*(_TWIN.function(component) for component in FUNCTIONS), _CUT)
_ROLE_NAMES = (*_FUNCTION_NAMES, _TWIN.iot_role)
_FUNCTIONS = tuple(_arn("lambda", f"function:{name}") for name in _FUNCTION_NAMES)
_ROLES = tuple(f"arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:role/{name}" for name in _ROLE_NAMES)
_LAYER_NAMES = (_TWIN.configuration_layer, _CUT)
_LAYER_VERSIONS = tuple(_arn("lambda", f"layer:{name}:*") for name in _LAYER_NAMES)

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
_STEPS_LOG_GROUP = _arn("logs", "log-group:/${Prefix}/steps:*")
# Step Functions waits for a child execution (.sync:2) by means of this rule of its own.
_CHILD_ENDED = _arn("events", "rule/StepFunctionsGetEventsForStepFunctionsExecutionRule")

# Names of rules have '_' where the twin's name has anything else, and may end in a hash.
_RULES = (_arn("iot", "rule/${UnderscoredTwinPrefix}*_trigger_dispatch*"),)

# What a twin's role may do at most: the stack's own boundary, or the one that an organisation prescribes.
TWIN_BOUNDARY = {"Fn::If": ["BoundaryGiven", {"Ref": "PermissionsBoundary"}, {"Ref": "TwinBoundary"}]}
_VARIABLES = {"UnderscoredTwinPrefix": {"Fn::Join": ["_", {"Fn::Split": ["-", {"Ref": "TwinPrefix"}]}]}}
_BOUNDED = Grant(
    _ROLES,
    "roles of twins, with the boundary and no other",
    {"StringEquals": {"iam:PermissionsBoundary": TWIN_BOUNDARY}},
)

_ITEMS = Grant((_arn("dynamodb", "table/${Prefix}-state"),), "locks, records and history of twins")
_LIST = Grant(("arn:${AWS::Partition}:s3:::${ArtifactBucket}",), "what lies in the artifact bucket")


def _events(what: str, *detail_types: str) -> Grant:
    kinds = {"events:source": announcements.SOURCE, "events:detail-type": list(detail_types)}
    return Grant((_arn("events", "event-bus/default"),), f"the account's event bus, {what}", {"StringEquals": kinds})


_PROJECTS = Grant(_objects("projects/", "drafts/"), "projects' files")

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

_FAILURE_QUEUES = tuple(_arn("sqs", name) for name in (_TWIN.failure_queue, _CUT))
_OUTBOXES = tuple(_arn("sqs", name) for name in (*map(_TWIN.outbox, SENDERS), _CUT))
_EVERY_QUEUE = Grant(tuple(dict.fromkeys((*_FAILURE_QUEUES, *_OUTBOXES))), "queues of twins")
# Lambda names an event source mapping by a number; of whose function it is, only a condition can tell.
_OF_SENDERS = {
    "ArnLike": {
        "lambda:FunctionArn": [
            {"Fn::Sub": _arn("lambda", f"function:{name}")} for name in (*map(_TWIN.function, SENDERS), _CUT)
        ]
    }
}
_EVENT_SOURCES = Grant(
    (_arn("lambda", "event-source-mapping:*"),), "what senders of twins are run by, whatever its number", _OF_SENDERS
)

_DASHBOARDS = Grant(
    (f"arn:${{AWS::Partition}}:cloudwatch::${{AWS::AccountId}}:dashboard/{_TWIN.dashboard}",), "dashboards of twins"
)

_BY_SERVICE = {
    "cloudwatch": Grant(
        tuple(_arn("cloudwatch", f"alarm:{_TWIN.alarm(alarm)}") for alarm in ALARMS), "alarms of twins"
    ),
    "dynamodb": Grant((_arn("dynamodb", f"table/{_TWIN.hot_table}"),), "hot tables of twins"),
    "iam": Grant(_ROLES, "roles of twins"),
    "iot": Grant(_RULES, "topic rules of twins"),
    "lambda": Grant(_FUNCTIONS, "functions of twins"),
    "logs": Grant((_arn("logs", f"log-group:{_TWIN.log_group}"),), "log groups of twins"),
    "secretsmanager": Grant((_arn("secretsmanager", f"secret:{_TWIN.secret('*_to_*')}"),), "tokens of twins"),
    "states": Grant((_arn("states", "execution:${Prefix}-*:*"),), "executions of the orchestrator's machines"),
    "sqs": Grant(_FAILURE_QUEUES, "failure queues of twins"),
}

_BY_ACTION = {
    "cloudwatch:DescribeAlarms": Grant(("*",), "any: the action is on the list of alarms, not on one of them"),
    "cloudwatch:GetDashboard": _DASHBOARDS,
    "cloudwatch:PutDashboard": _DASHBOARDS,
    "cloudwatch:DeleteDashboards": _DASHBOARDS,
    "cloudformation:ListStackResources": Grant(("${AWS::StackId}",), "what the orchestrator consists of"),
    "iam:SimulatePrincipalPolicy": Grant(
        ("arn:${AWS::Partition}:iam::${AWS::AccountId}:role/${AWS::StackName}-*",), "roles of the steps"
    ),
    "dynamodb:GetItem": _ITEMS,
    "dynamodb:BatchGetItem": _ITEMS,
    "dynamodb:BatchWriteItem": _ITEMS,
    "dynamodb:PutItem": _ITEMS,
    "dynamodb:UpdateItem": _ITEMS,
    "dynamodb:DeleteItem": _ITEMS,
    "dynamodb:Scan": _ITEMS,
    "s3:ListBucket": _LIST,
    "s3:ListBucketVersions": _LIST,
    "iam:CreateRole": _BOUNDED,
    "iam:PutRolePolicy": _BOUNDED,
    "iam:PutRolePermissionsBoundary": _BOUNDED,
    "iam:DeleteRolePermissionsBoundary": Grant(
        _ROLES,
        "roles of twins, to take off a foreign boundary",
        {"StringNotEquals": {"iam:PermissionsBoundary": TWIN_BOUNDARY}},
    ),
    "lambda:GetLayerVersion": Grant(
        (*_LAYER_VERSIONS, _arn("lambda", "layer:${Prefix}-functions:*")), "layers that functions of twins use"
    ),
    "lambda:PublishLayerVersion": Grant(
        tuple(_arn("lambda", f"layer:{name}") for name in _LAYER_NAMES), "configuration layers of twins"
    ),
    "lambda:DeleteLayerVersion": Grant(_LAYER_VERSIONS, "configuration layers of twins"),
    "lambda:ListEventSourceMappings": Grant(("*",), "any: Lambda knows no resource for this action"),
    "lambda:CreateEventSourceMapping": Grant(
        ("*",), "any: it has no name before it is made; for senders of twins only", _OF_SENDERS
    ),
    "lambda:UpdateEventSourceMapping": _EVENT_SOURCES,
    "lambda:DeleteEventSourceMapping": _EVENT_SOURCES,
    "lambda:ListLayerVersions": Grant(("*",), "any: Lambda knows no resource for this action"),
    "logs:DescribeLogGroups": Grant(("*",), "any: the action is on the list of log groups, not on one of them"),
}

_BY_TASK = {
    ("start-deployment", "s3:GetObject"): Grant(_objects("projects/"), "projects' files"),
    ("start-deployment", "states:StartExecution"): Grant(
        (_arn("states", "stateMachine:${Prefix}-deploy"),), "the deploy machine"
    ),
    ("start-deployment", "states:DescribeExecution"): Grant(
        tuple(_arn("states", f"execution:${{Prefix}}-{machine}:*") for machine in ("deploy", "destroy")),
        "deployments, and whatever else holds a twin's lock",
    ),
    **{
        ("start-deployment", f"sqs:{action}"): Grant((_arn("sqs", "${Prefix}-requests"),), "its own queue")
        for action in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes", "SendMessage")
    },
    **{
        (f"{verb}-outbox", action): Grant(_OUTBOXES, "outboxes of twins")
        for verb in ("create", "destroy", "info")
        for action in KINDS["outbox"].actions.of(verb)
    },
    **{("compare-twin", action): _EVERY_QUEUE for action in KINDS["outbox"].actions.info},
    ("announce-result", "events:PutEvents"): _events(
        "results of deployments alone", announcements.SUCCEEDED, announcements.FAILED
    ),
    ("announce-drift", "events:PutEvents"): _events("drift alone", announcements.DRIFT),
    ("request-redeployment", "events:PutEvents"): _events("requests alone", announcements.REDEPLOY),
    ("write-report", "s3:PutObject"): Grant(_objects("reports/"), "reports of deployments"),
    **{
        ("write-report", f"states:{action}"): Grant(
            (_arn("states", "execution:${Prefix}-deploy:*"),), "deployments, to tell how one went"
        )
        for action in ("DescribeExecution", "GetExecutionHistory")
    },
    ("write-report", "logs:FilterLogEvents"): Grant(  # checked against the group by its name, or against its streams
        (_arn("logs", "log-group:/${Prefix}/steps"), _STEPS_LOG_GROUP), "the journal of steps"
    ),
    ("create-function", "iam:PassRole"): Grant(
        _ROLES,
        "roles of twins, to Lambda alone",
        {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}},
    ),
    ("create-iot-rule", "iam:PassRole"): Grant(
        _ROLES, "roles of twins, to IoT alone", {"StringEquals": {"iam:PassedToService": "iot.amazonaws.com"}}
    ),
    ("create-function", "s3:GetObject"): Grant(_objects("code/", "packages/"), "code in the artifact bucket"),
    ("create-config-layer", "s3:GetObject"): Grant(_objects("builds/"), "zips with configuration documents"),
    ("compare-twin", "s3:GetObject"): Grant(
        _objects("projects/", "drafts/", "packages/"), "projects' files, packages of devices' own processors"
    ),
    ("create-secret", "s3:GetObject"): _PROJECTS,
    ("info-secret", "s3:GetObject"): _PROJECTS,
    ("build-processor-package", "s3:GetObject"): Grant(
        _objects("projects/", "drafts/", "code/", "packages/"), "projects' files, code, earlier packages"
    ),
    ("build-processor-package", "s3:PutObject"): Grant(_objects("packages/"), "packages of devices' own processors"),
    ("load-project", "s3:GetObject"): _PROJECTS,
    ("load-project", "s3:PutObject"): Grant(_objects("builds/"), "zips with configuration documents"),
    ("load-twin", "s3:GetObject"): Grant(_objects("projects/"), "projects' files"),
}


EVERY_TASK = {
    ("logs:CreateLogStream", "logs:PutLogEvents"): Grant((_STEPS_LOG_GROUP,), "the journal of steps"),
    _TRACE: _SEGMENTS,
}
"""What every task may do, whatever it is for."""


def grant(task: str, action: str) -> Grant:
    """Where a task's action is allowed. Raises LookupError for an action that this page does not know."""
    found = _BY_TASK.get((task, action)) or _BY_ACTION.get(action) or _BY_SERVICE.get(action.split(":")[0])
    if found is None:
        raise LookupError(f"{task} declares {action}: say in {__name__} on which resources.")
    return found


def grants(task: str, actions: Iterable[str]) -> dict[tuple[str, ...], Grant]:
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


def machine_grants(tasks: Iterable[str], children: Iterable[str]) -> dict[tuple[str, ...], Grant]:
    """A state machine's actions, and where they are allowed."""
    functions = tuple(_arn("lambda", f"function:${{Prefix}}-{task}") for task in tasks)
    found: dict[tuple[str, ...], Grant] = (
        {("lambda:InvokeFunction",): Grant(functions, "its tasks")} if functions else {}
    )
    names = tuple(children)
    if names:
        machines = tuple(_arn("states", f"stateMachine:${{Prefix}}-{name}") for name in names)
        executions = tuple(_arn("states", f"execution:${{Prefix}}-{name}:*") for name in names)
        found |= {
            ("states:StartExecution",): Grant(machines, "its child machines"),
            ("states:DescribeExecution", "states:StopExecution"): Grant(executions, "what it started"),
            ("events:PutTargets", "events:PutRule", "events:DescribeRule"): Grant(
                (_CHILD_ENDED,), "the rule by which Step Functions learns that a child has ended"
            ),
        }
    return {**found, _DELIVER: _DELIVERY, (*_TRACE, *_SAMPLE): _SEGMENTS}


def boundary() -> list[Statement]:
    """What a role of a twin may do at most, whatever policy it is given."""
    invoked = Grant((_arn("lambda", "function:*"),), "an event's action may invoke a function of any name")
    return [
        allow(["logs:CreateLogStream", "logs:PutLogEvents"], _BY_SERVICE["logs"]),
        allow(_TRACE, _SEGMENTS),
        allow(["lambda:InvokeFunction"], invoked),
        allow(["sqs:SendMessage"], _EVERY_QUEUE),
        allow(work_off("")["Action"], Grant(_OUTBOXES, "outboxes of twins")),
        allow(["dynamodb:PutItem"], _BY_SERVICE["dynamodb"]),
        allow(["secretsmanager:GetSecretValue"], _BY_SERVICE["secretsmanager"]),
        allow(["iot:Publish"], Grant((_arn("iot", "topic/${TwinPrefix}*"),), "topics of twins")),
    ]


def allow(actions: Iterable[str], where: Grant) -> Statement:
    """One statement, for a template."""
    statement: Statement = {
        "Effect": "Allow",
        "Action": list(actions),
        "Resource": [_substituted(resource) for resource in where.resources],
    }
    if where.condition:
        statement["Condition"] = where.condition
    return statement


def _substituted(text: str) -> Any:
    if "${" not in text:
        return text
    variables = {name: value for name, value in _VARIABLES.items() if f"${{{name}}}" in text}
    return {"Fn::Sub": [text, variables] if variables else text}
