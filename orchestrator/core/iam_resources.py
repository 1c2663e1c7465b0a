"""On which resources each IAM action is used, under which condition, and what those are: for tasks and commands (pure).

Resources are functions of a scope. That is either one twin of one installation, for a question to a policy, or patterns
of all twins, for a policy that is to be written. A new kind of resource needs no row: on its resources, which the
catalogue knows, its tasks are allowed the actions of its service.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from orchestrator.core import catalogue, event_types, names
from orchestrator.core.catalogue import Component
from orchestrator.core.names import NAME_LIMIT, Installation, TwinNames

Arns = tuple[str, ...]
Condition = Mapping[str, Mapping[str, Any]]

TWIN_PREFIX_LIMIT = 20
"""Characters that the start of twins' names may have, which an installation is limited to."""

TWIN_BOUNDARY = "${TwinBoundary}"
"""In a condition: the permissions boundary that roles of twins get. Only the template can put it in."""

_CONNECTION = "aws_l1_to_azure_l2"
_EVENT_SOURCE = "00000000-0000-0000-0000-000000000000"  # Lambda gives each event source mapping such a number
_DIGEST = "0" * 64

_ONE_OF = {"": (), "device": ("device",), "connection": (_CONNECTION,)}
_ALL_OF = {"": (), "device": ("*",), "connection": ("*_to_*",)}

# A name that had to be cut to AWS's limit ends in '-' and a hash. No name of the orchestrator itself is so long.
_LONGEST = TwinNames("x" * NAME_LIMIT)
_CUT_NAME = re.compile(r"x{20,}-[0-9a-f]{10}")
_CUT = "?" * (names.FUNCTION_LIMIT - len("-0123456789") - TWIN_PREFIX_LIMIT) + "*-" + "?" * 10

_FILES: dict[str, Callable[[str], str]] = {
    "projects": lambda twin: f"{names.project_files(twin)}config.json",
    "drafts": lambda twin: f"{names.draft_files(twin, _DIGEST)}config.json",
    "code": lambda _: "code/functions.zip",
    "packages": lambda twin: names.package_key(twin, "device", _DIGEST),
    "builds": lambda twin: names.configuration_key(twin, _DIGEST),
    "reports": lambda twin: names.report_key(twin, twin),
}
"""What the artifact bucket has at its top, and a key of one file there."""


@dataclass(frozen=True)
class TwinPattern(TwinNames):
    """Patterns of the names of all twins that start alike: `factory*`. `underscored` is that start in rules' names."""

    underscored: str = "*"

    @property
    def iot_rule(self) -> str:
        """Names of rules have '_' where the twin's name has anything else, and may end in a hash."""
        return f"{self.underscored}_trigger_dispatch*"


@dataclass(frozen=True)
class Scope:
    """One twin of an installation. Where there are many of a kind, that of `component` stands for all."""

    here: Installation
    twin: TwinNames
    component: str = "writer"

    def any(self, example: str, /) -> str:
        """A part of an ARN that can be anything: here, an example."""
        return example

    def of(self, kind: str, suffix: str = "", *, only: Collection[str] = ()) -> Arns:
        """The ARNs of all resources of a kind (or of these components only), that of the component first."""
        rows = sorted(_rows(kind, only), key=lambda row: self.component not in (row.name, *row.hangs_on))
        if kind == "secret":
            suffix = "-AbCdEf"  # Secrets Manager puts six such characters behind the name
        return tuple(f"{row.arn(self.here, self.twin, *_ONE_OF[row.each])}{suffix}" for row in rows)

    def files(self, folder: str, /) -> str:
        """The ARN of what a folder of the artifact bucket holds."""
        return f"{self.bucket}/{_FILES[folder](self.twin.twin)}"

    @property
    def bucket(self) -> str:
        """The ARN of the artifact bucket."""
        return f"arn:{self.here.partition}:s3:::{self.here.bucket}"

    @property
    def stack(self) -> str:
        """The ARN of the orchestrator's stack."""
        return arn(self.here, "cloudformation", f"stack/{self.stack_name}/1")

    @property
    def stack_name(self) -> str:
        """The name of the orchestrator's stack."""
        return self.here.prefix


@dataclass(frozen=True)
class Patterns(Scope):
    """All twins whose names match a TwinPattern, and whatever else has no fixed name."""

    def any(self, _example: str, /) -> str:
        """A part of an ARN that can be anything."""
        return "*"

    def of(self, kind: str, suffix: str = "", *, only: Collection[str] = ()) -> Arns:
        """Patterns of the ARNs of a kind, whole and cut, without those that another one covers."""
        rows = _rows(kind, only)
        whole = [f"{row.arn(self.here, self.twin, *_ALL_OF[row.each])}{suffix}" for row in rows]
        longest = [f"{row.arn(self.here, _LONGEST, *_ALL_OF[row.each])}{suffix}" for row in rows]
        start = self.twin.twin.removesuffix("*")
        cut = [_CUT_NAME.sub(f"{start}{_CUT}", each) for each in longest if _CUT_NAME.search(each)]
        found = dict.fromkeys((*whole, *cut))
        return tuple(each for each in found if not any(fnmatchcase(each, other) for other in found if other != each))

    def files(self, folder: str, /) -> str:
        """The pattern of everything in a folder of the artifact bucket."""
        return f"{self.bucket}/{folder}/*"


@dataclass(frozen=True)
class Grant:
    """The resources on which actions are used, what they are (or why there is no narrower choice), and the condition.

    `asked` is the index of the resource that a simulation is about.
    """

    resources: Callable[[Scope], Arns]
    what: str
    condition: Callable[[Scope], Condition] | None = None
    asked: int = 0

    def example(self, scope: Scope) -> str:
        """One resource, to stand for all."""
        return self.resources(scope)[self.asked]


def arn(here: Installation, service: str, resource: str) -> str:
    """The ARN of a resource that belongs to the orchestrator itself."""
    return f"arn:{here.partition}:{service}:{'' if service == 'iam' else here.region}:{here.account}:{resource}"


def service_of(action: str) -> str:
    """`lambda` of `lambda:AddPermission`."""
    return action.partition(":")[0]


def _anywhere(why: str, condition: Callable[[Scope], Condition] | None = None) -> Grant:
    return Grant(lambda _: ("*",), f"any: {why}", condition)


def _files(what: str, *folders: str, asked: int = 0) -> Grant:
    return Grant(lambda at: tuple(map(at.files, folders)), what, asked=asked)


def _executions(what: str, *machines: str) -> Grant:
    def resources(at: Scope) -> Arns:
        run = at.any(at.twin.twin)
        chosen = machines or (at.any("deploy"),)
        return tuple(arn(at.here, "states", f"execution:{at.here.machine_name(each)}:{run}") for each in chosen)

    return Grant(resources, what)


def _events(what: str, *detail_types: str) -> Grant:
    kinds = {"events:source": event_types.SOURCE, "events:detail-type": list(detail_types)}
    return Grant(
        lambda at: (at.here.event_bus_arn,), f"the account's event bus, {what}", lambda _: {"StringEquals": kinds}
    )


def _roles(how: str, operator: str, key: str, value: str) -> Grant:
    return Grant(lambda at: at.of("iam-role"), f"roles of twins, {how}", lambda _: {operator: {key: value}})


def _of_senders(at: Scope) -> Condition:
    """Lambda names an event source mapping by a number; of whose function it is, only a condition can tell."""
    return {"ArnLike": {"lambda:FunctionArn": list(at.of("function", only=catalogue.SENDERS))}}


_WORDS = {
    "config-layer": "configuration layers",
    "iam-role": "roles",
    "iot-rule": "topic rules",
    "outbox": "outboxes",
    "secret": "tokens",
}


@cache
def of_kinds(*kinds: str) -> Grant:
    """All resources of these kinds that twins have."""
    words = " and ".join(_WORDS.get(kind, f"{kind.replace('-', ' ').removesuffix('s')}s") for kind in kinds)
    return Grant(lambda at: tuple(dict.fromkeys(each for kind in kinds for each in at.of(kind))), f"{words} of twins")


def _rows(kind: str, only: Collection[str] = ()) -> tuple[Component, ...]:
    return tuple(row for row in catalogue.rows_of(kind) if row.name in only or not only)


def _service(kind: str) -> str:
    """The service that a kind of resource is of, by its ARN; empty for what is no kind."""
    sample = Scope(Installation("sample", "aws", "eu-central-1", "123456789012"), TwinNames("twin"))
    return next((each.split(":")[2] for each in sample.of(kind)), "")


QUEUES = replace(of_kinds("failure-queue", "outbox"), what="queues of twins")
JOURNAL = Grant(lambda at: (_streams(at, at.here.steps_log_group),), "the journal of steps")


def _streams(at: Scope, log_group: str) -> str:
    return f"{at.here.log_group_arn(log_group)}:{at.any('log-stream:')}"


_ITEMS = Grant(lambda at: (at.here.table_arn(at.here.state_table),), "locks, records and history of twins")
_LIST = Grant(lambda at: (at.bucket,), "what lies in the artifact bucket")
_PROJECTS = _files("projects' files", "projects", "drafts")
_LAYER_VERSIONS = Grant(lambda at: at.of("config-layer", f":{at.any('1')}"), "configuration layers of twins")
_BOUNDED = _roles("with the boundary and no other", "StringEquals", "iam:PermissionsBoundary", TWIN_BOUNDARY)
_EVENT_SOURCES = Grant(
    lambda at: (at.here.event_source_arn(at.any(_EVENT_SOURCE)),),
    "what senders of twins are run by, whatever its number",
    _of_senders,
)
_REQUESTS = Grant(lambda at: (at.here.queue_arn(at.here.requests_queue),), "its own queue")
_DEPLOYMENTS = _executions("deployments, to tell how one went", "deploy")

_BY_SERVICE = {
    "lambda": of_kinds("function"),
    "sqs": QUEUES,
    "states": _executions("executions of the orchestrator's machines"),
}

_BY_ACTION = {
    "cloudformation:ListStackResources": Grant(lambda at: (at.stack,), "what the orchestrator consists of"),
    "cloudwatch:DescribeAlarms": _anywhere("the action is on the list of alarms, not on one of them"),
    "cloudwatch:GetDashboard": of_kinds("dashboard"),
    **{
        f"dynamodb:{verb}": _ITEMS
        for verb in ("GetItem", "BatchGetItem", "BatchWriteItem", "PutItem", "UpdateItem", "DeleteItem", "Scan")
    },
    "iam:CreateRole": _BOUNDED,
    "iam:DeleteRolePermissionsBoundary": _roles(
        "to take off a foreign boundary", "StringNotEquals", "iam:PermissionsBoundary", TWIN_BOUNDARY
    ),
    "iam:PutRolePermissionsBoundary": _BOUNDED,
    "iam:PutRolePolicy": _BOUNDED,
    "iam:SimulatePrincipalPolicy": Grant(
        lambda at: (at.here.role_arn(f"{at.stack_name}-{at.any('x')}"),), "roles of the steps"
    ),
    "lambda:CreateEventSourceMapping": _anywhere(
        "it has no name before it is made; for senders of twins only", _of_senders
    ),
    "lambda:DeleteEventSourceMapping": _EVENT_SOURCES,
    "lambda:DeleteLayerVersion": _LAYER_VERSIONS,
    "lambda:GetLayerVersion": Grant(
        lambda at: (
            *_LAYER_VERSIONS.resources(at),
            f"{at.here.layer_arn(f'{at.here.prefix}-functions')}:{at.any('1')}",
        ),
        "layers that functions of twins use",
    ),
    "lambda:ListEventSourceMappings": _anywhere("Lambda knows no resource for this action"),
    "lambda:ListLayerVersions": _anywhere("Lambda knows no resource for this action"),
    "lambda:PublishLayerVersion": of_kinds("config-layer"),
    "lambda:UpdateEventSourceMapping": _EVENT_SOURCES,
    "logs:DescribeLogGroups": _anywhere("the action is on the list of log groups, not on one of them"),
    "s3:ListBucket": _LIST,
    "s3:ListBucketVersions": _LIST,
}

_BY_TASK = {
    ("announce-drift", "events:PutEvents"): _events("drift alone", event_types.DRIFT),
    ("announce-result", "events:PutEvents"): _events(
        "results of deployments alone", event_types.SUCCEEDED, event_types.FAILED
    ),
    ("build-processor-package", "s3:GetObject"): _files(
        "projects' files, code, earlier packages", "projects", "drafts", "code", "packages"
    ),
    ("build-processor-package", "s3:PutObject"): _files("packages of devices' own processors", "packages"),
    ("compare-twin", "s3:GetObject"): _files(
        "projects' files, packages of devices' own processors", "projects", "drafts", "packages", asked=2
    ),
    ("create-config-layer", "s3:GetObject"): _files("zips with configuration documents", "builds"),
    ("create-function", "iam:PassRole"): _roles(
        "to Lambda alone", "StringEquals", "iam:PassedToService", "lambda.amazonaws.com"
    ),
    ("create-function", "s3:GetObject"): _files("code in the artifact bucket", "code", "packages"),
    ("create-iot-rule", "iam:PassRole"): _roles(
        "to IoT alone", "StringEquals", "iam:PassedToService", "iot.amazonaws.com"
    ),
    ("create-secret", "s3:GetObject"): _PROJECTS,
    ("info-secret", "s3:GetObject"): _PROJECTS,
    ("load-project", "s3:GetObject"): _PROJECTS,
    ("load-project", "s3:PutObject"): _files("zips with configuration documents", "builds"),
    ("load-twin", "s3:GetObject"): _files("projects' files", "projects"),
    ("request-redeployment", "events:PutEvents"): _events("requests alone", event_types.REDEPLOY),
    ("start-deployment", "s3:GetObject"): _files("projects' files", "projects"),
    **{
        ("start-deployment", f"sqs:{verb}"): _REQUESTS
        for verb in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes", "SendMessage")
    },
    ("start-deployment", "states:DescribeExecution"): _executions(
        "deployments, and whatever else holds a twin's lock", "deploy", "destroy"
    ),
    ("start-deployment", "states:StartExecution"): Grant(
        lambda at: (at.here.machine_arn("deploy"),), "the deploy machine"
    ),
    ("write-report", "logs:FilterLogEvents"): Grant(  # checked against the group by its name, or against its streams
        lambda at: (at.here.log_group_arn(at.here.steps_log_group), *JOURNAL.resources(at)), JOURNAL.what, asked=1
    ),
    ("write-report", "s3:PutObject"): _files("reports of deployments", "reports"),
    ("write-report", "states:DescribeExecution"): _DEPLOYMENTS,
    ("write-report", "states:GetExecutionHistory"): _DEPLOYMENTS,
}

_MACHINES = Grant(lambda at: (at.here.machine_arn(at.any("deploy")),), "the orchestrator's machines")
_FILES_OF_PROJECTS = _files("projects' files", "projects")

_BY_COMMANDS = {
    "dynamodb:Query": _ITEMS,
    "iot:Publish": Grant(lambda at: (at.here.topic_arn(at.twin.topic),), "topics of twins"),
    "logs:FilterLogEvents": Grant(lambda at: (*JOURNAL.resources(at), *at.of("log-group")), "the journal, twins' logs"),
    "s3:DeleteObject": _FILES_OF_PROJECTS,
    "s3:GetObject": _FILES_OF_PROJECTS,
    "s3:PutObject": _FILES_OF_PROJECTS,
    "states:ListExecutions": _MACHINES,
    "states:StartExecution": _MACHINES,
}


def _own(service: str, start: str = "", example: str = "-x") -> Grant:
    """What the orchestrator itself consists of: its names start with the installation's prefix."""
    return Grant(
        lambda at: (arn(at.here, service, f"{start}{at.here.prefix}{at.any(example)}"),), "the orchestrator itself"
    )


_BY_INSTALLING = {  # by the first pattern that matches
    r"s3:\w*Bucket\w*|s3:Put(Encryption|Lifecycle)Configuration": _LIST,
    r"s3:.*": _files("the orchestrator's code", "code"),
    r"logs:.*": Grant(
        lambda at: tuple(
            f"{at.here.log_group_arn(group)}{at.any('')}"
            for group in (at.here.steps_log_group, at.here.executions_log_group)
        ),
        "the orchestrator's logs",
    ),
    r"lambda:\w*EventSourceMapping": Grant(lambda at: (at.here.event_source_arn("*"),), "what runs the starter"),
    r"lambda:PublishLayerVersion": _own("lambda", "layer:"),
    r"lambda:\w*LayerVersion": _own("lambda", "layer:", "-x:1"),
    r"lambda:.*": _own("lambda", "function:"),
    r"iam:\w*Role\w*": _own("iam", "role/"),
    r"iam:.*": _own("iam", "policy/"),
    r"cloudwatch:.*": _own("cloudwatch", "alarm:"),
    r"cloudformation:.*": _own("cloudformation", "stack/", "/x"),
    r"dynamodb:.*": _own("dynamodb", "table/", "-state"),
    r"events:.*": _own("events", "rule/"),
    r"sqs:.*": _own("sqs"),
    r"states:.*": _own("states", "stateMachine:", "-deploy"),
}

ON_NO_RESOURCE = frozenset(action for action, grant in _BY_ACTION.items() if grant.what.startswith("any: "))
"""Actions that IAM checks against `*` alone."""

UNDER_A_CONDITION = frozenset(
    {action for action, grant in _BY_ACTION.items() if grant.condition}
    | {action for (_, action), grant in _BY_TASK.items() if grant.condition}
)
"""Actions that the steps' roles have under a condition: for one service, with the installation's boundary, for a twin's
functions, as our own events only.
"""


def of_task(task: str, action: str) -> Grant:
    """Where a task uses an action. Raises LookupError for an unknown one."""
    kind = task.partition("-")[2]
    found = _BY_TASK.get((task, action)) or _BY_ACTION.get(action)
    if not found and _service(kind) == service_of(action):
        # What is a part of a function has the function's ARN, and removing a function asks for all that it can have.
        found = of_kinds("function" if _service(kind) == "lambda" and _rows(kind)[0].part else kind)
    return found or _of_service(task, action)


def of_commands(action: str) -> Grant:
    """Where the commands that work with twins use an action. Raises LookupError for an unknown one."""
    return _BY_COMMANDS.get(action) or _BY_ACTION.get(action) or _of_service("a command", action)


def of_installing(action: str) -> Grant:
    """Where installing and uninstalling use an action, CloudFormation's part included. Raises LookupError."""
    if action in ON_NO_RESOURCE:
        return _BY_ACTION[action]
    found = (grant for pattern, grant in _BY_INSTALLING.items() if re.fullmatch(pattern, action))
    return next(found, None) or _of_service("install", action)


def _of_service(who: str, action: str) -> Grant:
    """All that twins have of the action's service."""
    service = service_of(action)
    if service in _BY_SERVICE:
        return _BY_SERVICE[service]
    kinds = dict.fromkeys(row.kind for row in catalogue.CATALOGUE if _service(row.kind) == service)
    if not kinds:
        raise LookupError(f"{who} declares {action}: say in {__name__} on which resources.")
    return of_kinds(*kinds)
