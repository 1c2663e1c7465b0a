"""Shows what a check of permissions came to: a table by layer and service, the reasons, and a policy to paste."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from rich.table import Table
from rich.text import Text

from orchestrator.cli import output
from orchestrator.operations import iam_check
from orchestrator.operations.iam_check import LAYERS, Finding, Report, Steps

_HOW = {
    "root": "it may do everything, unless a policy of the organization forbids it",
    "simulation": "asked of IAM's policy simulator",
    "policies": "worked out from the policies",
    "nothing": "nothing could be found out",
}
_VERDICTS = ("missing", "unknown", "conditional")
_STYLES = {"missing": "bold red", "unknown": "yellow", "conditional": "cyan"}
_HEADINGS = {
    "missing": "missing",
    "unknown": "could not be determined",
    "conditional": "may depend on a condition",
}


def show(report: Report, steps: Steps) -> None:
    """Print all of it: results to standard output, what could not be found out to standard error."""
    output.tell(f"{report.principal} ({report.principal.arn}): {_HOW[report.how]}.", "bold")
    output.results().print(_table(report))
    for reason, actions in _reasons(report.of(*_VERDICTS)).items():
        output.tell(f"{reason}: {', '.join(actions)}", "dim")
    for note in report.notes:
        output.say(f"note: {note}", "yellow")
    _show_steps(steps)
    missing = report.of("missing")
    if missing:
        _show_policies(report, missing)
    elif not (report.of("unknown") or steps.lacking):
        output.tell("Nothing is missing.", "bold green")


def as_dict(report: Report, steps: Steps) -> dict[str, Any]:
    """The check for a script: group → service → actions, for each verdict but `allowed`."""
    return {
        "principal": {"kind": report.principal.kind, "name": report.principal.name, "arn": report.principal.arn},
        "how": report.how,
        **{verdict: _by_group(report.of(verdict)) for verdict in _VERDICTS},
        "notes": list(report.notes),
        "policies": list(iam_check.policies(report.of("missing"))),
        "steps": {"checked": steps.checked, "missing": [vars(lack) for lack in steps.lacking], "note": steps.note},
    }


def _table(report: Report) -> Table:
    shown = output.table("for", "service", "allowed", "not (yet)")
    for (group, service), found in groupby(report.findings_by_service(), key=lambda each: (each.group, each.service)):
        by_action = _worst(found)
        allowed = sum(verdict == "allowed" for verdict in by_action.values())
        style = "green" if allowed == len(by_action) else ""
        shown.add_row(
            group.replace("_", " "), service, Text(f"{allowed} of {len(by_action)}", style), _not_allowed(by_action)
        )
    return shown


def _worst(findings: Iterable[Finding]) -> dict[str, str]:
    """The verdict on each action, the gravest of all places where it is used."""
    order = ("allowed", *reversed(_VERDICTS))
    verdicts: dict[str, str] = {}
    for finding in findings:
        name = finding.action.partition(":")[2]
        verdicts[name] = max(verdicts.get(name, "allowed"), finding.decision.verdict, key=order.index)
    return verdicts


def _not_allowed(by_action: dict[str, str]) -> Text:
    parts = []
    for verdict in _VERDICTS:
        names = [name for name, said in by_action.items() if said == verdict]
        if names:
            parts.append(Text.assemble((f"{_HEADINGS[verdict]}: ", _STYLES[verdict]), ", ".join(names)))
    return Text("\n").join(parts)


def _reasons(findings: Iterable[Finding]) -> dict[str, list[str]]:
    """Reason → actions. That no policy allows something needs no reason."""
    reasons: dict[str, set[str]] = {}
    for finding in findings:
        if not finding.grantable:
            reasons.setdefault(finding.decision.why, set()).add(finding.action)
    return {reason: sorted(actions) for reason, actions in reasons.items()}


def _show_steps(steps: Steps) -> None:
    if steps.note:
        output.say(f"note: {steps.note}", "yellow")
    for lack in steps.lacking:
        where = f"the step {lack.task} lacks {lack.action} on {lack.resource}"
        output.tell(f"{where} (role {lack.role}): {lack.why}", "bold red")
    if steps.lacking:
        output.say("Put it back into the roles' policies; drift detection on the stack shows what was changed.", "dim")
    elif steps.checked:
        output.tell(f"The steps act under roles of their own: all {steps.checked} have what they need.", "green")


def _show_policies(report: Report, missing: tuple[Finding, ...]) -> None:
    documents = iam_check.policies(missing)
    if documents:
        count = "this policy" if len(documents) == 1 else f"these {len(documents)} policies"
        output.tell(f"\nTo grant what no policy allows, attach {count} to {report.principal}:", "bold")
    for document in documents:
        output.tell(json.dumps(document, indent=2))
    if any(finding.group in LAYERS for finding in missing):
        output.say(
            "The steps of an installed orchestrator do not need it: what layers take, their own roles have. "
            "`--layer command-line` checks what deploying takes from you.",
            "dim",
        )


def _by_group(findings: tuple[Finding, ...]) -> dict[str, dict[str, list[str]]]:
    groups = dict.fromkeys(finding.group for finding in findings)
    return {
        group: iam_check.by_service(finding.action for finding in findings if finding.group == group)
        for group in groups
    }
