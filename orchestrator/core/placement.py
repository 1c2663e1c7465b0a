"""Where a twin runs: which layers are on AWS, and how the installation watches its twins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Watch:
    """Whether twins have alarms and dashboards, and which SNS topic the alarms notify.

    The rates are what is taken for normal, a minute: requests turned away, and all requests on a public URL.
    """

    alarms: bool = True
    dashboards: bool = True
    topic_arn: str | None = None
    refused_per_minute: int = 10
    requests_per_minute: int = 6000


WATCHED = Watch()
"""How twins are watched by default."""


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
        l1, l2, l3 = (providers[f"layer_{layer}_provider"] == "aws" for layer in ("1", "2", "3_hot"))
        return cls(l1, l2, l3, event_checking=event_checking, batching=batching, watch=watch)

    @property
    def any(self) -> bool:
        """Whether anything runs on AWS at all."""
        return self.l1 or self.l2 or self.l3
