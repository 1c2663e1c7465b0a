"""Which components a provider mapping puts on AWS: the decision table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from orchestrator.core import names
from orchestrator.core.plan.watch import WATCHED, Watch

FUNCTIONS = ("dispatcher", "connector", "ingestion", "processor", "persister", "event_checker", "writer")
"""The functions of a twin, in the order in which an event can pass them."""

PUBLIC = ("ingestion", "writer")
"""Those that another cloud calls over a URL; the others are invoked asynchronously."""

SENDERS = ("connector", "persister")
"""Those that can send to another cloud, and then can work off a queue of what waits to be sent."""


@dataclass(frozen=True)
class Placement:
    """Which of the three layers run on AWS, whether events are checked, whether those that are sent to another cloud
    share requests, and how the installation watches its twins.
    """

    l1: bool
    l2: bool
    l3: bool
    event_checking: bool
    batching: bool = False
    watch: Watch = WATCHED

    @classmethod
    def of(
        cls, providers: Mapping[str, str], *, event_checking: bool, batching: bool = False, watch: Watch = WATCHED
    ) -> Placement:
        """Read the provider mapping: `{"layer_1_provider": "aws", …}`."""
        return cls(
            l1=providers["layer_1_provider"] == "aws",
            l2=providers["layer_2_provider"] == "aws",
            l3=providers["layer_3_hot_provider"] == "aws",
            event_checking=event_checking,
            batching=batching,
            watch=watch,
        )

    @property
    def needed(self) -> frozenset[str]:
        """The components that this puts on AWS; none at all is a valid answer."""
        return frozenset(component for component, wanted in _NEEDED_WHEN.items() if wanted(self))

    @property
    def any(self) -> bool:
        """Whether anything runs on AWS at all."""
        return self.l1 or self.l2 or self.l3

    @property
    def asynchronous(self) -> bool:
        """Whether there are functions that nobody waits for. Whoever calls the writer waits for its answer."""
        return self.l1 or self.l2

    @property
    def public(self) -> bool:
        """Whether another cloud calls a function here."""
        return (self.l2 and not self.l1) or (self.l3 and not self.l2)


_NEEDED_WHEN: dict[str, Callable[[Placement], bool]] = {
    "iot_rule": lambda here: here.l1,  # with the role that it reports its errors under
    "dispatcher": lambda here: here.l1,
    "connector": lambda here: here.l1 and not here.l2,
    "ingestion": lambda here: here.l2 and not here.l1,
    "processor": lambda here: here.l2,
    "persister": lambda here: here.l2,
    "event_checker": lambda here: here.l2 and here.event_checking,
    "writer": lambda here: here.l3 and not here.l2,
    "hot_table": lambda here: here.l3,
    "failure_queue": lambda here: here.asynchronous,
    "log_group": lambda here: here.any,
    "connector_queue": lambda here: here.l1 and not here.l2 and here.batching,
    "persister_queue": lambda here: here.l2 and not here.l3 and here.batching,
    "configuration_layer": lambda here: here.any,
    "failed_events_alarm": lambda here: here.asynchronous and here.watch.alarms,
    "refused_requests_alarm": lambda here: here.public and here.watch.alarms,
    "url_requests_alarm": lambda here: here.public and here.watch.alarms,
    "dashboard": lambda here: here.any and here.watch.dashboards,
}

QUEUES = {f"{sender}_queue": sender for sender in SENDERS}
"""The components that are outboxes, and the function that works each off. No mapping needs both."""

COMPONENTS = tuple(_NEEDED_WHEN)
"""Everything a twin can consist of but devices' own processors and secrets, whose number its configuration decides."""


ALARMS = {f"{alarm.replace('-', '_')}_alarm": alarm for alarm in names.ALARMS}
"""The components that are alarms, and the ends of their names. They are made and removed together, in one step."""


def needed(
    providers: Mapping[str, str], *, event_checking: bool, batching: bool = False, watch: Watch = WATCHED
) -> frozenset[str]:
    """The components that a mapping puts on AWS; none at all is a valid answer."""
    return Placement.of(providers, event_checking=event_checking, batching=batching, watch=watch).needed
