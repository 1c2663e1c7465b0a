"""Which IAM actions it takes: to run each layer's steps, to work with the command line, and to install (pure).

Those of the layers are worked out from what the kinds of resource declare and from the catalogue of components, so
they change with the code.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from deploy_steps.registry import KINDS
from orchestrator.core.catalogue import CATALOGUE
from orchestrator.core.iam_resources import service_of
from orchestrator.core.placement import Placement
from orchestrator.operations.iam_check.declared import COMMANDS, INSTALLING, RESOURCE_TYPES

LAYERS = ("layer_1", "layer_2", "layer_3")
COMMAND_LINE = "command_line"
INSTALL = "install"

_ALL_VERBS = ("create", "destroy", "info")
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
    l1, l2, l3 = (each == layer for each in LAYERS)
    here = Placement(l1, l2, l3, event_checking=True, batching=True)
    whole = {row.kind for row in CATALOGUE if row.needed(here)}
    removed = set(_TAKEN_FROM_EVERY_FUNCTION) - whole
    verbs = dict.fromkeys(whole, _ALL_VERBS) | dict.fromkeys(removed, ("destroy",))
    return {kind: verbs[kind] for kind in KINDS if kind in verbs}


def by_service(actions: Iterable[str]) -> dict[str, list[str]]:
    """Actions in order under the prefix of their service: `{"lambda": ["lambda:AddPermission", …]}`."""
    return {service: list(found) for service, found in groupby(sorted(set(actions)), key=service_of)}


REQUIRED_AWS_PERMISSIONS: dict[str, dict[str, list[str]]] = {
    group: by_service(use.action for use in uses(group)) for group in (*LAYERS, COMMAND_LINE, INSTALL)
}
"""Group → service → actions: `layer_1` to `layer_3` for whoever runs the steps, the others for whoever types."""
