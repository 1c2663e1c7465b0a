"""Sums up an inspection: what is missing, what has drifted and in which fields, and what is left over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from deploy_steps import aws
from deploy_steps.contract import Result
from deploy_steps.shared import summary
from deploy_steps.shared.explanation import explained
from deploy_steps.task import journal

KIND = "findings"
ACTIONS: tuple[str, ...] = ()

# What the mapping needs was compared (`wanted`); what it does not need was asked for by a dry run of its removal.
_PROBLEMS = {(True, "absent"): "missing", (True, "drifted"): "drifted", (False, "deleted"): "left over"}


def findings(state: Mapping[str, Any]) -> dict[str, Any]:
    """The output of `inspect`, from a state whose `results` hold what every step answered.

    `outcome` is `as deployed`, `drifted` or `failed` (then with `error` and `cause`); `findings` has one entry for each
    thing amiss: kind, name, problem (`missing`, `drifted` or `left over`), changes (field, before: what is there,
    after: what should be). `retained` names what the mapping does not need and was left for its data.
    """
    if "failure" in state:
        error, message = explained(state["failure"])
        return {"outcome": "failed", "error": error, "cause": f"{message} Nothing was changed; start it again."}
    steps = summary.steps(state["results"])
    found = [finding for step in steps if (finding := _finding(step))]
    counts = Counter(finding["problem"] for finding in found)
    told = ", ".join(f"{number} {problem}" for problem, number in counts.items()) or "as it was deployed"
    return {
        "outcome": "drifted" if found else "as deployed",
        "twin": state["twin"],
        "says": f"Of the {len(steps)} things looked at of the twin '{state['twin']}': {told}.",
        "findings": found,
        "retained": summary.retained(steps),
        "next": f"gluecode deploy {state['project']}" if found else "",
    }


def _finding(step: summary.Step) -> dict[str, Any] | None:
    problem = _PROBLEMS.get((step.get("wanted", False), step["outcome"]))
    if problem is None:
        return None
    return {"kind": step["kind"], "name": step["name"], "problem": problem, "changes": step.get("changes", [])}


def handler(event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
    """Handler. Event: run, dry_run, state (with `results` or `failure`)."""
    with journal(event, KIND, "list") as note, aws.translated():
        answer = findings(event["state"])
        note(Result(KIND, event["state"]["twin"], "drifted" if answer["outcome"] == "drifted" else "present"))
    return answer
