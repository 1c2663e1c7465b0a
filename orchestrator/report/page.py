"""The report as one HTML file: no script, no font and no picture beside it; it can be printed, and read in the dark."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from html import escape
from typing import Any

from orchestrator.graphs import model, svg
from orchestrator.report import timeline
from orchestrator.report.facts import Attempt, Facts
from orchestrator.report.route import final, route, waited
from orchestrator.report.sheet import sheet
from state_machines import definition

_VERDICTS = {
    "SUCCEEDED": ("done", "good"),
    "RUNNING": ("running", "changed"),
    "FAILED": ("failed", "bad"),
    "TIMED_OUT": ("timed out", "bad"),
    "ABORTED": ("stopped", "bad"),
}
_LEGEND = ("created", "updated", "deleted", "unchanged", "failed", "waiting")
_LONGEST_VALUE = 400


def render(facts: Facts) -> str:
    """The whole file."""
    word, kind = _verdict(facts)
    subject = f"{facts.machine} {facts.twin}".strip()
    body = "".join(
        (
            f'<h1>{escape(subject)} <span class="badge {kind}">{escape(word)}</span></h1>',
            _summary(facts),
            _failure(facts),
            _outputs(facts),
            _graphs(facts),
            f"<h2>Timeline</h2>{_legend()}<figure>{timeline.draw(facts)}{timeline.draw(facts, narrow=True)}</figure>"
            if facts.attempts
            else "",
            _steps(facts),
            _raw(facts),
        )
    )
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(f'{subject}: {word}')}</title>"
        f"<style>{sheet()}</style></head>\n<body><main>{body}"
        f"<footer>Written by gluecode from the execution and the journal of its steps.</footer></main></body></html>\n"
    )


def _verdict(facts: Facts) -> tuple[str, str]:
    word, kind = _VERDICTS.get(facts.status, (facts.status.lower(), "changed"))
    if facts.error == "RolledBack":
        return "rolled back", "changed"
    return str(facts.output.get("outcome") or word), kind


def _summary(facts: Facts) -> str:
    steps = final(facts.attempts).values()
    counts = Counter(attempt.outcome for attempt in steps)
    calls, writes = sum(each.calls for each in facts.attempts), sum(each.writes for each in facts.attempts)
    rows = {
        "Execution": f"<code>{escape(facts.arn)}</code>",
        "Started": escape(f"{facts.started:%Y-%m-%d %H:%M:%S %Z}".strip()),
        "Took": f"{facts.seconds:.1f} s" if facts.stopped else f"{facts.seconds:.1f} s so far",
        "Input": f"<code>{escape(json.dumps(facts.input))}</code>",
        "Steps": f"{len(steps)}: " + ", ".join(f"{number} {outcome}" for outcome, number in counts.most_common()),
        "AWS calls": f"{calls}, of which {writes} write",
    }
    return _definitions(rows) + (f"<p>{escape(facts.output['says'])}</p>" if facts.output.get("says") else "")


def _failure(facts: Facts) -> str:
    if not (facts.error or facts.cause):
        return ""
    again = facts.input.get("project") or facts.twin
    command = f"gluecode {facts.machine} {again}"
    failed = [each for each in final(facts.attempts).values() if each.outcome == "failed"]
    steps = "".join(f"<li>{escape(' '.join(each.step))}: {escape(each.error)}</li>" for each in failed)
    return (
        f'<h2>What went wrong</h2><div class="error"><p><strong>{escape(facts.error)}</strong></p>'
        f"<p>{escape(facts.cause)}</p>{f'<ul>{steps}</ul>' if steps else ''}</div>"
        f"<p>Once the cause is gone, <code>{escape(command)}</code> goes on: what is done stays done.</p>"
    )


def _outputs(facts: Facts) -> str:
    urls, connections = facts.output.get("urls") or {}, facts.output.get("connections") or {}
    rows = {escape(name): f"<code>{escape(url)}</code>" for name, url in urls.items()}
    for name, entry in connections.items():
        secret = f"the token is in the secret <code>{escape(entry['token_secret'])}</code>"
        rows[escape(name)] = f"<code>{escape(entry['url'])}</code>, {secret}"
    for name in facts.output.get("retained") or ():
        rows["Kept for its data"] = rows.get("Kept for its data", "") + f"<code>{escape(name)}</code> "
    if facts.output.get("next"):
        rows["Next"] = f"<code>{escape(facts.output['next'])}</code>"
    return f"<h2>Outputs</h2>{_definitions(rows)}" if rows else ""


def _graphs(facts: Facts) -> str:
    try:
        whole = model.read(definition(facts.machine))
    except FileNotFoundError:  # an execution of a machine that this version does not have
        return ""
    found = route(whole, facts)
    parts = []
    for number, (title, graph) in enumerate(model.pictures(whole, facts.machine)):
        drawn = svg.draw(
            graph,
            title,
            "The states of the machine, coloured by outcome. The table of steps says the same in words.",
            name=f"graph-{number}",
            outcomes=found.outcomes,
            notes=found.notes,
            trail=True,
        )
        heading = f"<h3>{escape(title)}</h3>" if number else ""
        parts.append(f"{heading}<figure>{drawn}</figure>")
    how = "<p>The way that was gone is drawn in bold; faded states were not entered.</p>"
    return f"<h2>Graph</h2>{_legend()}{how}{''.join(parts)}"


def _legend() -> str:
    return f'<p class="legend">{"".join(f"<span class={name!r}>{name}</span>" for name in _LEGEND)}</p>'


def _steps(facts: Facts) -> str:
    head = ("step", "resource", "outcome", "changes", "tries", "seconds", "calls", "writes")
    rows = "".join(_row(tries) for tries in facts.steps.values())
    heads = "".join(f'<th scope="col">{name}</th>' for name in head)
    if not rows:
        return "<h2>Steps</h2><p>No line of the journal is left of this execution.</p>"
    return (
        f'<h2>Steps</h2><div class="wide" tabindex="0" role="region" aria-label="Steps"><table><thead><tr>{heads}</tr>'
        f"</thead><tbody>{rows}</tbody></table></div>"
    )


def _row(attempts: list[Attempt]) -> str:
    last = attempts[-1]
    changed = "".join(_change(change) for attempt in attempts for change in attempt.changes)
    if last.message:
        changed += f"<div>{escape(last.error)}: {escape(last.message)}</div>"
    waits = sum(waited(attempt) for attempt in attempts)
    tries = f"{len(attempts)}" + (f" ({waits} waited)" if waits else "")
    cells = (
        f"<td>{escape(last.verb)} {escape(last.kind)}</td><td>{escape(last.name)}</td>"
        f'<td><span class="outcome {escape(last.outcome)}">{escape(last.outcome)}</span></td>'
        f'<td>{changed}</td><td class="number">{tries}</td>'
        f'<td class="number">{sum(each.seconds for each in attempts):.2f}</td>'
        f'<td class="number">{sum(each.calls for each in attempts)}</td>'
        f'<td class="number">{sum(each.writes for each in attempts)}</td>'
    )
    return f"<tr>{cells}</tr>"


def _change(change: Mapping[str, Any]) -> str:
    before, after = _value(change.get("before")), _value(change.get("after"))
    return f"<div><code>{escape(str(change.get('field')))}</code>: {before} → {after}</div>"


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return escape(text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…")


def _raw(facts: Facts) -> str:
    if not facts.output:
        return ""
    shown = json.dumps({key: value for key, value in facts.output.items() if key != "steps"}, indent=2, default=str)
    return f"<h2>Output of the execution</h2><pre>{escape(shown)}</pre>"


def _definitions(rows: Mapping[str, str]) -> str:
    return f"<dl>{''.join(f'<dt>{name}</dt><dd>{value}</dd>' for name, value in rows.items())}</dl>"
