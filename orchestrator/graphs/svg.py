"""Draws a state machine as SVG: no script, no font and no file beside it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from html import escape

from orchestrator.graphs import text
from orchestrator.graphs.frame import frame
from orchestrator.graphs.model import Edge, Graph
from orchestrator.graphs.placing import Box, Line, Picture, Point, label_at, place

_MARGIN = 12.0
_ENTRY = 22.0
_ROUND = 6
_SLANT = 12.0


def draw(
    graph: Graph,
    title: str,
    description: str,
    *,
    name: str,
    outcomes: Mapping[str, str] | None = None,
    notes: Mapping[str, str] | None = None,
    letters: int = text.LETTERS,
    trail: bool = False,
) -> str:
    """The graph as one `<svg>` element.

    `name` makes its ids unique in a page. `outcomes` colours states (`created`, `failed`, …); with it, those that are
    not in it fade, and with `trail` also the ways that were not gone. `notes` gives states a second line. `letters` is
    how long a line of text may be. The style is left to the page; `style.alone` adds it.
    """
    picture = place(graph, notes, letters)
    width, height = picture.width + 2 * _MARGIN, picture.height + 2 * _MARGIN + _ENTRY
    start = picture.entry[0] + _MARGIN
    body = [
        f'<circle class="tip" cx="{start:.1f}" cy="{_MARGIN:.1f}" r="5"/>',
        f'<path class="way" d="M{start:.1f} {_MARGIN + 5:.1f}V{_MARGIN + _ENTRY - 7:.1f}"/>',
        _tip((start, _MARGIN + _ENTRY), "tip"),
        f'<g transform="translate({_MARGIN} {_MARGIN + _ENTRY})">{"".join(_picture(picture, outcomes, trail))}</g>',
    ]
    return frame(name, title, description, (width, height), "".join(body))


def _picture(picture: Picture, outcomes: Mapping[str, str] | None, trail: bool) -> Iterator[str]:
    taken = _taken(picture, outcomes or {})
    for line in picture.lines:
        yield _line(line, "" if not trail else " taken" if line.edge in taken else " aside")
    for box in picture.boxes:
        yield from _box(box, outcomes, trail)
    for line in picture.lines:  # above everything, so that no box hides one
        yield _label(line)


def _box(box: Box, outcomes: Mapping[str, str] | None, trail: bool) -> Iterator[str]:
    outcome = "" if outcomes is None else outcomes.get(box.state.name, "idle")
    classes = " ".join(filter(None, ("group" if box.inside else "box", box.state.type.lower(), outcome)))
    faded = ' class="idle"' if outcome == "idle" else ""
    hint = f"<title>{escape(box.state.comment)}</title>" if box.state.comment else ""
    yield f'<g transform="translate({box.x:.1f} {box.y:.1f})"{faded}>{hint}'
    yield _shape(box, classes.replace(" idle", ""))
    yield from _words(box)
    for picture in box.inside:
        inside = "".join(_picture(picture, outcomes, trail))
        yield f'<g transform="translate({picture.x:.1f} {picture.y:.1f})">{inside}</g>'
    yield "</g>"


def _shape(box: Box, classes: str) -> str:
    if box.state.type != "Choice":
        radius = box.height / 2 if box.state.type in ("Succeed", "Fail") else _ROUND
        return f'<rect class="{classes}" width="{box.width:.1f}" height="{box.height:.1f}" rx="{radius:.1f}"/>'
    right, middle = box.width - _SLANT, box.height / 2
    corners = [(_SLANT, 0.0), (right, 0.0), (box.width, middle), (right, box.height), (_SLANT, box.height), (0, middle)]
    return f'<path class="{classes}" d="M{"L".join(f"{x:.1f} {y:.1f}" for x, y in corners)}Z"/>'


def _words(box: Box) -> Iterator[str]:
    step = text.FONT_SIZE * text.LINE_HEIGHT
    if box.inside:
        yield f'<text class="title" x="14" y="20">{escape(box.lines[0])}</text>'
        if box.note:
            yield f'<text class="small" x="{box.width - 14:.1f}" y="20" text-anchor="end">{escape(box.note)}</text>'
        return
    rows = len(box.lines) * step + (text.SMALL_SIZE * 1.4 if box.note else 0)
    y = (box.height - rows) / 2 + text.FONT_SIZE * 0.98
    for line in box.lines:
        yield f'<text x="{box.width / 2:.1f}" y="{y:.1f}" text-anchor="middle">{escape(line)}</text>'
        y += step
    if box.note:
        yield f'<text class="small" x="{box.width / 2:.1f}" y="{y:.1f}" text-anchor="middle">{escape(box.note)}</text>'


def _taken(picture: Picture, outcomes: Mapping[str, str]) -> set[Edge]:
    """The ways that were gone, as far as the states at their ends tell: a question has one answer, the nearest one."""
    below = {box.state.name: box.y for box in picture.boxes}
    taken: set[Edge] = set()
    for box in picture.boxes:
        name = box.state.name
        ways = [line.edge for line in picture.lines if line.edge.source == name and line.edge.target in outcomes]
        if name not in outcomes or not ways:
            continue
        if box.state.type == "Choice":
            taken.add(min(ways, key=lambda edge: below[edge.target]))
        else:
            taken |= {edge for edge in ways if edge.way != "catch" or outcomes[name] == "failed"}
    return taken


def _line(line: Line, more: str = "") -> str:
    points = line.points
    kind, tip = (" catch", "catch-tip") if line.edge.way == "catch" else ("", "tip")
    if line.upward:
        head = _tip(points[0], tip, upward=True)
        points = ((points[0][0], points[0][1] + 6), *points[1:])
    else:
        head = _tip(points[-1], tip)
        points = (*points[:-1], (points[-1][0], points[-1][1] - 6))
    return f'<path class="way{kind}{more}" d="{_curve(points)}"/>{head}'


def _curve(points: Sequence[Point]) -> str:
    """Through all points, leaving and entering each one straight down."""
    parts = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
    for (x, y), (to_x, to_y) in itertools.pairwise(points):
        if abs(x - to_x) < 0.5:
            parts.append(f"L{to_x:.1f} {to_y:.1f}")
        else:
            bend = max((to_y - y) * 0.55, 8)
            parts.append(f"C{x:.1f} {y + bend:.1f} {to_x:.1f} {to_y - bend:.1f} {to_x:.1f} {to_y:.1f}")
    return "".join(parts)


def _tip(at: Point, classes: str, *, upward: bool = False) -> str:
    x, y = at
    back = y + 7 if upward else y - 7
    return f'<path class="{classes}" d="M{x:.1f} {y:.1f}L{x - 4:.1f} {back:.1f}L{x + 4:.1f} {back:.1f}Z"/>'


def _label(line: Line) -> str:
    if not line.edge.label:
        return ""
    x, y = label_at(line)
    return f'<text class="label" x="{x:.1f}" y="{y:.1f}">{escape(line.edge.label)}</text>'
