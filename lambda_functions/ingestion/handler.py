"""Ingestion on AWS: a public endpoint in front of the processors, for events from the cloud that L1 is on."""

from __future__ import annotations

from typing import Any

from lambda_functions.aws import cloud
from lambda_functions.aws.entry import observed
from lambda_functions.ingestion.ingest import ingest
from lambda_functions.shared import endpoint, twin_info
from lambda_functions.shared.envelope import L2
from lambda_functions.shared.port import Invocation

cloud.ready("lambda", *cloud.SECRETS)


@observed("ingestion")
def lambda_handler(event: Any, context: Invocation) -> dict[str, Any]:
    """Event: the HTTP request of a Function URL. Answers 200 once Lambda has the event and will run the processor."""
    return endpoint.serve(
        event, context, cloud, L2, lambda: twin_info.load().devices, lambda envelope: ingest(cloud, envelope)
    )
