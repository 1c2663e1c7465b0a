"""The plan of the last successful deployment, kept in the bucket: what rollback returns to and inspect measures by."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from orchestrator.names import snapshot_key

_OF_THE_RUN = ("run", "dry_run", "on_failure", "retain_data", "drain_seconds", "expected_steps", "results", "known")
_OF_A_FAILURE = ("failure", "rollback_failure", "rolled_back_from", "nothing_to_go_back_to", "outcome")


def kept(state: Mapping[str, Any]) -> dict[str, Any]:
    """The plan in a finished execution's state, with the configuration layer's version that came of it."""
    plan = {name: value for name, value in state.items() if name not in (*_OF_THE_RUN, *_OF_A_FAILURE)}
    layer = state["results"]["steps"].get("shared", {}).get("configuration_layer", {})
    return {**plan, "configuration_layer_arn": layer.get("outputs", {}).get("arn", "")}


def read(s3: Any, bucket: str, twin: str) -> dict[str, Any] | None:
    """The snapshot of a twin, or None when no deployment of it has succeeded yet."""
    try:
        body = s3.get_object(Bucket=bucket, Key=snapshot_key(twin))["Body"].read()
    except s3.exceptions.NoSuchKey:
        return None
    plan: dict[str, Any] = json.loads(body)
    return plan
