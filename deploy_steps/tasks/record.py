"""What the account remembers of a twin: the record of what is or may be there, and the history of what was done.

The record is widened to "what was there and what is about to be" before the first change, and narrowed to what is there
after the last one, so that no crash leaves anything unknown behind.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from deploy_steps import aws
from deploy_steps.contract import Result
from deploy_steps.task import journal
from deploy_steps.tasks import settings, state_table
from deploy_steps.tasks.leftovers import EVERY_CONNECTION, leftovers, wanted
from deploy_steps.tasks.outcome import outcome
from deploy_steps.tasks.snapshot import kept
from orchestrator.names import snapshot_key
from orchestrator.plan.footprint import Footprint

KIND = "record"
START_ACTIONS = ("dynamodb:GetItem", "dynamodb:PutItem")
OUTCOME_ACTIONS = (
    "dynamodb:PutItem",
    "dynamodb:DeleteItem",
    "s3:PutObject",
    "s3:DeleteObject",
)

OURS = "ours"
"""Under this name the record keeps what the last successful deployment left, also while the next one is at work."""

_COPIED = ("project", "source", "providers", "event_checking", "digest")


def start(dynamodb: Any, table: str, event: Mapping[str, Any]) -> dict[str, Any]:
    """Widen the record, open the run's history, and answer what may be left over (`leftovers`).

    Event: verb, run, execution, started, dry_run, state (the plan, or the identities that destroy works with).
    """
    plan, twin = event["state"], event["state"]["twin"]
    record = state_table.read(dynamodb, table, twin, state_table.RECORD)
    before, now = known(record, event["verb"]), wanted(plan)
    drain = event["verb"] == "deploy" or bool(plan["retain_data"] and record)
    if not event["dry_run"]:
        wider = {**_about(plan), **(record or {}), **_lists(before | now)}
        if event["verb"] == "deploy" and wider != record:
            state_table.write(dynamodb, table, twin, state_table.RECORD, {**wider, "execution": event["execution"]})
        state_table.write(dynamodb, table, twin, _run(event), _history(event, {"outcome": "running"}))
    return leftovers(twin, before, now, drain=drain)


def finish(dynamodb: Any, s3: Any, table: str, bucket: str, event: Mapping[str, Any]) -> dict[str, Any]:
    """Narrow the record if all went well, close the run's history, and answer what happened (`outcome.outcome`).

    Doing it twice changes nothing. Event as of `start`; the state has `results`, or `failure` where it failed.
    """
    plan, answer = event["state"], outcome(event["verb"], event["state"])
    if event["dry_run"]:
        return answer
    twin, snapshot = plan["twin"], {"Bucket": bucket, "Key": snapshot_key(plan["twin"])}
    if answer["outcome"] != "failed" and (event["verb"] == "destroy" or plan.get("nothing_to_go_back_to")):
        s3.delete_object(**snapshot)
        state_table.remove(dynamodb, table, twin, state_table.RECORD)
    elif answer["outcome"] != "failed":
        s3.put_object(**snapshot, Body=json.dumps(kept(plan)).encode(), ContentType="application/json")
        there = _lists(wanted(plan))
        record = {**_about(plan), **there, OURS: there, "execution": event["execution"], "deployed_at": _now()}
        state_table.write(dynamodb, table, twin, state_table.RECORD, record)
    state_table.write(dynamodb, table, twin, _run(event), _history(event, _ending(answer)))
    return answer


def known(record: Mapping[str, Any] | None, verb: str) -> Footprint:
    """What may be there: what the record says. `destroy` without a record looks for every connection's secret as well,
    because tokens are put there before the first deployment starts.
    """
    if record is None:
        return Footprint(connections=EVERY_CONNECTION) if verb == "destroy" else Footprint()
    return Footprint.read(record)


def ours(record: Mapping[str, Any] | None) -> Footprint:
    """What the last successful deployment left there: it stays ours, even stripped of its tags."""
    return Footprint.read((record or {}).get(OURS, {}))


def _about(plan: Mapping[str, Any]) -> dict[str, Any]:
    return {name: plan[name] for name in _COPIED if name in plan}


def _lists(footprint: Footprint) -> dict[str, list[str]]:
    return {name: list(value) for name, value in asdict(footprint).items()}


def _run(event: Mapping[str, Any]) -> str:
    """The key of a run in the history: sorted by time, and the same when the step runs again."""
    return f"run#{event['started']}#{event['run']}"


def _history(event: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    about = {"verb": event["verb"], "execution": event["execution"], "started": event["started"]}
    return {**about, "digest": event["state"].get("digest", ""), **more}


def _ending(answer: Mapping[str, Any]) -> dict[str, Any]:
    ending = {"outcome": answer["outcome"], "ended": _now(), "summary": answer["summary"]}
    if "error" in answer:
        ending |= {"error": answer["error"], "error_cause": answer["cause"]}
    return ending


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def start_task(event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
    """Handler of `start`."""
    with journal(event, KIND, "start") as note, aws.translated():
        answer = start(aws.client("dynamodb"), settings.state_table(), event)
        note(Result(KIND, event["state"]["twin"], "unchanged" if event["dry_run"] else "updated"))
    return answer


def outcome_task(event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
    """Handler of `finish`."""
    with journal(event, KIND, "finish") as note, aws.translated():
        clients = aws.client("dynamodb"), aws.client("s3")
        answer = finish(*clients, settings.state_table(), settings.artifact_bucket(), event)
        note(Result(KIND, event["state"]["twin"], "unchanged" if event["dry_run"] else "updated"))
    return answer
