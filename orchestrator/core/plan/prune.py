"""Works out what may be left over from earlier deployments: what the record knows, less what the mapping wants."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations
from typing import Any

from orchestrator.core.catalogue import ALARMS, COMPONENTS, FUNCTIONS, PUBLIC, QUEUES, needed
from orchestrator.core.names import TwinNames, connection
from orchestrator.core.placement import Placement, Watch
from orchestrator.core.plan.footprint import Footprint
from orchestrator.core.plan.removal import identified

_CLOUDS = ("aws", "azure", "gcp")
EVERY_CONNECTION = tuple(
    connection(sender, layer, receiver)
    for layer in (1, 2)
    for sender, receiver in permutations(_CLOUDS, 2)
    if "aws" in (sender, receiver)
)
"""The ids of all connections that AWS can take part in."""


def wanted(plan: Mapping[str, Any]) -> Footprint:
    """What a plan brings about. The identities that `destroy` works with have no providers, and want nothing."""
    if "providers" not in plan:
        return Footprint()
    prefix = TwinNames(plan["twin"]).secret("")
    return Footprint.read(
        {
            "components": needed(
                Placement.of(
                    plan["providers"],
                    event_checking=plan["event_checking"],
                    batching="outbox" in plan,
                    watch=Watch(**plan["watch"]),
                )
            ),
            "devices": [device["device"] for device in plan["device_processors"]],
            "connections": [secret["name"].removeprefix(prefix) for secret in plan["secrets"]],
        }
    )


def prune(
    twin: str, before: Footprint, now: Footprint, ours: Footprint | None = None, *, drain: bool
) -> dict[str, Any]:
    """What the down pass of a machine reads: for each component whether it may be there, and whom to remove.

    `ours` is what the last deployment that succeeded left: that is the twin's, even if someone stripped it of its tags.
    `draining` are the functions that leave and may still have events queued: empty without `drain`. Of an outgoing
    queue it says whether the sender stays that works it off; one whose sender does comes first.
    """
    names, departed, left = TwinNames(twin), before - now, ours or Footprint()

    def identity(name: str, *components: str) -> dict[str, Any]:
        return identified(twin, name, recorded=any(component in left.components for component in components))

    processors = [
        identified(twin, names.device_processor(device), recorded=device in left.devices) for device in departed.devices
    ]
    queued = [function for function in FUNCTIONS if function in departed.components and function not in PUBLIC]
    return {
        "components": {component: component in before.components for component in COMPONENTS},
        "draining": [*(identity(names.function(name), name) for name in queued), *processors] if drain else [],
        "obsolete_alarms": {
            **identity(names.alarms, *ALARMS),
            "alarms": [alarm for component, alarm in ALARMS.items() if component in departed.components],
        },
        "obsolete_processors": processors,
        "obsolete_outboxes": [
            {"identity": identity(names.outbox(sender), queue), "sender_stays": sender in now.components}
            for queue, sender in sorted(QUEUES.items(), key=lambda item: item[1] not in now.components)
            if queue in departed.components
        ],
        "obsolete_secrets": [
            identified(twin, names.secret(name), recorded=name in left.connections) for name in departed.connections
        ],
    }
