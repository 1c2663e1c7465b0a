"""Every kind of resource by its name: what the template installs, the permissions are derived from, the tests hold."""

from __future__ import annotations

from deploy_steps import (
    alarms,
    config_layer,
    dashboard,
    event_source,
    failure_queue,
    function,
    function_url,
    hot_table,
    iam_role,
    invoke_config,
    iot_rule,
    log_group,
    outgoing_queue,
    permissions,
    secret,
)
from deploy_steps.task import Kind

KINDS: dict[str, Kind] = {
    module.kind.name: module.kind
    for module in (
        iam_role,
        function,
        function_url,
        permissions,
        hot_table,
        iot_rule,
        failure_queue,
        outgoing_queue,
        invoke_config,
        event_source,
        log_group,
        config_layer,
        secret,
        alarms,
        dashboard,
    )
}
