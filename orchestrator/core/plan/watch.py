"""How an installation watches its twins: what `gluecode install` was told, and every twin gets."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Watch:
    """Whether twins have alarms and dashboards, and which SNS topic the alarms tell.

    The rates are what is taken for normal, a minute: requests turned away, and all requests on a public URL.
    """

    alarms: bool = True
    dashboards: bool = True
    topic_arn: str | None = None
    refused_per_minute: int = 10
    requests_per_minute: int = 6000


WATCHED = Watch()
"""How twins are watched unless somebody says otherwise."""
