"""Which components a provider mapping puts on AWS."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.core import catalogue
from orchestrator.core.catalogue import ALARMS, COMPONENTS, FUNCTIONS, PUBLIC, QUEUES, SENDERS
from orchestrator.core.placement import WATCHED, Placement, Watch

__all__ = ["ALARMS", "COMPONENTS", "FUNCTIONS", "PUBLIC", "QUEUES", "SENDERS", "Placement", "needed"]


def needed(
    providers: Mapping[str, str], *, event_checking: bool, batching: bool = False, watch: Watch = WATCHED
) -> frozenset[str]:
    """The components that a mapping puts on AWS; none at all is a valid answer."""
    return catalogue.needed(Placement.of(providers, event_checking=event_checking, batching=batching, watch=watch))
