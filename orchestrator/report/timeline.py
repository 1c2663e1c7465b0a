"""What ran when: one row for each step, one bar for each of its tries."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from html import escape

from orchestrator.graphs import text
from orchestrator.graphs.frame import frame
from orchestrator.report.facts import Attempt, Facts
from orchestrator.report.route import waited

MOST_ROWS = 400

_TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600)
_TOP = 26.0
_RIGHT = 44.0
_BAR = 13.0


@dataclass(frozen=True)
class _Shape:
    """For a wide page, labels stand beside the bars; for a phone above them. Widths and heights in pixels."""

    name: str
    row: float
    bar_from_top: float
    bars: float
    longest_name: int
    ticks: int


_WIDE = _Shape("wide", row=20.0, bar_from_top=3.0, bars=520.0, longest_name=34, ticks=8)
_NARROW = _Shape("narrow", row=35.0, bar_from_top=17.0, bars=300.0, longest_name=28, ticks=4)


def draw(facts: Facts, *, narrow: bool = False) -> str:
    """The timeline as SVG. Bars that begin at the same place ran in parallel; a yellow one waited for AWS."""
    shape = _NARROW if narrow else _WIDE
    rows = dict(itertools.islice(facts.steps.items(), MOST_ROWS))
    labels = [_label(step, shape) for step in rows]
    beside = min(380.0, max((text.width(label, text.SMALL_SIZE) for label in labels), default=100.0) + 16)
    left = 8.0 if narrow else beside
    begin = min([facts.started.timestamp(), *(attempt.started for attempt in facts.attempts)])
    end = max([begin + facts.seconds, *(attempt.started + attempt.seconds for attempt in facts.attempts)])
    total = max(end - begin, 0.001)
    scale = shape.bars / total
    width, height = left + shape.bars + _RIGHT, _TOP + len(rows) * shape.row + 10
    parts = [_axis(left, scale, total, height, shape.ticks)]
    for number, (step, label) in enumerate(zip(rows, labels, strict=True)):
        y = _TOP + number * shape.row
        at = f'x="{left:.1f}"' if narrow else f'x="{left - 8:.1f}" text-anchor="end"'
        parts.append(f'<text class="small" {at} y="{y + 13:.1f}">{escape(label)}</text>')
        for attempt in rows[step]:
            parts.append(_bar(attempt, left + (attempt.started - begin) * scale, y + shape.bar_from_top, scale))
    told = f"{len(rows)} steps in {total:.1f} seconds: the table of steps says the same in words."
    name, classes = f"timeline-{shape.name}", f"gd {shape.name}"
    return frame(name, "Timeline", told, (width, height), "".join(parts), classes=classes)


def _label(step: tuple[str, str, str], shape: _Shape) -> str:
    verb, kind, name = step
    return f"{verb} {kind}  {name if len(name) <= shape.longest_name else f'{name[: shape.longest_name - 1]}…'}"


def _axis(left: float, scale: float, total: float, height: float, ticks: int) -> str:
    every = next((tick for tick in _TICKS if total / tick <= ticks), _TICKS[-1])
    marks, number = [], 0
    while number * every <= total:
        x = left + number * every * scale
        marks.append(f'<path class="grid" d="M{x:.1f} {_TOP - 6:.1f}V{height - 6:.1f}"/>')
        anchor = "middle" if number or left > 10 else "start"
        label = f"{number * every:g} s"
        marks.append(f'<text class="small" x="{x:.1f}" y="{_TOP - 10:.1f}" text-anchor="{anchor}">{label}</text>')
        number += 1
    return "".join(marks)


def _bar(attempt: Attempt, x: float, y: float, scale: float) -> str:
    outcome = "waiting" if waited(attempt) else attempt.outcome
    width = max(attempt.seconds * scale, 2.0)
    told = f"{outcome}, {attempt.seconds:.2f} s, {attempt.calls} calls"
    hint = escape(f"{told}: {attempt.message}" if attempt.message else told)
    rect = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{_BAR:.1f}" rx="2"'
    label = f'<text class="small" x="{x + width + 4:.1f}" y="{y + 10:.1f}">{attempt.seconds:.1f}</text>'
    return f'<g><title>{hint}</title><rect class="box {escape(outcome)}" {rect}/>{label}</g>'
