"""Every resource's name and address, worked out from the installation and the twin alone: nothing is looked up."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

FUNCTION_LIMIT = 64  # Lambda functions and IAM roles
LAYER_LIMIT = 64
QUEUE_LIMIT = 80
RULE_LIMIT = 128
TABLE_LIMIT = 255
SECRET_LIMIT = 512
LOG_GROUP_LIMIT = 512
NAME_LIMIT = 100  # of a twin and a device: with it a mark of ownership fits the 256 characters of a layer's description

ALARMS = ("failed-events", "refused-requests", "url-requests")
"""What the names of a twin's alarms end in."""

UNSCOPED = "unscoped"
"""Stands for a scope where the names of roles and dashboards have none, as before release 0.3.0."""

NAME_RULE = f"1 to {NAME_LIMIT} letters (a-z, A-Z), digits, '-' or '_', the first one a letter or a digit"

_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9_-]{{0,{NAME_LIMIT - 1}}}", re.ASCII)
_PREFIX = re.compile(r"[a-z][a-z0-9-]{0,18}[a-z0-9]")
_HASH_LENGTH = 10


def is_name(text: str) -> bool:
    """Whether AWS takes `text` in the name of a function, a role and a secret: see NAME_RULE."""
    return _NAME.fullmatch(text) is not None


def connection(sender: str, sending_layer: int, receiver: str) -> str:
    """The id of the connection that carries data from one layer to the next: `aws_l1_to_azure_l2`."""
    return f"{sender}_l{sending_layer}_to_{receiver}_l{sending_layer + 1}"


def role_name(name: str, scope: str) -> str:
    """The name of the role of what is called `name`. The regions and installations of an account share one name space
    of roles, so it ends in the scope (`Installation.scope`): `factory-writer-eu-central-1-gluecode`.
    """
    return _fit(_scoped(name, scope), FUNCTION_LIMIT)


def role_arn_beside(arn: str, name: str, scope: str) -> str:
    """The ARN of another role of a twin in the account of the role with this ARN."""
    return f"{arn.partition(':role/')[0]}:role{role_path(scope)}{role_name(name, scope)}"


def role_path(scope: str) -> str:
    """The IAM path of an installation's roles of twins. No other role has it by chance, as it could have a name."""
    return "/" if scope == UNSCOPED else f"/gluecode/{scope}/"


def dashboard_name(name: str, scope: str) -> str:
    """The name of the dashboard called `name`; the regions of an account share one name space of dashboards, too."""
    return _scoped(name, scope)


def region_of(scope: str) -> str:
    """The region in a scope."""
    return scope.rpartition("/")[2]


def _scoped(name: str, scope: str) -> str:
    if scope == UNSCOPED:
        return name
    prefix, _, region = scope.partition("/")
    return f"{name}-{region}-{prefix}"


@dataclass(frozen=True)
class Installation:
    """Where the orchestrator is installed: its prefix, and the AWS partition, region and account around it.

    Raises ValueError for a prefix that a bucket's name could not start with.
    """

    prefix: str
    partition: str
    region: str
    account: str

    def __post_init__(self) -> None:
        if not _PREFIX.fullmatch(self.prefix):
            raise ValueError(
                f"The prefix '{self.prefix}' cannot start a bucket's name: use 2 to 20 lower-case letters, digits "
                "or '-', starting with a letter and not ending in '-'."
            )

    @property
    def scope(self) -> str:
        """What distinguishes the installation in its account: `gluecode/eu-central-1`."""
        return f"{self.prefix}/{self.region}"

    @property
    def bucket(self) -> str:
        """The artifact bucket. Bucket names are global, so it carries the account and the region."""
        return f"{self.prefix}-artifacts-{self.account}-{self.region}"

    @property
    def state_table(self) -> str:
        """The table of locks, records and history."""
        return f"{self.prefix}-state"

    @property
    def steps_log_group(self) -> str:
        """The log group all step tasks write their journal to."""
        return f"/{self.prefix}/steps"

    @property
    def requests_queue(self) -> str:
        """The queue of deployments that events ask for."""
        return f"{self.prefix}-requests"

    @property
    def undelivered_queue(self) -> str:
        """The queue of events that could not be delivered, or not be acted on."""
        return f"{self.prefix}-undelivered"

    @property
    def executions_log_group(self) -> str:
        """The log group of the state machines' executions."""
        return f"/aws/vendedlogs/states/{self.prefix}"

    def machine_name(self, machine: str) -> str:
        """The name of a state machine: `deploy` -> `gluecode-deploy`."""
        return f"{self.prefix}-{machine}"

    def machine_arn(self, machine: str) -> str:
        """The ARN of a state machine."""
        return self.arn("states", f"stateMachine:{self.machine_name(machine)}")

    def task_name(self, *words: str) -> str:
        """The name of a step task's function: `"create", "iam-role"` -> `gluecode-create-iam-role`."""
        return "-".join((self.prefix, *words))

    def function_arn(self, name: str) -> str:
        """The ARN of a Lambda function, without a version."""
        return self.arn("lambda", f"function:{name}")

    def role_arn(self, name: str) -> str:
        """The ARN of an IAM role without a path; roles have no region."""
        return self.arn("iam", f"role/{name}")

    def twin_role_arn(self, name: str) -> str:
        """The ARN of the role of a twin's function, or of its rule, by the name that plans give it."""
        return self.arn("iam", f"role{role_path(self.scope)}{role_name(name, self.scope)}")

    def table_arn(self, name: str) -> str:
        """The ARN of a DynamoDB table."""
        return self.arn("dynamodb", f"table/{name}")

    def layer_arn(self, name: str) -> str:
        """The ARN of a Lambda layer, without a version."""
        return self.arn("lambda", f"layer:{name}")

    def queue_arn(self, name: str) -> str:
        """The ARN of an SQS queue."""
        return self.arn("sqs", name)

    def queue_url(self, name: str) -> str:
        """The address of an SQS queue, as AWS forms it."""
        suffix = "amazonaws.com.cn" if self.partition == "aws-cn" else "amazonaws.com"
        return f"https://sqs.{self.region}.{suffix}/{self.account}/{name}"

    def event_source_arn(self, uuid: str) -> str:
        """The ARN of what has a function work off a queue; Lambda gives it a number for its name."""
        return self.arn("lambda", f"event-source-mapping:{uuid}")

    def secret_arn(self, name: str) -> str:
        """The ARN of a secret without its random suffix: calls accept it, a policy needs `-??????` behind it."""
        return self.arn("secretsmanager", f"secret:{name}")

    def log_group_arn(self, name: str) -> str:
        """The ARN of a log group, without the `:*` that stands for its streams."""
        return self.arn("logs", f"log-group:{name}")

    def alarm_arn(self, name: str) -> str:
        """The ARN of a CloudWatch alarm."""
        return self.arn("cloudwatch", f"alarm:{name}")

    def dashboard_arn(self, name: str) -> str:
        """The ARN of a twin's dashboard, by the name that plans give it; dashboards have no region."""
        return self.arn_without_region("cloudwatch", f"dashboard/{dashboard_name(name, self.scope)}")

    def arn_without_region(self, service: str, resource: str) -> str:
        """The ARN of something that an account's regions share."""
        return f"arn:{self.partition}:{service}::{self.account}:{resource}"

    def topic_arn(self, topic: str) -> str:
        """The ARN of an MQTT topic."""
        return self.arn("iot", f"topic/{topic}")

    def rule_arn(self, name: str) -> str:
        """The ARN of an IoT topic rule."""
        return self.arn("iot", f"rule/{name}")

    @property
    def event_bus_arn(self) -> str:
        """The ARN of the account's default event bus."""
        return self.arn("events", "event-bus/default")

    @property
    def bucket_arn(self) -> str:
        """The ARN of the artifact bucket; buckets have neither region nor account."""
        return f"arn:{self.partition}:s3:::{self.bucket}"

    def execution_arn(self, machine: str, name: str) -> str:
        """The ARN of an execution of a state machine."""
        return self.arn("states", f"execution:{self.machine_name(machine)}:{name}")

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a resource in the installation's region and account; IAM has no regions."""
        return f"arn:{self.partition}:{service}:{'' if service == 'iam' else self.region}:{self.account}:{resource}"


@dataclass(frozen=True)
class TwinNames:
    """The names of everything that belongs to one twin."""

    twin: str

    def function(self, component: str) -> str:
        """The name of a component's function; its role's name begins so: `event_checker` -> `{twin}-event-checker`."""
        return _fit(f"{self.twin}-{component.replace('_', '-')}", FUNCTION_LIMIT)

    def device_processor(self, device: str) -> str:
        """The name of the function that runs a device's own `process.py`; its role's name begins so."""
        return _fit(f"{self.twin}-{device}-processor", FUNCTION_LIMIT)

    @property
    def device_processor_patterns(self) -> tuple[str, str]:
        """Two patterns for policies; together they match every device processor's name: the whole ones and the cut."""
        start = f"{self.twin}-"[: FUNCTION_LIMIT - _HASH_LENGTH - 1]
        return f"{start}*-processor", f"{start}*-{'?' * _HASH_LENGTH}"

    @property
    def hot_table(self) -> str:
        """The table of telemetry."""
        return _fit(f"{self.twin}-hot-iot-data", TABLE_LIMIT)

    @property
    def iot_rule(self) -> str:
        """The topic rule. IoT takes only letters, digits and `_`: a name that had to change ends in its hash."""
        original = f"{self.twin}_trigger_dispatcher"
        name = re.sub(r"[^A-Za-z0-9_]", "_", original)
        if name == original:
            return _fit(name, RULE_LIMIT, joint="_")
        return f"{name[: RULE_LIMIT - _HASH_LENGTH - 1]}_{_hash(original)}"

    @property
    def iot_role(self) -> str:
        """What the name of the role begins with under which the topic rule reports its errors."""
        return _fit(f"{self.twin}-trigger", FUNCTION_LIMIT)

    @property
    def failure_queue(self) -> str:
        """The queue of events that failed for good."""
        return _fit(f"{self.twin}-failures", QUEUE_LIMIT)

    def outbox(self, sender: str) -> str:
        """The queue of events that a sender gathers; it has the name of the sender's function."""
        return self.function(sender)

    @property
    def log_group(self) -> str:
        """The one log group of all the twin's functions."""
        return _fit(f"/gluecode/{self.twin}", LOG_GROUP_LIMIT)

    @property
    def configuration_layer(self) -> str:
        """The Lambda layer that carries the twin's configuration."""
        return _fit(f"{self.twin}-configuration", LAYER_LIMIT)

    @property
    def alarms(self) -> str:
        """What the names of the twin's alarms start with. CloudWatch takes 255 characters, so that none is cut."""
        return self.twin

    @property
    def dashboard(self) -> str:
        """What the name of the dashboard begins with that shows how the twin is doing."""
        return f"{self.twin}-dashboard"

    @property
    def metrics(self) -> str:
        """The namespace of the metrics that the twin's functions report."""
        return f"gluecode/{self.twin}"

    def alarm(self, alarm: str) -> str:
        """The name of one alarm."""
        return f"{self.alarms}-{alarm}"

    def secret(self, connection_id: str) -> str:
        """The secret that holds a connection's token."""
        return _fit(f"{self.twin}/{connection_id}", SECRET_LIMIT)

    def device_topic(self, device: str) -> str:
        """The MQTT topic on which a device hears what events answer it."""
        return f"{self.twin}/{device}/feedback"

    @property
    def topic(self) -> str:
        """The MQTT topic on which the devices' telemetry arrives."""
        return f"{self.twin}/iot-data"


def execution_name(subject: str, digest: str) -> str:
    """The name of an execution, or its start: what it is about, and what it brings about (hexadecimal digest)."""
    return f"{re.sub('[^A-Za-z0-9_-]', '-', subject)[:48]}-{digest[:12]}"


def report_key(twin: str, run: str) -> str:
    """Where the report of a run lies in the artifact bucket."""
    return f"reports/{twin}/{run}.html"


def project_files(project: str) -> str:
    """The prefix in the artifact bucket under which a project's files lie as in its folder."""
    return f"projects/{project}/"


def draft_files(project: str, digest: str) -> str:
    """The prefix for a project that is uploaded only to be planned: nothing there starts a deployment."""
    return f"drafts/{project}/{digest}/"


def configuration_key(twin: str, sha256: str) -> str:
    """The key of the zip with a twin's configuration document, named by the document's digest (hexadecimal)."""
    return f"builds/{twin}/{sha256}.zip"


def package_key(twin: str, device: str, source_digest: str) -> str:
    """The key of the zip that a device's own processor is deployed from."""
    return f"packages/{twin}/{device}/{source_digest}.zip"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_HASH_LENGTH]


def _fit(name: str, limit: int, joint: str = "-") -> str:
    """The name itself, or, beyond AWS's limit, its start and a hash of the whole."""
    if len(name) <= limit:
        return name
    return f"{name[: limit - _HASH_LENGTH - len(joint)]}{joint}{_hash(name)}"
