"""The writer on AWS: a public endpoint in front of the hot table, for events from the cloud that L2 is on."""

from __future__ import annotations

from typing import Any

import lambda_functions.aws.hot_table  # noqa: F401  # loaded while the worker starts
from lambda_functions.aws import cloud
from lambda_functions.aws.entry import observed
from lambda_functions.shared import endpoint, twin_info
from lambda_functions.shared.envelope import L3
from lambda_functions.shared.hops import store
from lambda_functions.shared.port import Invocation

cloud.ready("dynamodb", *cloud.SECRETS)


@observed("writer")
def lambda_handler(event: Any, context: Invocation) -> dict[str, Any]:
    """Event: the HTTP request of a Function URL. Answers 200 once the event is in the hot table."""
    return endpoint.serve(event, context, cloud, L3, _devices, lambda envelope: store(cloud, envelope))


def _devices() -> frozenset[str] | None:
    info = twin_info.find()
    return info.devices if info else None
