"""The typed plan of a deployment, and its JSON, which flows through the state machines."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from orchestrator.core import specs
from orchestrator.core.catalogue import ALARMS, QUEUES
from orchestrator.core.names import TwinNames
from orchestrator.core.spec_json import as_json, read_spec
from orchestrator.core.specs import LEFT_OUT, Identity, Owner, S


@dataclass(frozen=True)
class FunctionComponent(Identity):
    """A function and what hangs on it; all have its name and its owner. With the token in the secret of `secret_name`
    its URL is proven from outside.
    """

    role: specs.RoleSpec
    function: specs.FunctionSpec
    permissions: specs.PermissionsSpec
    event_source: specs.EventSourceSpec | None = field(default=None, metadata=LEFT_OUT)
    invoke_config: specs.InvokeConfigSpec | None = field(default=None, metadata=LEFT_OUT)
    url: specs.FunctionUrlSpec | None = field(default=None, metadata=LEFT_OUT)
    secret_name: str | None = field(default=None, metadata=LEFT_OUT)

    def identified(self, name: str, owner: Owner) -> FunctionComponent:
        """The same under another name, or of another owner."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        parts: dict[str, Any] = {
            part: replace(spec, name=name, owner=owner) for part, spec in values.items() if isinstance(spec, Identity)
        }
        return replace(self, name=name, owner=owner, **parts)


@dataclass(frozen=True)
class DeviceProcessor:
    """A device's own processor. Small, because there can be hundreds: the rest is the default processor's.

    `source_digest` names its package. `may_exist`: an earlier deployment may have left it there; `recorded`: the last
    successful one did.
    """

    device: str
    name: str
    source_digest: str
    may_exist: bool = False
    recorded: bool = field(default=False, metadata=LEFT_OUT)


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
    functions: dict[str, FunctionComponent]
    device_processors: tuple[DeviceProcessor, ...]

    def as_json(self) -> dict[str, Any]:
        """As the state machines carry it, with no results yet."""
        return {**as_json(self), "results": {}}

    @classmethod
    def from_json(cls, state: Mapping[str, Any]) -> Plan:
        """Read it from the state of an execution, which carries more than the plan. Raises InvalidSpec."""
        return read_spec(cls, {each.name: state[each.name] for each in fields(cls) if each.name in state})


def owned(plan: Plan, there: Collection[str], adopt: Collection[str] = ()) -> Plan:
    """The plan in which every owner says what is recorded and what is to be adopted.

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
        owner = Owner(spec.owner.twin, spec.owner.layer, bool(mine) and mine <= taking, bool(mine) and mine <= tagged)
        return replace(spec, owner=owner)

    def outbox(spec: specs.OutboxSpec) -> specs.OutboxSpec:
        return of(spec, *(queue for queue, sender in QUEUES.items() if names.outbox(sender) == spec.name))

    return replace(
        plan,
        failure_queue=of(plan.failure_queue, "failure_queue"),
        log_group=of(plan.log_group, "log_group"),
        configuration_layer=of(plan.configuration_layer, "configuration_layer"),
        alarms=of(plan.alarms, *(component for component, alarm in ALARMS.items() if alarm in alarms)),
        dashboard=of(plan.dashboard, "dashboard"),
        hot_table=of(plan.hot_table, "hot_table"),
        iot_role=of(plan.iot_role, "iot_rule"),
        iot_rule=of(plan.iot_rule, "iot_rule"),
        secrets=tuple(of(secret, secret.name) for secret in plan.secrets),
        outbox=plan.outbox and outbox(plan.outbox),
        functions={name: made.identified(made.name, of(made, name).owner) for name, made in plan.functions.items()},
    )


def unchanged_since_deploy(plan: Plan, components: Collection[str]) -> Plan:
    """The plan as `planning.plan` would make it now, where its deployment has left these components and all its
    devices' processors and secrets there. What belongs to one run alone (`planning.Request`) stays as it is.
    """
    devices = tuple(replace(each, may_exist=True, recorded=True) for each in plan.device_processors)
    return replace(owned(plan, {*components, *(each.name for each in plan.secrets)}), device_processors=devices)


def device_component(
    device: str, name: str, package: specs.StoredObject, template: FunctionComponent, *, recorded: bool = False
) -> FunctionComponent:
    """The component of a device's own processor: the default processor's, with a name and a package of its own.

    `package` is the device's zip, with its base64 SHA-256. `template` is the default processor's component.
    `recorded`: the last successful deployment left it there, whatever it did about the default one.
    """
    made = template.identified(name, replace(template.owner, recorded=recorded))
    function = replace(
        made.function,
        role_arn=f"{made.function.role_arn.rpartition('/')[0]}/{name}",
        code=package,
        description=f"Processes telemetry of {device} with its own process.py.",
    )
    return replace(made, function=function)
