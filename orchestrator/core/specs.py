"""Desired state: the spec of every kind of resource, and the identity by which it is removed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, TypeVar

from orchestrator.core.names import ALARMS, UNSCOPED

MANAGED_BY = "multicloud-gluecode"
STATEMENTS = "gluecode-"
"""How the ids of our statements in a function's policy start. Others are not ours to change."""


LEFT_OUT = {"left out": True}
"""Marks a field that JSON has only where it differs from its default."""


class InvalidSpec(Exception):
    """Something is not the JSON of a spec. The text names the field."""


@dataclass(frozen=True)
class Owner:
    """Whose resource it is: the twin, the layer it serves, and whether to adopt a namesake that is not ours.

    `recorded`: the last successful deployment left it there, so it is ours even if someone stripped it of its tags.
    `installation` is the scope of the installation that works on the twin (`Installation.scope`). `unmarked`: the twin
    is of a release that did not mark what it created with its installation, so what has no such mark is ours, too.
    """

    twin: str
    layer: str = "shared"
    adopt: bool = field(default=False, metadata=LEFT_OUT)
    recorded: bool = field(default=False, metadata=LEFT_OUT)
    installation: str = field(default=UNSCOPED, metadata=LEFT_OUT)
    unmarked: bool = field(default=False, metadata=LEFT_OUT)

    @property
    def tags(self) -> dict[str, str]:
        """The tags that mark everything this product creates."""
        marked = {} if self.installation == UNSCOPED else {"Installation": self.installation}
        return {"DigitalTwin": self.twin, "Layer": self.layer, "ManagedBy": MANAGED_BY, **marked}


@dataclass(frozen=True)
class Identity:
    """What is needed to remove a thing: its name and whose it is. It outlives the configuration. Every spec has it."""

    name: str
    owner: Owner


S = TypeVar("S", bound=Identity)


@dataclass(frozen=True)
class StoredObject:
    """A file in the artifact bucket. Its `sha256` is compared with what AWS reports, in AWS's own encoding."""

    bucket: str
    key: str
    sha256: str


@dataclass(frozen=True)
class RoleSpec(Identity):
    """Desired role: the service that may assume it, and its inline policy as a JSON document.

    `name` is that of the function (or of the rule's role); IAM's name of it is `names.role_name`. `keep_rights`: the
    role also keeps what it may do now, until functions that act under it have changed.
    """

    trusted_service: str
    policy: dict[str, Any]
    permissions_boundary: str | None = None
    keep_rights: bool = field(default=False, metadata=LEFT_OUT)


@dataclass(frozen=True)
class RoleId:
    """A role that exists, and its unique id (AROA…): one that is made again under its name has another."""

    arn: str
    id: str


@dataclass(frozen=True)
class GlobalIdentity(Identity):
    """What is needed to remove a role or a dashboard. `unscoped`: under its name of before release 0.3.0.

    Where twins of one name were deployed to several regions, they had that name in common: then it is removed by the
    region alone for which it was written last.
    """

    unscoped: bool = field(default=False, metadata=LEFT_OUT)


@dataclass(frozen=True)
class FunctionSpec(Identity):
    """Desired function. `code.sha256` is base64, as Lambda's CodeSha256; memory is in MB, the time-out in seconds.

    `configuration_layer` is a layer version's ARN; it comes after `layers`. The function's own role is one of `roles`,
    unless it is still to be made; without any, it is not known which one it has to be bound to.
    """

    role_arn: str
    handler: str
    code: StoredObject
    runtime: str
    architecture: str
    memory_mb: int
    timeout_seconds: int
    log_group: str
    description: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    layers: tuple[str, ...] = ()
    configuration_layer: str | None = None
    roles: tuple[RoleId, ...] = field(default=(), metadata=LEFT_OUT)


@dataclass(frozen=True)
class FunctionUrlSpec(Identity):
    """Desired URL: public, buffered. `name` is the function's name."""


@dataclass(frozen=True)
class Statement:
    """One statement. `principal` is a service (`iot.amazonaws.com`) or `*`; the rest narrows down when it applies."""

    id: str
    principal: str
    action: str
    source_arn: str | None = field(default=None, metadata=LEFT_OUT)
    function_url_auth_type: str | None = field(default=None, metadata=LEFT_OUT)
    invoked_via_function_url: bool | None = field(default=None, metadata=LEFT_OUT)

    def __post_init__(self) -> None:
        if not self.id.startswith(STATEMENTS):
            raise InvalidSpec(f"The statement id '{self.id}' must start with '{STATEMENTS}': the others are not ours.")


@dataclass(frozen=True)
class PermissionsSpec(Identity):
    """All statements of ours that the function's policy shall hold. `name` is the function's name."""

    statements: tuple[Statement, ...]


@dataclass(frozen=True)
class InvokeConfigSpec(Identity):
    """Desired settings. `name` is the function's name; the age is in seconds (60 to 21,600), retries are 0 to 2."""

    max_retries: int
    max_event_age_seconds: int
    on_failure_arn: str


@dataclass(frozen=True)
class EventSourceSpec(Identity):
    """Desired mapping. `name` is the function's name, and that of the queue."""

    queue_arn: str


@dataclass(frozen=True)
class IotRuleSpec(Identity):
    """Desired rule, enabled. IoT assumes `error_role_arn` to write to the queue."""

    sql: str
    function_arn: str
    error_queue_url: str
    error_role_arn: str


@dataclass(frozen=True)
class QueueIdentity(Identity):
    """What is needed to remove a queue. One that still holds events stays unless `retain_data` is false."""

    retain_data: bool = True


@dataclass(frozen=True)
class FailureQueueSpec(Identity):
    """Desired queue. `url` is its address, as AWS forms it; `encrypted`: at rest, with keys that SQS manages."""

    url: str
    retention_seconds: int
    encrypted: bool = True

    @property
    def settings(self) -> dict[str, Any]:
        """What is compared."""
        return {"retention_seconds": self.retention_seconds, "encrypted": self.encrypted}

    @property
    def attributes(self) -> dict[str, str]:
        """The same, as SQS takes it."""
        return {
            "MessageRetentionPeriod": str(self.retention_seconds),
            "SqsManagedSseEnabled": str(self.encrypted).lower(),
        }


@dataclass(frozen=True)
class OutboxSpec(Identity):
    """Desired queue. `url` is its address, as AWS forms it; `encrypted`: at rest, with keys that SQS manages.

    What is received stays hidden for `visibility_seconds`, and comes again unless it was deleted by then; after so many
    `attempts` SQS itself moves it to the failure queue.
    """

    url: str
    retention_seconds: int
    visibility_seconds: int
    failure_queue_arn: str
    attempts: int
    encrypted: bool = True

    @property
    def settings(self) -> dict[str, Any]:
        """What is compared."""
        names = ("retention_seconds", "visibility_seconds", "failure_queue_arn", "attempts", "encrypted")
        return {name: getattr(self, name) for name in names}

    @property
    def attributes(self) -> dict[str, str]:
        """The same, as SQS takes it."""
        redrive = {"deadLetterTargetArn": self.failure_queue_arn, "maxReceiveCount": self.attempts}
        return {
            "MessageRetentionPeriod": str(self.retention_seconds),
            "VisibilityTimeout": str(self.visibility_seconds),
            "RedrivePolicy": json.dumps(redrive),
            "SqsManagedSseEnabled": str(self.encrypted).lower(),
        }


@dataclass(frozen=True)
class HotTableSpec(Identity):
    """Desired table: `iotDeviceId` and `id` are its keys, both strings; it is billed on demand."""


@dataclass(frozen=True)
class HotTableIdentity(Identity):
    """What is needed to remove the table. Its data is kept unless `retain_data` is false."""

    retain_data: bool = True


@dataclass(frozen=True)
class LogGroupSpec(Identity):
    """Desired log group. `retention_days` is one of the numbers CloudWatch Logs knows (1, 3, 5, 7, 14, 30, …)."""

    retention_days: int


@dataclass(frozen=True)
class ConfigLayerSpec(Identity):
    """Desired newest version. `content` is the zip in the artifact bucket (`packed`); what decides which version
    is current is the digest of the document in it (hexadecimal SHA-256).
    """

    content: StoredObject
    runtimes: tuple[str, ...]


@dataclass(frozen=True)
class ConfigLayerIdentity(Identity):
    """What is needed to remove the layer: all its versions, or with `keep_latest` the superseded ones."""

    keep_latest: bool = False


@dataclass(frozen=True)
class TokenSource:
    """Where a token may stand in the project's files: `config_inter_cloud.json` in the bucket, under a connection."""

    bucket: str
    key: str
    connection: str


@dataclass(frozen=True)
class SecretSpec(Identity):
    """Desired secret, whose value is the bare token.

    A token in `source` wins. Without one the secret keeps the value it has; if it has none, one is made with
    `generate` (this side receives), and otherwise asked for (this side sends what the other side accepts).
    """

    generate: bool = False
    source: TokenSource | None = None


@dataclass(frozen=True)
class Alarm:
    """One alarm: it sounds when the metric's statistic over a period is above the threshold. No data is no alarm.

    `name` is one of ALARMS; `dimensions` single out the metric that is watched; `about` is a sentence for whoever is
    told.
    """

    name: str
    about: str
    namespace: str
    metric: str
    dimensions: dict[str, str]
    statistic: str
    period_seconds: int
    threshold: int


@dataclass(frozen=True)
class AlarmsSpec(Identity):
    """Desired alarms. Their names start with `name`; `topic_arn` is the SNS topic that is told, if there is one."""

    alarms: tuple[Alarm, ...]
    topic_arn: str | None = None


@dataclass(frozen=True)
class AlarmsIdentity(Identity):
    """What is needed to remove the alarms, or some of them."""

    alarms: tuple[str, ...] = ALARMS


@dataclass(frozen=True)
class DashboardContent:
    """What there is to show. `functions` are names by short name; those of the twin that send, and those with a URL.

    `metrics` is the namespace in which the functions report; `queue` the failure queue, if there is one; `alarms` ARNs.
    """

    region: str
    metrics: str
    functions: dict[str, str]
    sending: tuple[str, ...]
    receiving: tuple[str, ...]
    queue: str | None
    alarms: tuple[str, ...]


@dataclass(frozen=True)
class DashboardSpec(Identity):
    """Desired dashboard, by what it shows. CloudWatch's name of it is `names.dashboard_name`."""

    shows: DashboardContent
