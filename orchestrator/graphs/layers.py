"""Arranges a graph in layers from top to bottom: who stands in which layer, and in which order.

The usual steps of a layered drawing: ways that lead back are turned round, every state stands below all that lead to
it, long ways get a place in each layer they cross, and the order in a layer follows the neighbours above and below.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from orchestrator.graphs.model import Edge, Graph

_SWEEPS = 12


@dataclass(frozen=True)
class Chain:
    """One way through the layers: the places it passes, from top to bottom. `upward` ones lead the other way."""

    edge: Edge
    places: tuple[str, ...]
    upward: bool = False


@dataclass
class Layers:
    """Places by layer, each layer from left to right. A place is a state's name, or a bend of a chain."""

    rows: list[list[str]]
    chains: list[Chain]
    above: dict[str, list[str]] = field(default_factory=dict)
    below: dict[str, list[str]] = field(default_factory=dict)


def arrange(graph: Graph) -> Layers:
    """The graph in layers. The same graph always gives the same layers."""
    backward = _leading_back(graph)
    downward = [(e.target, e.source) if e in backward else (e.source, e.target) for e in graph.edges]
    rank = _sunk(graph, _ranks(list(graph.states), downward))
    rows: list[list[str]] = [[] for _ in range(max(rank.values()) + 1)]
    for name in _in_order_of_visit(graph):
        rows[rank[name]].append(name)
    layers = Layers(rows, [])
    for number, (edge, (upper, lower)) in enumerate(zip(graph.edges, downward, strict=True)):
        bends = [f"{number}:{layer}" for layer in range(rank[upper] + 1, rank[lower])]
        for layer, bend in enumerate(bends, rank[upper] + 1):
            rows[layer].append(bend)
        places = (upper, *bends, lower)
        layers.chains.append(Chain(edge, places, edge in backward))
        for one, other in itertools.pairwise(places):
            layers.below.setdefault(one, []).append(other)
            layers.above.setdefault(other, []).append(one)
    _sort(layers)
    return layers


def _leading_back(graph: Graph) -> frozenset[Edge]:
    """The edges that lead to a state from which their own source was reached."""
    found: set[Edge] = set()
    finished: set[str] = set()
    path: list[str] = []

    def visit(name: str) -> None:
        path.append(name)
        for edge in graph.edges:
            if edge.source == name and edge.target in path:
                found.add(edge)
            elif edge.source == name and edge.target not in finished:
                visit(edge.target)
        finished.add(path.pop())

    visit(graph.start)
    return frozenset(found)


def _ranks(names: Sequence[str], downward: Sequence[tuple[str, str]]) -> dict[str, int]:
    rank = dict.fromkeys(names, 0)
    for _ in names:  # the longest way to a state has at most as many steps as there are states
        moved = False
        for upper, lower in downward:
            if rank[lower] <= rank[upper]:
                rank[lower], moved = rank[upper] + 1, True
        if not moved:
            break
    return rank


def _sunk(graph: Graph, rank: dict[str, int]) -> dict[str, int]:
    """What only failures lead to, as far down as it can stand: there it does not widen what it has failed beside."""
    aside = set(graph.states) - {graph.start}
    for _ in graph.states:
        aside -= {edge.target for edge in graph.edges if edge.way != "catch" and edge.source not in aside}
    lowest = max(rank.values())
    for name in sorted(aside, key=rank.__getitem__, reverse=True):
        below = [rank[edge.target] for edge in graph.edges if edge.source == name and edge.target != name]
        rank[name] = max(rank[name], min(below, default=lowest + 1) - 1)
    return rank


def _in_order_of_visit(graph: Graph) -> list[str]:
    order: dict[str, None] = {}
    waiting = [graph.start]
    while waiting:
        name = waiting.pop()
        if name not in order:
            order[name] = None
            waiting.extend(reversed([edge.target for edge in graph.edges if edge.source == name]))
    return [*order, *(name for name in graph.states if name not in order)]


def _sort(layers: Layers) -> None:
    best, fewest = [list(row) for row in layers.rows], _crossings(layers)
    for sweep in range(_SWEEPS):
        downwards = sweep % 2 == 0
        rows = layers.rows if downwards else layers.rows[::-1]
        neighbours = layers.above if downwards else layers.below
        for fixed, row in itertools.pairwise(rows):
            place = {name: index for index, name in enumerate(fixed)}
            now = {name: index for index, name in enumerate(row)}
            row.sort(key=lambda name, p=place, n=now: _middle(neighbours.get(name, ()), p, n[name]))  # type: ignore[misc]  # bound on purpose
        crossings = _crossings(layers)
        if crossings < fewest:
            best, fewest = [list(row) for row in layers.rows], crossings
    layers.rows[:] = best


def _middle(neighbours: Sequence[str], place: Mapping[str, int], otherwise: float) -> float:
    known = [place[name] for name in neighbours if name in place]
    return sum(known) / len(known) if known else otherwise


def _crossings(layers: Layers) -> int:
    total = 0
    for upper, lower in itertools.pairwise(layers.rows):
        place = {name: index for index, name in enumerate(lower)}
        ends = [place[below] for name in upper for below in sorted(layers.below.get(name, ()), key=place.__getitem__)]
        total += sum(ends[i] > ends[j] for i in range(len(ends)) for j in range(i + 1, len(ends)))
    return total
