"""Sums up an inspection: what is missing, what has drifted and in which fields, and what is left over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from deploy_steps.contract import Outcome, Result
from deploy_steps.shared import findings, summary
from deploy_steps.shared.explanation import explained
from deploy_steps.task import task

ACTIONS: tuple[str, ...] = ()


def summed_up(state: Mapping[str, Any]) -> dict[str, Any]:
    """The output of `inspect`, from a state with the comparison's answer and those of a dry removal, or a `failure`.

    `outcome` is `as deployed`, `drifted` or `failed` (then with `error` and `cause`); `findings` as in
    `deploy_steps.shared.findings`. `retained` names what the mapping does not need and was left for its data.
    """
    if "failure" in state:
        error, message = explained(state["failure"])
        return {"outcome": "failed", "error": error, "cause": f"{message} Nothing was changed; start it again."}
    compared, *removed = state["results"]
    steps = summary.steps(removed)
    left_over = findings.cut(found for step in steps if (found := findings.left_over(step)))
    counts = Counter(compared["counts"]) + Counter(left_over["counts"])
    told = ", ".join(f"{number} {problem}" for problem, number in counts.items()) or "no drift"
    listed = [*compared["findings"], *left_over["findings"]]
    cut = f" The first {len(listed)} are listed." if counts.total() > len(listed) else ""
    return {
        "outcome": "drifted" if counts else "as deployed",
        "twin": state["twin"],
        "says": f"Checked {compared['checked'] + len(steps)} resources of '{state['twin']}': {told}.{cut}",
        "findings": listed,
        "retained": summary.retained(steps),
        "next": f"gluecode deploy {compared['project']}" if counts else "",
    }


@task
def handler(event: Mapping[str, Any]) -> tuple[Result, dict[str, Any]]:
    """Handler. Event: run, dry_run, state (with `results` or `failure`)."""
    answer = summed_up(event["state"])
    found: Outcome = "drifted" if answer["outcome"] == "drifted" else "present"
    return Result("findings", event["state"]["twin"], found), answer
