"""Puts events on the account's bus: how a deployment ended, which twin has drifted, what shall be deployed again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from deploy_steps.errors import ServiceUnavailable
from deploy_steps.shared import settings
from orchestrator.core.event_types import FAILED, SOURCE, SUCCEEDED

_TOLD = (
    *("outcome", "twin", "project", "digest", "summary", "says", "urls", "retained", "next", "error", "cause"),
    "report",
)
_LARGEST_INPUT = 4_000  # characters; whatever was typed is told, but not a novel
_LARGEST_FINDINGS = 100_000  # characters; an event has room for 256 KB


def announcement(event: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """The detail-type and the detail of the event that tells a deployment's result; None for a dry run.

    Event: run, execution, started, request (whatever was typed), outcome (of `outcome.outcome`; where the deployment
    did not start, outcome, error and cause). The steps are left out: the execution's output and the journal have them.
    """
    outcome, request = event["outcome"], event["request"]
    asked = request if isinstance(request, Mapping) else {}
    if outcome.get("dry_run", asked.get("dry_run")) is True:
        return None
    detail = {
        "project": asked.get("project", ""),
        **{name: outcome[name] for name in _TOLD if name in outcome},
        "installation": settings.prefix(),
        "run": event["run"],
        "execution": event["execution"],
        "started": event["started"],
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    if len(json.dumps(request)) <= _LARGEST_INPUT:
        detail["input"] = request
    return (SUCCEEDED if outcome["outcome"] == "deployed" else FAILED), detail


def put(client: Any, detail_type: str, detail: Mapping[str, Any]) -> None:
    """Put one event of ours on the default bus. Raises ServiceUnavailable when the bus did not take it."""
    entry = {"Source": SOURCE, "DetailType": detail_type, "Detail": json.dumps(detail)}
    refused = [each for each in client.put_events(Entries=[entry]).get("Entries", []) if "ErrorCode" in each]
    if refused:
        raise ServiceUnavailable(f"PutEvents: {refused[0].get('ErrorMessage', '')} ({refused[0]['ErrorCode']})")


def drift(event: Mapping[str, Any]) -> dict[str, Any]:
    """The detail of the event that tells of a twin's drift. Event: twin, project, inspection (says, findings)."""
    found = event["inspection"]
    told = {"twin": event["twin"], "project": event["project"], "says": found["says"]}
    if len(json.dumps(found["findings"])) <= _LARGEST_FINDINGS:
        told["findings"] = found["findings"]
    return {**told, "installation": settings.prefix(), "run": event["run"]}
