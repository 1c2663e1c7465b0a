"""What `destroy` and `inspect` start from: every name that can belong to the twin, and no configuration."""

from __future__ import annotations

from typing import Any

from orchestrator.names import TwinNames
from orchestrator.plan.footprint import Footprint
from orchestrator.plan.mapping import FUNCTIONS


def removal(
    twin: str, project: str, run: str, footprint: Footprint, *, dry_run: bool = False, retain_data: bool = True
) -> dict[str, Any]:
    """The input of the destroy machine: identities only, so that it works after the project's files are gone.

    `footprint` is what the record says was ever deployed of devices' own processors and of connections.
    """
    names, owner = TwinNames(twin), {"twin": twin}

    def identity(name: str) -> dict[str, Any]:
        return {"name": name, "owner": owner}

    return {
        "run": run,
        "twin": twin,
        "project": project,
        "dry_run": dry_run,
        "retain_data": retain_data,
        "functions": {component: identity(names.function(component)) for component in FUNCTIONS},
        "device_processors": [identity(names.device_processor(device)) for device in footprint.devices],
        "secrets": [identity(names.secret(connection)) for connection in footprint.connections],
        "failure_queue": {**identity(names.failure_queue), "retain_data": retain_data},
        "hot_table": {**identity(names.hot_table), "retain_data": retain_data},
        "log_group": identity(names.log_group),
        "configuration_layer": identity(names.configuration_layer),
        "alarms": identity(names.alarms),
        "dashboard": identity(names.dashboard),
        "iot_role": identity(names.iot_role),
        "iot_rule": identity(names.iot_rule),
        "results": {},
    }
