"""What `destroy` and `inspect` start from: every name that can belong to the twin, and no configuration."""

from __future__ import annotations

from typing import Any

from orchestrator.core.catalogue import ALARMS, FUNCTIONS
from orchestrator.core.names import TwinNames
from orchestrator.core.plan.footprint import Footprint


def removal(
    twin: str,
    project: str,
    run: str,
    footprint: Footprint,
    ours: Footprint | None = None,
    *,
    dry_run: bool = False,
    retain_data: bool = True,
) -> dict[str, Any]:
    """The input of the destroy machine: identities only, so that it works after the project's files are gone.

    `footprint` is what the record says was ever deployed of devices' own processors and of connections, `ours` what the
    last deployment that succeeded left: that is the twin's, even if someone stripped it of its tags.
    """
    names, left = TwinNames(twin), ours or Footprint()

    def identity(name: str, *components: str) -> dict[str, Any]:
        return identified(twin, name, recorded=any(component in left.components for component in components))

    return {
        "run": run,
        "twin": twin,
        "project": project,
        "dry_run": dry_run,
        "retain_data": retain_data,
        "functions": {component: identity(names.function(component), component) for component in FUNCTIONS},
        "device_processors": [
            identified(twin, names.device_processor(device), recorded=device in left.devices)
            for device in footprint.devices
        ],
        "secrets": [
            identified(twin, names.secret(connection), recorded=connection in left.connections)
            for connection in footprint.connections
        ],
        "failure_queue": {**identity(names.failure_queue, "failure_queue"), "retain_data": retain_data},
        "hot_table": {**identity(names.hot_table, "hot_table"), "retain_data": retain_data},
        "log_group": identity(names.log_group, "log_group"),
        "configuration_layer": identity(names.configuration_layer),  # it has no tags that could be stripped
        "alarms": identity(names.alarms, *ALARMS),
        "dashboard": identity(names.dashboard, "dashboard"),
        "iot_role": identity(names.iot_role, "iot_rule"),
        "iot_rule": identity(names.iot_rule, "iot_rule"),
        "results": {},
    }


def identified(twin: str, name: str, *, recorded: bool) -> dict[str, Any]:
    """What a thing to be removed is known by. `recorded`: the last deployment that succeeded left it there."""
    return {"name": name, "owner": {"twin": twin, **({"recorded": True} if recorded else {})}}
