"""Gives every state of a graph its place in the picture: boxes, containers around nested graphs, and lines."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from orchestrator.graphs import text
from orchestrator.graphs.layers import Layers, arrange
from orchestrator.graphs.model import Edge, Graph, State

WIDEST = 680.0
"""Branches of a Parallel go on in a new row beyond this width, so that a picture never needs more than a page."""

_SIDE = 14.0
_ABOVE = 8.0
_GAP = 18.0
_BETWEEN = 30.0  # room between two layers, for arrows and their labels
_BEND = 10.0
_HEAD = 26.0
_PAD = 14.0
_BOLD = 1.08
_ROUNDS = 80

Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """A state at its place: left upper corner and size. `lines` is its text; `inside` are the nested graphs."""

    state: State
    x: float
    y: float
    width: float
    height: float
    lines: tuple[str, ...]
    note: str = ""
    inside: tuple[Picture, ...] = ()


@dataclass(frozen=True)
class Line:
    """A way, from its upper to its lower end; `upward` ones have their arrow at the upper end."""

    edge: Edge
    points: tuple[Point, ...]
    upward: bool


@dataclass(frozen=True)
class Picture:
    """A graph that has been laid out. Its boxes and lines are relative to its own corner, which is at (x, y)."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    entry: Point
    x: float = 0.0
    y: float = 0.0


def place(graph: Graph, notes: Mapping[str, str] | None = None, letters: int = text.LETTERS) -> Picture:
    """Lay a graph out. `notes` gives some states a second, smaller text; `letters` is how long a line may be."""
    notes = notes or {}
    boxes = {name: _box(state, notes, letters) for name, state in graph.states.items()}
    layers = arrange(graph)
    sizes = {bend: (_BEND, 0.0) for chain in layers.chains for bend in chain.places[1:-1]}
    sizes |= {name: (box.width, box.height) for name, box in boxes.items()}
    centres = _centres(layers, sizes)
    rows = _rows(layers, sizes)
    left = min(centres[name] - sizes[name][0] / 2 for name in centres)
    right = max(centres[name] + sizes[name][0] / 2 for name in centres)
    at = {name: replace(box, x=centres[name] - box.width / 2 - left, y=rows[name][0]) for name, box in boxes.items()}
    middles = {name: centre - left for name, centre in centres.items()}
    lines = tuple(Line(chain.edge, _points(chain.places, at, middles, rows), chain.upward) for chain in layers.chains)
    first = at[graph.start]
    height = max(bottom for _, bottom in rows.values())
    entry = (first.x + first.width / 2, first.y)
    return Picture(max([right - left, *map(_label_right, lines)]), height, tuple(at.values()), lines, entry)


def label_at(line: Line) -> Point:
    """Where a line's label begins: beside the middle of its first bend, on the outer side of a line that leads left."""
    points = line.points
    if len(points) > 2 and points[0][0] == points[1][0]:  # where lines still run together, labels would, too
        points = points[1:]
    (x, y), (to_x, to_y) = points[:2]
    width = text.width(line.edge.label, text.SMALL_SIZE)
    middle = (x + to_x) / 2
    return max(middle - 5 - width, 0.0) if to_x < x - 1 else middle + 5, (y + to_y) / 2 + 4


def _label_right(line: Line) -> float:
    return label_at(line)[0] + text.width(line.edge.label, text.SMALL_SIZE) if line.edge.label else 0.0


def _box(state: State, notes: Mapping[str, str], letters: int) -> Box:
    note = notes.get(state.name, "")
    lines = text.wrapped(state.name, letters)
    widest = max(*(text.width(line) for line in lines), text.width(note, text.SMALL_SIZE))
    if not state.inside:
        slanted = 12.0 if state.type == "Choice" else 0.0
        height = len(lines) * text.FONT_SIZE * text.LINE_HEIGHT + 2 * _ABOVE + (text.SMALL_SIZE * 1.4 if note else 0)
        return Box(state, 0, 0, widest + 2 * (_SIDE + slanted), height, lines, note)
    title = f"{state.name}{_suffix(state)}"
    inside, width, height = _packed([place(graph, notes, letters) for graph in state.inside])
    grown = max(width, text.width(title) * _BOLD + (text.width(note, text.SMALL_SIZE) + _GAP if note else 0))
    inside = tuple(replace(picture, x=picture.x + (grown - width) / 2) for picture in inside)
    return Box(state, 0, 0, grown + 2 * _PAD, height + _HEAD + 2 * _PAD, (title,), note, inside)


def _suffix(state: State) -> str:
    if state.type == "Map":
        return " (for each)"
    return " (in parallel)" if len(state.inside) > 1 else ""


def _packed(pictures: Sequence[Picture]) -> tuple[tuple[Picture, ...], float, float]:
    """Branches side by side, in as many rows as the width asks for; each row is centred."""
    rows: list[list[Picture]] = [[]]
    for picture in pictures:
        taken = sum(each.width + _PAD for each in rows[-1])
        if rows[-1] and taken + picture.width > WIDEST:
            rows.append([])
        rows[-1].append(picture)
    width = max(sum(each.width for each in row) + _PAD * (len(row) - 1) for row in rows)
    placed, y = [], _HEAD + _PAD
    for row in rows:
        x = _PAD + (width - sum(each.width for each in row) - _PAD * (len(row) - 1)) / 2
        for each in row:
            placed.append(replace(each, x=x, y=y + _BEND))
            x += each.width + _PAD
        y += max(each.height for each in row) + _BEND + _PAD
    return tuple(placed), width, y - _HEAD - 2 * _PAD


def _rows(layers: Layers, sizes: Mapping[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    """The top and the bottom of the row that each place is in."""
    rows, top = {}, 0.0
    for row in layers.rows:
        bottom = top + max(sizes[name][1] for name in row)
        rows.update(dict.fromkeys(row, (top, bottom)))
        top = bottom + _BETWEEN
    return rows


def _points(
    places: Sequence[str],
    at: Mapping[str, Box],
    middles: Mapping[str, float],
    rows: Mapping[str, tuple[float, float]],
) -> tuple[Point, ...]:
    first, last = at[places[0]], at[places[-1]]
    middle, (_, bottom) = first.x + first.width / 2, rows[places[0]]
    points = [(middle, first.y + first.height)]
    if bottom > points[0][1]:  # past the taller boxes of its row, before it turns
        points.append((middle, bottom))
    for bend in places[1:-1]:  # straight through the layer
        points += [(middles[bend], y) for y in rows[bend]]
    return (*points, (last.x + last.width / 2, last.y))


def _centres(layers: Layers, sizes: Mapping[str, tuple[float, float]]) -> dict[str, float]:
    """The horizontal middle of every place: near its neighbours' middles, as far as the others in its row allow."""
    centres: dict[str, float] = {}
    for row in layers.rows:
        x = 0.0
        for name in row:
            half = sizes[name][0] / 2
            centres[name], x = x + half, x + 2 * half + _GAP
    for turn in range(_ROUNDS):
        rows = layers.rows if turn % 2 == 0 else layers.rows[::-1]
        for row in rows:
            _pull(row, layers, sizes, centres)
    return centres


def _strength(upper: str, lower: str, layers: Layers, sizes: Mapping[str, tuple[float, float]]) -> float:
    """How much the way between two places wants to be straight: long ways most of all, then simple sequences."""
    bends = [sizes[each][1] for each in (upper, lower)].count(0.0)  # a bend has no height
    if bends:
        return 8.0 if bends == 2 else 2.0
    return 6.0 if len(layers.below[upper]) == 1 == len(layers.above[lower]) else 1.0


def _pull(
    row: Sequence[str], layers: Layers, sizes: Mapping[str, tuple[float, float]], centres: dict[str, float]
) -> None:
    """Move a row's places to where their neighbours are, the order kept: isotonic regression, pooling violators."""
    steps = ((sizes[one][0] + sizes[other][0]) / 2 + _GAP for one, other in itertools.pairwise(row))
    offsets = list(itertools.accumulate(steps, initial=0.0))
    pools: list[tuple[float, float, int]] = []  # weighted sum, weight, how many
    for name, shift in zip(row, offsets, strict=True):
        pulls = [(centres[each], _strength(each, name, layers, sizes)) for each in layers.above.get(name, ())]
        pulls += [(centres[each], _strength(name, each, layers, sizes)) for each in layers.below.get(name, ())]
        weight = sum(strength for _, strength in pulls) or 0.1
        wanted = sum(x * strength for x, strength in pulls) / weight if pulls else centres[name]
        pools.append(((wanted - shift) * weight, weight, 1))
        while len(pools) > 1 and pools[-2][0] / pools[-2][1] > pools[-1][0] / pools[-1][1]:
            last, before = pools.pop(), pools.pop()
            pools.append((before[0] + last[0], before[1] + last[1], before[2] + last[2]))
    level = [total / weight for total, weight, count in pools for _ in range(count)]
    for name, shift, base in zip(row, offsets, level, strict=True):
        centres[name] = base + shift
