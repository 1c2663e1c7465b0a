"""On which resources each IAM action is used, under which condition, and what they are: for tasks and commands (pure).

Written once, for the roles in the template, the permissions checks and the docs. A new kind of resource needs no row:
its tasks are allowed the actions of its service on the resources that the catalogue has of that kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from orchestrator.core import catalogue
from orchestrator.core.event_types import DRIFT, FAILED, REDEPLOY, SOURCE, SUCCEEDED
from orchestrator.core.iam_scope import Arns, Scope
from orchestrator.core.names import Installation, TwinNames
from orchestrator.core.specs import MANAGED_BY

Condition = Mapping[str, Mapping[str, Any]]

TWIN_BOUNDARY, STACK, STACK_NAME = "${TwinBoundary}", "${AWS::StackId}", "${AWS::StackName}"
"""What only the template can fill in: the permissions boundary of twins' roles, and the orchestrator's stack."""


@dataclass(frozen=True)
class Grant:
    """Resources on which actions are used, what they are (or why there is no narrower choice), and the condition.

    `asked` is the index of the resource that a simulation is asked about.
    """

    resources: Arns
    what: str
    condition: Condition = field(default_factory=dict)
    asked: int = 0

    @property
    def example(self) -> str:
        """One resource, to stand for all."""
        return self.resources[self.asked]


Row = Callable[[Scope], Grant]
_Arns = Callable[[Scope], Iterable[str]]
_If = Callable[[Scope], Condition]


def service_of(action: str) -> str:
    """`lambda` of `lambda:AddPermission`."""
    return action.partition(":")[0]


def _row(what: str, resources: _Arns, condition: _If = lambda _: {}, asked: int = 0) -> Row:
    return lambda at: Grant(tuple(dict.fromkeys(resources(at))), what, condition(at), asked)


def of_kinds(*kinds: str, what: str = "") -> Row:
    """All resources of these kinds that twins have."""
    plurals = (_PLURALS.get(kind, f"{kind}s".replace("-", " ")) for kind in kinds)
    return _row(what or f"{' and '.join(plurals)} of twins", lambda at: (arn for kind in kinds for arn in at.of(kind)))


def _anywhere(why: str, condition: _If = lambda _: {}) -> Row:
    return _row(f"any: {why}", lambda _: ("*",), condition)


def _files(what: str, *folders: str, asked: int = 0) -> Row:
    return _row(what, lambda at: map(at.files, folders), asked=asked)


def _executions(what: str, *machines: str) -> Row:
    """Executions of these machines; '' is any."""
    return _row(
        what, lambda at: [at.here.execution_arn(each or at.any("deploy"), at.any(at.twin.twin)) for each in machines]
    )


def _events(what: str, *detail_types: str) -> Row:
    ours = {"StringEquals": {"events:source": SOURCE, "events:detail-type": list(detail_types)}}
    return _row(f"the account's event bus, {what}", lambda at: (at.here.event_bus_arn,), lambda _: ours)


def _roles(how: str, operator: str, key: str, value: str) -> Row:
    return _row(f"roles of twins, {how}", lambda at: at.of("iam-role"), lambda _: {operator: {f"iam:{key}": value}})


def _own(service: str, start: str, end: str = "-x") -> Row:
    return _row("the orchestrator", lambda at: (at.here.arn(service, f"{start}{at.here.prefix}{at.any(end)}"),))


def _passed_to(service: str) -> Row:
    return _roles(f"to {service} alone", "StringEquals", "PassedToService", f"{service.lower()}.amazonaws.com")


def _of_senders(at: Scope) -> Condition:
    """Lambda names an event source mapping by a number: whose function it runs, only a condition can say."""
    return {"ArnLike": {"lambda:FunctionArn": list(at.of("function", only=catalogue.SENDERS))}}


def _versions(at: Scope) -> Arns:
    return at.of("config-layer", f":{at.any('1')}")


def _journal(at: Scope) -> Arns:
    return (f"{at.here.log_group_arn(at.here.steps_log_group)}:{at.any('log-stream:')}",)


_PLURALS = {"alarms": "alarms", "config-layer": "configuration layers", "iam-role": "roles", "iot-rule": "topic rules"}
_PLURALS |= {"outbox": "outboxes", "secret": "tokens"}

JOURNAL = _row("the journal of steps", _journal)
QUEUES = of_kinds("failure-queue", "outbox", what="queues of twins")
ITEM_ACTIONS = tuple(f"dynamodb:{verb}Item" for verb in ("Get", "BatchGet", "BatchWrite", "Put", "Update", "Delete"))
ITEM_ACTIONS += ("dynamodb:Scan",)
"""What tasks do with the state table."""

_READ_ROLES = tuple(f"iam:{verb}" for verb in ("GetRole", "GetRolePolicy", "ListRolePolicies"))
_READ_ROLES += ("iam:ListAttachedRolePolicies",)
_BOUNDED = _roles("with the boundary and no other", "StringEquals", "PermissionsBoundary", TWIN_BOUNDARY)
# AWS checks a call about a role that is not there without its path, and roles had none before release 0.3.0.
_ROLES_TO_READ = _row("roles of twins, whatever their path", lambda at: (*at.of("iam-role"), *at.unscoped_roles))
_UNSCOPED_ROLES = _row(
    "roles of twins without a path",
    lambda at: at.unscoped_roles,
    lambda _: {"StringEquals": {"aws:ResourceTag/ManagedBy": MANAGED_BY}},
)
_BUCKET = _row("what lies in the artifact bucket", lambda at: (at.here.bucket_arn,))
_DASHBOARDS_OF_ANY_RELEASE = _row("dashboards of twins", lambda at: (*at.of("dashboard"), at.unscoped_dashboard))
_BUILDS = _files("zips with configuration documents", "builds")
_EVENT_SOURCES = _row(
    "what senders of twins are run by, whatever its number",
    lambda at: (at.here.event_source_arn(at.any("00000000-0000-0000-0000-000000000000")),),
    _of_senders,
)
_ITEMS = _row("locks, records and history of twins", lambda at: (at.here.table_arn(at.here.state_table),))
_MACHINES = _row("the orchestrator's machines", lambda at: (at.here.machine_arn(at.any("deploy")),))
_NO_RESOURCE = _anywhere("Lambda knows no resource for this action")
_PROJECTS = _files("projects' files", "projects")
_PROJECTS_AND_DRAFTS = _files("projects' files", "projects", "drafts")
_UNBOUNDED = _roles("to take off a foreign boundary", "StringNotEquals", "PermissionsBoundary", TWIN_BOUNDARY)
_UNNAMED = _anywhere("it has no name before it is made; for senders of twins only", _of_senders)

_BY_TASK = {
    "announce-drift events:PutEvents": _events("drift alone", DRIFT),
    "announce-result events:PutEvents": _events("results of deployments alone", SUCCEEDED, FAILED),
    "build-processor-package s3:GetObject": _files(
        "projects' files, code, earlier packages", "projects", "drafts", "code", "packages"
    ),
    "build-processor-package s3:PutObject": _files("packages of devices' own processors", "packages"),
    "compare-twin s3:GetObject": _files(
        "projects' files, packages of devices' own processors", "projects", "drafts", "packages", asked=2
    ),
    "create-config-layer s3:GetObject": _BUILDS,
    "create-function iam:PassRole": _passed_to("Lambda"),
    "create-function s3:GetObject": _files("code in the artifact bucket", "code", "packages"),
    "create-iot-rule iam:PassRole": _passed_to("IoT"),
    "create-secret s3:GetObject": _PROJECTS_AND_DRAFTS,
    "info-secret s3:GetObject": _PROJECTS_AND_DRAFTS,
    "load-project s3:GetObject": _PROJECTS_AND_DRAFTS,
    "load-project s3:PutObject": _BUILDS,
    "load-twin s3:GetObject": _PROJECTS,
    "request-redeployment events:PutEvents": _events("requests alone", REDEPLOY),
    "start-deployment s3:GetObject": _PROJECTS,
    "start-deployment sqs:*": _row("its own queue", lambda at: (at.here.queue_arn(at.here.requests_queue),)),
    "start-deployment sqs:SendMessage": _row(
        "the queue of events that started nothing", lambda at: (at.here.queue_arn(at.here.undelivered_queue),)
    ),
    "start-deployment states:DescribeExecution": _executions(
        "deployments, and whatever else holds a twin's lock", "deploy", "destroy"
    ),
    "start-deployment states:StartExecution": _row("the deploy machine", lambda at: (at.here.machine_arn("deploy"),)),
    "write-report logs:FilterLogEvents": _row(  # AWS checks it against the group by its name, or against its streams
        "the journal of steps", lambda at: (at.here.log_group_arn(at.here.steps_log_group), *_journal(at)), asked=1
    ),
    "write-report s3:PutObject": _files("reports of deployments", "reports"),
    "write-report states:*": _executions("deployments, to tell how one went", "deploy"),
}
_BY_COMMAND = {
    "dynamodb:Query": _ITEMS,
    "iot:Publish": _row("topics of twins", lambda at: (at.here.topic_arn(at.twin.topic),)),
    "logs:FilterLogEvents": _row("the journal, logs of twins", lambda at: (*_journal(at), *at.of("log-group"))),
    "s3:DeleteObject": _PROJECTS,
    "s3:GetObject": _PROJECTS,
    "s3:PutObject": _PROJECTS,
    "states:ListExecutions": _MACHINES,
    "states:StartExecution": _MACHINES,
}
_BY_ACTION = {
    "cloudformation:ListStackResources": _row("what the orchestrator consists of", lambda _: (STACK,)),
    "cloudwatch:DescribeAlarms": _anywhere("the action is on the list of alarms, not on one of them"),
    "cloudwatch:DeleteDashboards": _DASHBOARDS_OF_ANY_RELEASE,
    "cloudwatch:GetDashboard": _DASHBOARDS_OF_ANY_RELEASE,
    **dict.fromkeys(ITEM_ACTIONS, _ITEMS),
    "iam:CreateRole": _BOUNDED,
    "iam:DeleteRolePermissionsBoundary": _UNBOUNDED,
    **dict.fromkeys(_READ_ROLES, _ROLES_TO_READ),
    "iam:PutRolePermissionsBoundary": _BOUNDED,
    "iam:PutRolePolicy": _BOUNDED,
    "iam:SimulatePrincipalPolicy": _row("roles of the steps", lambda at: (at.here.role_arn(f"{STACK_NAME}-*"),)),
    "lambda:CreateEventSourceMapping": _UNNAMED,
    "lambda:DeleteEventSourceMapping": _EVENT_SOURCES,
    "lambda:DeleteLayerVersion": _row("configuration layers of twins", _versions),
    "lambda:GetLayerVersion": _row(
        "layers that functions of twins use",
        lambda at: (*_versions(at), f"{at.here.layer_arn(f'{at.here.prefix}-functions')}:{at.any('1')}"),
    ),
    "lambda:ListEventSourceMappings": _NO_RESOURCE,
    "lambda:ListLayerVersions": _NO_RESOURCE,
    "lambda:UpdateEventSourceMapping": _EVENT_SOURCES,
    "logs:DescribeLogGroups": _anywhere("the action is on the list of log groups, not on one of them"),
    "s3:ListBucket": _BUCKET,
    "s3:ListBucketVersions": _BUCKET,
}
_BY_SERVICE = {
    "lambda": of_kinds("function"),
    "sqs": QUEUES,
    "states": _executions("executions of the orchestrator's machines", ""),
}
_BY_INSTALLING = {  # the first pattern that matches
    r"s3:\w*Object\w*": _files("the orchestrator's code", "code"),
    r"s3:.*": _BUCKET,
    r"cloudformation:.*": _own("cloudformation", "stack/", "/x"),
    r"cloudwatch:.*": _own("cloudwatch", "alarm:"),
    r"dynamodb:.*": _own("dynamodb", "table/", "-state"),
    r"events:.*": _own("events", "rule/"),
    r"iam:\w*Role\w*": _own("iam", "role/"),
    r"iam:.*": _own("iam", "policy/"),
    r"lambda:\w*EventSourceMapping": _row("what runs the starter", lambda at: (at.here.event_source_arn("*"),)),
    r"lambda:PublishLayerVersion": _own("lambda", "layer:"),
    r"lambda:\w*LayerVersion": _own("lambda", "layer:", "-x:1"),
    r"lambda:.*": _own("lambda", "function:"),
    r"logs:.*": _row(
        "the journal of steps, logs of executions",
        lambda at: (
            f"{at.here.log_group_arn(group)}{at.any('')}"
            for group in (at.here.steps_log_group, at.here.executions_log_group)
        ),
    ),
    r"sqs:.*": _own("sqs", ""),
    r"states:.*": _own("states", "stateMachine:", "-deploy"),
}

_SAMPLE = Scope(Installation("sample", "aws", "eu-central-1", "123456789012"), TwinNames("twin"))

ON_NO_RESOURCE = frozenset(action for action, row in _BY_ACTION.items() if row(_SAMPLE).resources == ("*",))
"""Actions that IAM checks against `*` alone."""

UNDER_A_CONDITION = frozenset(
    name.rpartition(" ")[2] for name, row in (_BY_ACTION | _BY_TASK).items() if row(_SAMPLE).condition
)
"""Actions that the steps' roles have under a condition."""


def of_task(at: Scope, task: str, action: str) -> Grant:
    """Where a task uses an action. Raises LookupError for an unknown one."""
    kind, service = task.partition("-")[2], service_of(action)
    row = _BY_TASK.get(f"{task} {action}") or _BY_TASK.get(f"{task} {service}:*") or _BY_ACTION.get(action)
    if not row and _service(kind) == service:
        # What is part of a function has the function's ARN; removing a function asks for all parts that one can have.
        row = of_kinds("function" if service == "lambda" and catalogue.rows_of(kind)[0].part else kind)
    return (row or _of_service(task, action))(at)


def more_of_task(at: Scope, task: str) -> list[tuple[tuple[str, ...], Grant]]:
    """What a task may do beside `of_task`: remove a role that an earlier release made."""
    removing = ("iam:DeleteRolePolicy", "iam:DetachRolePolicy", "iam:DeleteRole")
    return [(removing, _UNSCOPED_ROLES(at))] if task == "destroy-iam-role" else []


def of_command(at: Scope, action: str) -> Grant:
    """Where a command that works with twins uses an action. Raises LookupError for an unknown one."""
    return (_BY_COMMAND.get(action) or _BY_ACTION.get(action) or _of_service("A command", action))(at)


def of_installing(at: Scope, action: str) -> Grant:
    """Where installing uses an action, what CloudFormation does included. Raises LookupError for an unknown one."""
    if action in ON_NO_RESOURCE:
        return _BY_ACTION[action](at)
    found = (row for pattern, row in _BY_INSTALLING.items() if re.fullmatch(pattern, action))
    return (next(found, None) or _of_service("Installing", action))(at)


def _of_service(who: str, action: str) -> Row:
    """All that twins have of the action's service."""
    service = service_of(action)
    kinds = dict.fromkeys(row.kind for row in catalogue.CATALOGUE if _service(row.kind) == service)
    if service not in _BY_SERVICE and not kinds:
        raise LookupError(f"{who} declares {action}: say in {__name__} on which resources.")
    return _BY_SERVICE.get(service) or of_kinds(*kinds)


def _service(kind: str) -> str:
    """The service of a kind of resource, by its ARN; empty for what is not a kind."""
    return next((arn.split(":")[2] for arn in _SAMPLE.of(kind)), "")
