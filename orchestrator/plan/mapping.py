"""Which components a provider mapping puts on AWS: the decision table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

FUNCTIONS = ("dispatcher", "connector", "ingestion", "processor", "persister", "event_checker", "writer")
"""The functions of a twin, in the order in which an event can pass them."""

PUBLIC = ("ingestion", "writer")
"""Those that another cloud calls over a URL; the others are invoked asynchronously."""


@dataclass(frozen=True)
class Here:
    """Which of the three layers run on AWS, and whether events are checked."""

    l1: bool
    l2: bool
    l3: bool
    event_checking: bool

    @classmethod
    def of(cls, providers: Mapping[str, str], *, event_checking: bool) -> Here:
        """Read the provider mapping: `{"layer_1_provider": "aws", …}`."""
        return cls(
            l1=providers["layer_1_provider"] == "aws",
            l2=providers["layer_2_provider"] == "aws",
            l3=providers["layer_3_hot_provider"] == "aws",
            event_checking=event_checking,
        )


_NEEDED_WHEN: dict[str, Callable[[Here], bool]] = {
    "iot_rule": lambda here: here.l1,  # with the role that it reports its errors under
    "dispatcher": lambda here: here.l1,
    "connector": lambda here: here.l1 and not here.l2,
    "ingestion": lambda here: here.l2 and not here.l1,
    "processor": lambda here: here.l2,
    "persister": lambda here: here.l2,
    "event_checker": lambda here: here.l2 and here.event_checking,
    "writer": lambda here: here.l3 and not here.l2,
    "hot_table": lambda here: here.l3,
    "failure_queue": lambda here: here.l1 or here.l2,  # whoever calls the writer waits for its answer
    "log_group": lambda here: here.l1 or here.l2 or here.l3,
    "configuration_layer": lambda here: here.l1 or here.l2 or here.l3,
}

COMPONENTS = tuple(_NEEDED_WHEN)
"""Everything a twin can consist of but devices' own processors and secrets, whose number its configuration decides."""


def needed(providers: Mapping[str, str], *, event_checking: bool) -> frozenset[str]:
    """The components that a mapping puts on AWS; none at all is a valid answer."""
    here = Here.of(providers, event_checking=event_checking)
    return frozenset(component for component, wanted in _NEEDED_WHEN.items() if wanted(here))
