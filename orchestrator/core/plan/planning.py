"""The typed plan that flows through the state machines, and how a project becomes one: the spec of everything."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Literal

from orchestrator.core import specs
from orchestrator.core.catalogue import ALARMS, OF, QUEUES, SENDERS, SHAPES
from orchestrator.core.names import UNSCOPED, Installation, TwinNames, configuration_key
from orchestrator.core.placement import WATCHED, Watch
from orchestrator.core.plan.components import Code, functions, role
from orchestrator.core.plan.errors import PlanTooLarge
from orchestrator.core.plan.footprint import Footprint, placement
from orchestrator.core.plan.model import DeviceProcessor, FunctionComponent
from orchestrator.core.plan.policies import Rights
from orchestrator.core.plan.watching import alarms, dashboard
from orchestrator.core.plan.wiring import OUTGOING_ATTEMPTS
from orchestrator.core.spec_json import as_json, read_spec
from orchestrator.core.specs import LEFT_OUT, Owner, S

if TYPE_CHECKING:
    from orchestrator.core.config import Connection, Project

# Bytes. Step Functions carries 262,144: on top of the plan come the steps' answers, and the names of what departs.
LARGEST_PLAN = 112_000

_DIGEST_LENGTH = 32  # hex digits
_INTER_CLOUD = "config_inter_cloud.json"
_LOG_RETENTION_DAYS = {"DEBUG": 7, "PRODUCTION": 90}
_FAILURE_RETENTION_SECONDS = 14 * 24 * 3600  # the longest that SQS keeps a message
_OUTGOING_RETENTION_SECONDS = 4 * 24 * 3600
_VISIBILITY_TIMEOUTS = 6  # of the function that works a queue off, as AWS asks for


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The spec of everything that a twin needs, and of the functions that it does not need, too.

    The state machines decide by `providers`, and by what may exist, which of it they make.
    """

    run: str
    project: str
    source: str
    twin: str
    dry_run: bool
    on_failure: str
    retain_data: bool
    digest: str
    providers: dict[str, str]
    event_checking: bool
    watch: dict[str, bool]
    failure_queue: specs.FailureQueueSpec
    log_group: specs.LogGroupSpec
    configuration_layer: specs.ConfigLayerSpec
    alarms: specs.AlarmsSpec
    dashboard: specs.DashboardSpec
    hot_table: specs.HotTableSpec
    iot_role: specs.RoleSpec
    iot_rule: specs.IotRuleSpec
    secrets: tuple[specs.SecretSpec, ...]
    outbox: specs.OutboxSpec | None = field(default=None, metadata=LEFT_OUT)
    scope: str = field(default=UNSCOPED, metadata=LEFT_OUT)
    functions: dict[str, FunctionComponent]
    device_processors: tuple[DeviceProcessor, ...]

    def as_json(self) -> dict[str, Any]:
        """As the state machines carry it, with no results yet."""
        return {**as_json(self), "results": {}}

    @classmethod
    def from_json(cls, state: Mapping[str, Any]) -> Plan:
        """Read it from the state of an execution, which carries more than the plan. Raises InvalidSpec."""
        return read_spec(cls, {each.name: state[each.name] for each in fields(cls) if each.name in state})


@dataclass(frozen=True)
class Request:
    """What the execution was started with. `source` is the S3 prefix of the project's files, ending in `/`."""

    run: str
    project: str
    source: str
    dry_run: bool = False
    on_failure: Literal["keep", "rollback"] = "keep"
    retain_data: bool = True
    adopt: bool = False


def plan(
    project: Project,
    installation: Installation,
    code: Code,
    deployed: Footprint,
    request: Request,
    ours: Footprint | None = None,
    watch: Watch = WATCHED,
    boundary: str | None = None,
) -> Plan:
    """The plan of one deployment.

    `deployed` is what the record says may be there from earlier ones, `ours` what the last one that succeeded left;
    `boundary` is the ARN of the policy that bounds every role.

    Raises PlanTooLarge.
    """
    twin, wanted, ours = TwinNames(project.twin), Footprint.of(project, watch), ours or Footprint()
    here = placement(project, watch)
    shared, l1, l3 = (Owner(project.twin, layer, installation=installation.scope) for layer in ("shared", "L1", "L3"))
    failures = installation.queue_url(twin.failure_queue)
    report_failures = [Rights(installation, twin).report_failures()]
    made = Plan(
        run=request.run,
        project=request.project,
        source=request.source,
        twin=project.twin,
        dry_run=request.dry_run,
        on_failure=request.on_failure,
        retain_data=request.retain_data,
        digest=project.digest,
        providers=project.provider_names,
        event_checking=project.event_checking,
        watch={"alarms": watch.alarms, "dashboards": watch.dashboards},
        failure_queue=specs.FailureQueueSpec(twin.failure_queue, shared, failures, _FAILURE_RETENTION_SECONDS),
        log_group=specs.LogGroupSpec(twin.log_group, shared, _LOG_RETENTION_DAYS[project.settings.mode]),
        configuration_layer=specs.ConfigLayerSpec(
            twin.configuration_layer, shared, configuration(project, code.bucket), (code.runtime,)
        ),
        alarms=alarms(installation, twin, here),
        dashboard=dashboard(installation, twin, here),
        hot_table=specs.HotTableSpec(twin.hot_table, l3),
        iot_role=role(twin.iot_role, l1, "iot.amazonaws.com", report_failures, boundary),
        iot_rule=specs.IotRuleSpec(
            twin.iot_rule,
            l1,
            sql=f"SELECT * FROM '{twin.topic}'",  # noqa: S608  # IoT's SQL; no twin's name holds a quote
            function_arn=installation.function_arn(twin.function("dispatcher")),
            error_queue_url=failures,
            error_role_arn=installation.twin_role_arn(twin.iot_role),
        ),
        secrets=tuple(_secret(twin, shared, connection, request, code.bucket) for connection in project.connections),
        scope=installation.scope,
        outbox=_outbox(project, installation, twin),
        functions=functions(project, installation, code, boundary),
        device_processors=tuple(
            DeviceProcessor(
                device,
                twin.device_processor(device),
                package_digest(code.sha256, digest),
                may_exist=device in deployed.devices,
                recorded=device in ours.devices,
            )
            for device, digest in sorted(project.source_digests.items())
        ),
    )
    there = (*ours.components, *map(twin.secret, ours.connections))
    unmarked = UNSCOPED in deployed.scopes
    made = owned(made, there, wanted.components if request.adopt else (), unmarked=unmarked)
    if len(json.dumps(made.as_json())) > LARGEST_PLAN:
        raise PlanTooLarge(
            f"The plan of twin '{project.twin}' would be larger than {LARGEST_PLAN} bytes, and no state machine could "
            f"carry it: {len(wanted.devices)} devices have a process.py of their own. "
            "Let fewer have one, or spread the devices over several twins."
        )
    return made


def owned(plan: Plan, there: Collection[str], adopt: Collection[str] = (), *, unmarked: bool = False) -> Plan:
    """The plan in which every owner says what is recorded, what is to be adopted, and whether it may be `unmarked`.

    `there` is what the last successful deployment left, so that it is the twin's even if someone stripped it of its
    tags: components, and names of secrets. Only what is in `adopt` takes over namesakes: components as well, and every
    secret where it has any.
    """
    names = TwinNames(plan.twin)
    tagged = {*there} - {"configuration_layer"}  # it has no tags that could be stripped
    taking = {*adopt, *(secret.name for secret in plan.secrets if adopt)}
    alarms = {alarm.name for alarm in plan.alarms.alarms}

    def of(spec: S, *components: str) -> S:
        mine = {*components}
        adopted, recorded = bool(mine) and mine <= taking, bool(mine) and mine <= tagged
        return replace(spec, owner=replace(spec.owner, adopt=adopted, recorded=recorded, unmarked=unmarked))

    def outbox(spec: specs.OutboxSpec) -> specs.OutboxSpec:
        return of(spec, *(queue for queue, sender in QUEUES.items() if names.outbox(sender) == spec.name))

    single: dict[str, Any] = {
        each.name: of(spec, *(OF[each.name].hangs_on or (each.name,)))
        for each in fields(plan)
        if each.name in OF and (spec := getattr(plan, each.name))
    }
    return replace(
        plan,
        **single,
        alarms=of(plan.alarms, *(component for component, alarm in ALARMS.items() if alarm in alarms)),
        secrets=tuple(of(secret, secret.name) for secret in plan.secrets),
        outbox=plan.outbox and outbox(plan.outbox),
        functions={name: made.identified(made.name, of(made, name).owner) for name, made in plan.functions.items()},
    )


def unchanged_since_deploy(plan: Plan, components: Collection[str]) -> Plan:
    """The plan as `plan` would make it now, where its deployment has left these components and all its
    devices' processors and secrets there. What belongs to one run alone (`Request`) stays as it is.
    """
    devices = tuple(replace(each, may_exist=True, recorded=True) for each in plan.device_processors)
    return replace(owned(plan, {*components, *(each.name for each in plan.secrets)}), device_processors=devices)


def configuration(project: Project, bucket: str) -> specs.StoredObject:
    """Where the twin's configuration document lies: `project.configuration`, named by its content (`sha256` in hex)."""
    digest = hashlib.sha256(project.configuration).hexdigest()
    return specs.StoredObject(bucket, configuration_key(project.twin, digest), digest)


def package_digest(functions_sha256: str, source_digest: str) -> str:
    """What a device's package is named by: the functions' own code (base64) and the device's (hex), packed together."""
    return hashlib.sha256(f"{functions_sha256}:{source_digest}".encode()).hexdigest()[:_DIGEST_LENGTH]


def _outbox(project: Project, installation: Installation, twin: TwinNames) -> specs.OutboxSpec | None:
    """The queue of what waits to be sent; none where events are sent one by one."""
    for connection in project.connections:
        if connection.batching:
            sender = SENDERS[connection.layer - 1]
            name = twin.outbox(sender)
            return specs.OutboxSpec(
                name,
                Owner(project.twin, f"L{connection.layer}", installation=installation.scope),
                url=installation.queue_url(name),
                retention_seconds=_OUTGOING_RETENTION_SECONDS,
                visibility_seconds=_VISIBILITY_TIMEOUTS * SHAPES[sender].timeout_seconds,
                failure_queue_arn=installation.queue_arn(twin.failure_queue),
                attempts=OUTGOING_ATTEMPTS,
            )
    return None


def _secret(twin: TwinNames, owner: Owner, connection: Connection, request: Request, bucket: str) -> specs.SecretSpec:
    """A receiving side may make its token up; a sending side must be given the one that the other cloud expects."""
    source = specs.TokenSource(bucket, f"{request.source}{_INTER_CLOUD}", connection.id)
    return specs.SecretSpec(
        twin.secret(connection.id),
        owner,
        generate=connection.role == "receiving",
        source=source if connection.token_in_file else None,
    )
