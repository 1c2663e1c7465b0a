"""Stores an event in the hot table of this cloud, and reports it."""

from __future__ import annotations

from typing import Literal

from lambda_functions.shared import observability
from lambda_functions.shared.envelope import Envelope
from lambda_functions.shared.port import Cloud


def store(cloud: Cloud, envelope: Envelope) -> Literal["stored"]:
    """Store the event. Raises what `Cloud.store` raises."""
    table = cloud.store(envelope.payload)
    observability.hop("stored", "The event is in the hot table.", to=table)
    return "stored"
