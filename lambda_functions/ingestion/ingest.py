"""Hands an event from another cloud to its device's processor."""

from __future__ import annotations

from lambda_functions.shared.envelope import Envelope
from lambda_functions.shared.event import check_values
from lambda_functions.shared.hops import process_event
from lambda_functions.shared.port import Cloud


def ingest(cloud: Cloud, envelope: Envelope) -> None:
    """Hand the event on. Raises Refused for one that no store could keep, the cloud's error when it is not accepted."""
    check_values(envelope.payload)
    process_event(cloud, envelope)
