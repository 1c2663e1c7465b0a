"""What ran when: one row for each step, one bar for each of its tries."""

from __future__ import annotations

from html import escape

from orchestrator.graphs import text
from orchestrator.report.facts import Attempt, Facts
from orchestrator.report.route import waited

MOST_ROWS = 400

_ROW = 20.0
_TOP = 26.0
_BARS = 520.0
_RIGHT = 60.0
_TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600)


def draw(facts: Facts) -> str:
    """The timeline as SVG. Bars that begin at the same place ran in parallel; a yellow one waited for AWS."""
    rows = _rows(facts)
    labels = [_label(step) for step in rows]
    left = min(380.0, max((text.width(label, text.SMALL_SIZE) for label in labels), default=100.0) + 16)
    begin = facts.started.timestamp()
    begin = min([begin, *(attempt.started for attempt in facts.attempts)])
    total = max(facts.seconds, 0.001)
    scale = _BARS / total
    width, height = left + _BARS + _RIGHT, _TOP + len(rows) * _ROW + 10
    parts = [_axis(left, scale, total, height)]
    for number, (step, label) in enumerate(zip(rows, labels, strict=True)):
        y = _TOP + number * _ROW
        parts.append(
            f'<text class="small" x="{left - 8:.1f}" y="{y + 13:.1f}" text-anchor="end">{escape(label)}</text>'
        )
        parts += [_bar(attempt, left + (attempt.started - begin) * scale, y, scale) for attempt in rows[step]]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="gd" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" role="img" aria-labelledby="timeline-title timeline-desc">'
        f'<title id="timeline-title">Timeline</title>'
        f'<desc id="timeline-desc">{len(rows)} steps in {total:.1f} seconds: '
        f"the table of steps says the same in words.</desc>{''.join(parts)}</svg>"
    )


def _rows(facts: Facts) -> dict[tuple[str, str, str], list[Attempt]]:
    rows: dict[tuple[str, str, str], list[Attempt]] = {}
    for attempt in facts.attempts:
        if attempt.step in rows or len(rows) < MOST_ROWS:
            rows.setdefault(attempt.step, []).append(attempt)
    return rows


def _label(step: tuple[str, str, str]) -> str:
    verb, kind, name = step
    return f"{verb} {kind}  {name if len(name) <= 34 else f'{name[:33]}…'}"


def _axis(left: float, scale: float, total: float, height: float) -> str:
    every = next((tick for tick in _TICKS if total / tick <= 8), _TICKS[-1])
    marks, number = [], 0
    while number * every <= total:
        x = left + number * every * scale
        marks.append(f'<path class="grid" d="M{x:.1f} {_TOP - 6:.1f}V{height - 6:.1f}"/>')
        label = f"{number * every:g} s"
        marks.append(f'<text class="small" x="{x:.1f}" y="{_TOP - 10:.1f}" text-anchor="middle">{label}</text>')
        number += 1
    return "".join(marks)


def _bar(attempt: Attempt, x: float, y: float, scale: float) -> str:
    outcome = "waiting" if waited(attempt) else attempt.outcome
    width = max(attempt.seconds * scale, 2.0)
    told = f"{outcome}, {attempt.seconds:.2f} s, {attempt.calls} calls"
    hint = escape(f"{told}: {attempt.message}" if attempt.message else told)
    shape = f'x="{x:.1f}" y="{y + 3:.1f}" width="{width:.1f}" height="{_ROW - 7:.1f}" rx="2"'
    label = f'<text class="small" x="{x + width + 4:.1f}" y="{y + 13:.1f}">{attempt.seconds:.1f}</text>'
    return f'<g><title>{hint}</title><rect class="box {escape(outcome)}" {shape}/>{label}</g>'
