"""Shows what an execution came to: the changes it would make, what it found, the addresses it leaves behind."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.text import Text

from orchestrator.cli import output
from orchestrator.cli.progress import STYLES, WOULD

_LONGEST_VALUE = 100
_SIGNS = {"create": "+", "update": "~", "remove": "-", "keep": "=", "keep data": "="}
_FINDING_STYLES = {"missing": "bold red", "drifted": "yellow", "left over": "magenta"}


def planned(steps: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What a deployment would do to each resource. What is not there and stays away is left out."""
    return [
        {**step, "action": WOULD.get(step["outcome"], step["outcome"]), "changes": step.get("changes", [])}
        for step in steps
        if step["outcome"] != "absent"
    ]


def show_plan(resources: Sequence[Mapping[str, Any]]) -> None:
    """Print each resource with what would happen to it, field by field, and a sum at the end."""
    for resource in resources:
        action = resource["action"]
        _resource(f"{_SIGNS[action]} {action}", resource, STYLES.get(action, "dim"))
    tally = {action: sum(resource["action"] == action for resource in resources) for action in _SIGNS}
    counted = ", ".join(f"{number} to {action}" for action, number in tally.items() if number)
    output.tell(f"Plan: {counted or 'nothing on AWS'}. Nothing was changed.", "bold")


def show_findings(result: Mapping[str, Any]) -> None:
    """Print each thing that is not as it was deployed, field by field, and a sum at the end."""
    for finding in result["findings"]:
        _resource(finding["problem"], finding, _FINDING_STYLES.get(finding["problem"], ""))
    for name in result["retained"]:
        output.tell(f"kept for its data: {name}", "cyan")
    output.tell(result["says"], "bold" if result["findings"] else "bold green")


def show_deployed(result: Mapping[str, Any], region: str, flags: str) -> None:
    """Print how a deployment ended, its Function URLs, and what to tell the other clouds."""
    output.tell(result["says"], "bold green")
    for function, url in result.get("urls", {}).items():
        output.tell(f"  {function:<10} {url}", "cyan")
    for connection, entry in result.get("connections", {}).items():
        output.tell(f"\nFor the other side of {connection}, to be put into its configuration:", "bold")
        shown = {"connections": {connection: {"url": entry["url"], "token": "…"}}}
        output.tell(json.dumps(shown, indent=2, ensure_ascii=False))
        output.tell(f"The token is in Secrets Manager: {token_command(entry['token_secret'], region)}")
    show_next(result, flags)


def show_destroyed(result: Mapping[str, Any]) -> None:
    """Print how a removal ended, and what was left for its data."""
    output.tell(result["says"], "bold green")
    for name in result["retained"]:
        output.tell(f"  kept: {name}", "cyan")


def show_next(result: Mapping[str, Any], flags: str) -> None:
    """Print the command that comes next."""
    if result.get("next"):
        output.say(f"Next: {result['next']}{flags}", "dim")


def token_command(secret: str, region: str) -> str:
    """How to read a connection's token with the AWS command line."""
    return (
        f"aws secretsmanager get-secret-value --secret-id {secret} --region {region} --query SecretString --output text"
    )


def _resource(action: str, found: Mapping[str, Any], style: str) -> None:
    line = Text.assemble((f"{action:<13} ", style), f"{found['kind']:<16} {found['name']}")
    output.results().print(line, soft_wrap=True)
    for change in found["changes"]:
        before, after = (_short(change["before"]), "magenta"), (_short(change["after"]), "green")
        line = Text.assemble((f"{'':<14}{change['field']}: ", "dim"), before, (" → ", "dim"), after)
        output.results().print(line, soft_wrap=True)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"
