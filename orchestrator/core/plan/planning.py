"""Turns a project into the plan that flows through the deploy machine: the spec of everything, as plain JSON."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from orchestrator.core.names import Installation, TwinNames, configuration_key
from orchestrator.core.plan.components import Code, Components, role
from orchestrator.core.plan.errors import PlanTooLarge
from orchestrator.core.plan.footprint import Footprint
from orchestrator.core.plan.mapping import ALARMS, SENDERS, Placement
from orchestrator.core.plan.policies import Rights
from orchestrator.core.plan.watch import WATCHED, Watch
from orchestrator.core.plan.watching import Watching
from orchestrator.core.plan.wiring import OUTGOING_ATTEMPTS

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
) -> dict[str, Any]:
    """The plan of one deployment.

    `deployed` is what the record says may be there from earlier ones, `ours` what the last one that succeeded left.

    Raises PlanTooLarge.
    """
    twin, wanted, ours = TwinNames(project.twin), Footprint.of(project, watch), ours or Footprint()
    adopt = wanted.components if request.adopt else ()
    taggable = [component for component in ours.components if component != "configuration_layer"]  # it has no tags
    components = Components(project, installation, code, adopt=adopt, recorded=taggable)
    owner = components.owner
    here = Placement.of(
        project.provider_names, event_checking=project.event_checking, batching=project.batching, watch=watch
    )
    watching = Watching(installation, twin, here)
    made = {
        "run": request.run,
        "project": request.project,
        "source": request.source,
        "twin": project.twin,
        "dry_run": request.dry_run,
        "on_failure": request.on_failure,
        "retain_data": request.retain_data,
        "digest": project.digest,
        "providers": project.provider_names,
        "event_checking": project.event_checking,
        "watch": {"alarms": watch.alarms, "dashboards": watch.dashboards},
        "failure_queue": {
            "name": twin.failure_queue,
            "owner": owner("shared", "failure_queue"),
            "retention_seconds": _FAILURE_RETENTION_SECONDS,
            "encrypted": True,
            "url": installation.queue_url(twin.failure_queue),
        },
        "log_group": {
            "name": twin.log_group,
            "owner": owner("shared", "log_group"),
            "retention_days": _LOG_RETENTION_DAYS[project.settings.mode],
        },
        "configuration_layer": {
            "name": twin.configuration_layer,
            "owner": owner("shared", "configuration_layer"),
            "content": configuration(project, code.bucket),
            "runtimes": [code.runtime],
        },
        "alarms": watching.alarms(owner("shared", *(alarm for alarm in ALARMS if alarm in wanted.components))),
        "dashboard": watching.dashboard(owner("shared", "dashboard")),
        "hot_table": {"name": twin.hot_table, "owner": owner("L3", "hot_table")},
        "iot_role": role(
            twin.iot_role,
            owner("L1", "iot_rule"),
            "iot.amazonaws.com",
            [Rights(installation, twin).report_failures()],
        ),
        "iot_rule": {
            "name": twin.iot_rule,
            "owner": owner("L1", "iot_rule"),
            "sql": f"SELECT * FROM '{twin.topic}'",  # noqa: S608  # IoT's SQL; no twin's name holds a quote
            "function_arn": installation.function_arn(twin.function("dispatcher")),
            "error_queue_url": installation.queue_url(twin.failure_queue),
            "error_role_arn": installation.role_arn(twin.iot_role),
        },
        "secrets": [
            _secret(twin, connection, request, code.bucket, recorded=connection.id in ours.connections)
            for connection in project.connections
        ],
        **_outgoing(project, installation, twin, components),
        "functions": components.functions(),
        "device_processors": [
            {
                **_device_processor(twin, device, digest, code, recorded=device in ours.devices),
                "may_exist": device in deployed.devices,
            }
            for device, digest in sorted(project.source_digests.items())
        ],
        "results": {},
    }
    if len(json.dumps(made)) > LARGEST_PLAN:
        raise PlanTooLarge(
            f"The plan of twin '{project.twin}' would be larger than {LARGEST_PLAN} bytes, and no state machine could "
            f"carry it: {len(wanted.devices)} devices have a process.py of their own. "
            "Let fewer have one, or spread the devices over several twins."
        )
    return made


def configuration(project: Project, bucket: str) -> dict[str, str]:
    """Where the twin's configuration document lies: `project.configuration`, named by its content (`sha256` in hex)."""
    digest = hashlib.sha256(project.configuration).hexdigest()
    return {"bucket": bucket, "key": configuration_key(project.twin, digest), "sha256": digest}


def package_digest(functions_sha256: str, source_digest: str) -> str:
    """What a device's package is named by: the functions' own code (base64) and the device's (hex), packed together."""
    return hashlib.sha256(f"{functions_sha256}:{source_digest}".encode()).hexdigest()[:_DIGEST_LENGTH]


def _outgoing(
    project: Project, installation: Installation, twin: TwinNames, components: Components
) -> dict[str, dict[str, Any]]:
    """The queue of what waits to be sent, under `outbox`; nothing where events are sent one by one."""
    for connection in project.connections:
        if connection.batching:
            sender = SENDERS[connection.layer - 1]
            name = twin.outbox(sender)
            spec = {
                "name": name,
                "owner": components.owner(f"L{connection.layer}", f"{sender}_queue"),
                "url": installation.queue_url(name),
                "retention_seconds": _OUTGOING_RETENTION_SECONDS,
                "encrypted": True,
                "visibility_seconds": _VISIBILITY_TIMEOUTS * components.timeout_seconds(sender),
                "failure_queue_arn": installation.queue_arn(twin.failure_queue),
                "attempts": OUTGOING_ATTEMPTS,
            }
            return {"outbox": spec}
    return {}


def _identity(twin: TwinNames, name: str, layer: str) -> dict[str, Any]:
    return {"name": name, "owner": {"twin": twin.twin, "layer": layer}}


def _secret(
    twin: TwinNames, connection: Connection, request: Request, bucket: str, *, recorded: bool
) -> dict[str, Any]:
    """A receiving side may make its token up; a sending side must be given the one that the other cloud expects."""
    source = {"bucket": bucket, "key": f"{request.source}{_INTER_CLOUD}", "connection": connection.id}
    identity = _identity(twin, twin.secret(connection.id), "shared")
    identity["owner"] |= {flag: True for flag, given in (("adopt", request.adopt), ("recorded", recorded)) if given}
    return {
        **identity,
        "generate": connection.role == "receiving",
        "source": source if connection.token_in_file else None,
    }


def _device_processor(
    twin: TwinNames, device: str, source_digest: str, code: Code, *, recorded: bool
) -> dict[str, Any]:
    """Small, because there can be hundreds of them in a plan."""
    digest = package_digest(code.sha256, source_digest)
    made = {"device": device, "name": twin.device_processor(device), "source_digest": digest}
    return {**made, **({"recorded": True} if recorded else {})}
