"""What the account remembers of a twin: the record of what is or may be there, and the history of what was done.

The record is widened to "what was there and what is about to be" before the first change, and narrowed to what is there
after the last one, so that no crash leaves anything unknown behind.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from deploy_steps.errors import Locked
from deploy_steps.shared import settings, summary
from deploy_steps.shared.outcome import outcome
from deploy_steps.state import state_table, stored_plan
from orchestrator.core.catalogue import COMPONENTS, QUEUES
from orchestrator.core.names import UNSCOPED, TwinNames
from orchestrator.core.plan.footprint import Footprint
from orchestrator.core.plan.prune import EVERY_CONNECTION, Removal, wanted
from orchestrator.core.plan.starting_state import starting_state
from orchestrator.core.specs import Owner

KIND = "record"

OURS = "ours"
"""Under this name the record keeps what the last successful deployment left, also while the next one is at work."""

UNDER_WAY = "under_way"
"""Under this name the record has the run that has begun to change the twin, until one has succeeded."""

LEAVING = "leaving"
"""Under this name the record keeps the queues that a run since then was about to delete, or has deleted."""

_QUEUES = frozenset({"failure_queue", *QUEUES})
_COPIED = ("project", "source", "providers", "event_checking", "digest")


def start(dynamodb: Any, table: str, event: Mapping[str, Any]) -> dict[str, Any]:
    """Widen the record, open the run's history, and answer what the run starts from (`starting_state.starting_state`).

    Event: verb, run, execution, started, dry_run, state (the plan, or what destroy works with). Raises
    Locked when the twin was deployed by another execution after the plan was made.
    """
    plan, twin = event["state"], event["state"]["twin"]
    widen = event["verb"] == "deploy" and not event["dry_run"]
    with ThreadPoolExecutor(1) as meanwhile:
        if not event["dry_run"]:
            running = _history(event, {"outcome": "running"})
            opening = meanwhile.submit(state_table.write, dynamodb, table, twin, _run(event), running)
        if widen:
            record = _widened(dynamodb, table, event)
        elif event["verb"] == "destroy" and not event["dry_run"]:
            record = state_table.mark(dynamodb, table, twin, state_table.RECORD, {LEAVING: _QUEUES})
        else:
            record = state_table.read(dynamodb, table, twin, state_table.RECORD)
        if not event["dry_run"]:
            opening.result()
    return run_start(plan, record, event["verb"], settings.installation(event["execution"]).scope)


def run_start(plan: Mapping[str, Any], record: Mapping[str, Any] | None, verb: str, scope: str) -> dict[str, Any]:
    """What the run starts from, by the twin's record. `scope` is that of the installation."""
    drain = verb == "deploy" or (verb == "destroy" and plan["retain_data"])
    draining = Footprint.read(record or {}) if drain else Footprint()
    before = may_exist(record, verb)
    how = Removal(plan["retain_data"], draining, plan["dry_run"], scope, before.scopes)
    # What an unfinished run has done to roles and functions, no plan says.
    changing = _role_names(plan) if (record or {}).get(UNDER_WAY) else plan.get("changing_roles", ())
    leaving = (record or {}).get(LEAVING, ())
    return starting_state(plan, before, ours(record), how, changing, leaving)


def _role_names(plan: Mapping[str, Any]) -> list[str]:
    if "functions" not in plan:
        return []
    return [*(function["name"] for function in plan["functions"].values()), plan["iot_role"]["name"]]


def _widened(dynamodb: Any, table: str, event: Mapping[str, Any]) -> dict[str, Any] | None:
    plan, ours = event["state"], event["execution"]
    about, now = {**_about(plan), "execution": ours, UNDER_WAY: ours}, wanted(plan)
    leaving = _QUEUES - {*now.components}
    there = now | Footprint(scopes=plan.get("scopes", ()))
    sets = {**_sets(there), **({LEAVING: leaving} if leaving else {})}
    # The plan was made before the lock was taken; and a step whose answer got lost finds what it wrote itself.
    only_of = (plan["deployed_by"], ours) if "deployed_by" in plan else ()
    try:
        return state_table.widen(dynamodb, table, plan["twin"], state_table.RECORD, about, sets, only_of=only_of)
    except dynamodb.exceptions.ConditionalCheckFailedException:
        raise Locked(
            f"The twin '{plan['twin']}' was deployed by another execution after this one had read the project, which "
            "may have changed since. Start again."
        ) from None


def finish(dynamodb: Any, table: str, event: Mapping[str, Any]) -> dict[str, Any]:
    """Narrow the record if all went well, close the run's history, and answer what happened (`outcome.outcome`).

    Doing it twice changes nothing. Event as of `start`; the state has `results`, or `failure` where it failed. A run
    that was `compared` (true) found nothing to change, so record and snapshot stay as they are.
    """
    plan, answer = event["state"], outcome(event["verb"], event["state"])
    if event["dry_run"]:
        return answer
    items: dict[str, Mapping[str, Any] | None] = {_run(event): _history(event, _ending(answer))}
    if answer["outcome"] != "failed" and (event["verb"] == "destroy" or plan.get("nothing_to_go_back_to")):
        items |= {state_table.RECORD: None, stored_plan.ITEM: None}
    elif answer["outcome"] != "failed" and not event.get("compared"):
        last = stored_plan.kept(plan)
        done = {"execution": event["execution"], "deployed_at": _now()}
        there = wanted(plan)
        items[state_table.RECORD] = {**_about(last), **_sets(there | _retained(plan)), OURS: _sets(there), **done}
        items[stored_plan.ITEM] = stored_plan.packed(last)
    state_table.write_together(dynamodb, table, plan["twin"], items)
    return answer


def may_exist(record: Mapping[str, Any] | None, verb: str) -> Footprint:
    """What may exist: for `deploy` what the record says; `destroy` and `inspect` look for every component besides.

    `destroy` without a record looks for every connection's secret as well, because tokens are put there before the
    first deployment starts.
    """
    found = Footprint.read(record or {})
    if verb == "deploy":
        return found
    connections = EVERY_CONNECTION if verb == "destroy" and record is None else ()
    return found | Footprint(COMPONENTS, connections=connections)


def ours(record: Mapping[str, Any] | None) -> Footprint:
    """What the last successful deployment left there: it stays ours, even stripped of its tags."""
    return Footprint.read((record or {}).get(OURS, {}))


def owner_of_secret(owner: Owner, record: Mapping[str, Any] | None, connection: str) -> Owner:
    """The owner of a connection's secret, with what the record knows of it."""
    unmarked = UNSCOPED in Footprint.read(record or {}).scopes
    return replace(owner, recorded=connection in ours(record).connections, unmarked=unmarked)


def _retained(plan: Mapping[str, Any]) -> Footprint:
    """The outboxes in which events still wait: the next deployment looks whether they are empty by then."""
    left = {
        step["name"]
        for step in summary.steps(plan["results"])
        if (step["kind"], step["outcome"]) == ("outbox", "retained")
    }
    names = TwinNames(plan["twin"])
    return Footprint(tuple(queue for queue, sender in QUEUES.items() if names.outbox(sender) in left))


def _about(plan: Mapping[str, Any]) -> dict[str, Any]:
    return {name: plan[name] for name in _COPIED if name in plan}


def _sets(footprint: Footprint) -> dict[str, set[str]]:
    """As DynamoDB has sets: none of them is empty."""
    return {name: set(value) for name, value in asdict(footprint).items() if value}


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
