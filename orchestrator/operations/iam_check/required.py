"""Which IAM actions it takes: to run each layer's steps, to work with the command line, and to install (pure).

Those of the layers are worked out from what the kinds of resource declare and from the decision table of components, so
they change with the code.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from deploy_steps.registry import KINDS
from orchestrator.core.plan.mapping import ALARMS, FUNCTIONS, PUBLIC, QUEUES, needed
from orchestrator.operations.iam_check.declared import COMMANDS, INSTALLING, RESOURCE_TYPES

_PROVIDERS = {
    "layer_1": "layer_1_provider",
    "layer_2": "layer_2_provider",
    "layer_3": "layer_3_hot_provider",
}
LAYERS = tuple(_PROVIDERS)
COMMAND_LINE = "command_line"
INSTALL = "install"

_ALL_VERBS = ("create", "destroy", "info")
_OF_OTHERS = {
    "iot_rule": ("iot-rule", "iam-role"),
    "hot_table": ("hot-table",),
    "failure_queue": ("failure-queue",),
    **dict.fromkeys(QUEUES, ("outbox", "event-source")),
    "log_group": ("log-group",),
    "configuration_layer": ("config-layer",),
    **dict.fromkeys(ALARMS, ("alarms",)),
    "dashboard": ("dashboard",),
}
_OF_EVERY_FUNCTION = ("iam-role", "function", "permissions", "secret")
_TAKEN_FROM_EVERY_FUNCTION = ("function-url", "invoke-config")  # removing one asks for all that a function can have


@dataclass(frozen=True)
class Use:
    """An action, and what it is used by: a step's task (`create-function`), or a command (`deploy`)."""

    action: str
    by: str


def uses(group: str) -> tuple[Use, ...]:
    """What a group takes: `layer_1` to `layer_3`, `command_line` or `install`."""
    if group == COMMAND_LINE:
        found = [Use(action, command) for command, actions in COMMANDS.items() for action in actions]
    elif group == INSTALL:
        found = [Use(action, "install") for actions in (INSTALLING, *RESOURCE_TYPES.values()) for action in actions]
    else:
        found = [
            Use(action, f"{verb}-{kind}")
            for kind, verbs in steps(group).items()
            for verb in verbs
            for action in KINDS[kind].actions.of(verb)
        ]
    return tuple(dict.fromkeys(found))


def steps(layer: str) -> dict[str, tuple[str, ...]]:
    """The kinds of resource that a layer consists of, in order, and which of their verbs it can come to."""
    alone = {provider: "aws" if name == layer else "azure" for name, provider in _PROVIDERS.items()}
    components = sorted(needed(alone, event_checking=True, batching=True))
    whole = {kind for component in components for kind in _kinds(component)}
    removed = set(_TAKEN_FROM_EVERY_FUNCTION) - whole
    verbs = dict.fromkeys(whole, _ALL_VERBS) | dict.fromkeys(removed, ("destroy",))
    return {kind: verbs[kind] for kind in KINDS if kind in verbs}


def _kinds(component: str) -> Iterable[str]:
    if component not in FUNCTIONS:
        return _OF_OTHERS[component]
    return (*_OF_EVERY_FUNCTION, "function-url" if component in PUBLIC else "invoke-config")


def by_service(actions: Iterable[str]) -> dict[str, list[str]]:
    """Actions in order under the prefix of their service: `{"lambda": ["lambda:AddPermission", …]}`."""
    return {service: list(found) for service, found in groupby(sorted(set(actions)), key=service_of)}


def service_of(action: str) -> str:
    """`lambda` of `lambda:AddPermission`."""
    return action.partition(":")[0]


REQUIRED_AWS_PERMISSIONS: dict[str, dict[str, list[str]]] = {
    group: by_service(use.action for use in uses(group)) for group in (*LAYERS, COMMAND_LINE, INSTALL)
}
"""Group → service → actions: `layer_1` to `layer_3` for whoever runs the steps, the others for whoever types."""
