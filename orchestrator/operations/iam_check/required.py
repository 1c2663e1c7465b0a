"""Which IAM actions it takes: to run each layer's steps, to work with the command line, and to install (pure).

Those of the layers are worked out from what the kinds of resource declare and from the catalogue of components, so
they change with the code.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from deploy_steps.registry import KINDS
from orchestrator.core.catalogue import CATALOGUE, OF_ANY_FUNCTION
from orchestrator.core.placement import Placement
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
    here = Placement.of(alone, event_checking=True, batching=True)
    whole = {row.kind for row in CATALOGUE if row.needed(here)}
    verbs = dict.fromkeys(OF_ANY_FUNCTION, ("destroy",)) | dict.fromkeys(whole, _ALL_VERBS)
    return {kind: verbs[kind] for kind in KINDS if kind in verbs}


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
