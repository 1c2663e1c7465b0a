"""A flowchart from a list of sentences: boxes that ask or do, and arrows with answers; it lays itself out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from orchestrator.graphs import svg, text
from orchestrator.graphs.model import Edge, Graph, State, Way

Arrow = tuple[str, str, str]
"""From, answer (may be empty), to."""


_NARROW_LETTERS = 14


def flowchart(
    name: str, title: str, description: str, arrows: Sequence[Arrow], ends: Mapping[str, str], *, narrow: bool
) -> str:
    """Draw it. A box that ends in `?` asks; `ends` colours boxes that are an end (`good`, `bad`, …)."""
    boxes = dict.fromkeys(box for one, _, other in arrows for box in (one, other))
    states = {box: State(box, _type(box, ends), {}) for box in boxes}
    edges = tuple(Edge(one, other, _way(answer), answer) for one, answer, other in arrows)
    outcomes = {box: ends.get(box, "plain") for box in boxes}
    graph = Graph(arrows[0][0], states, edges)
    letters = _NARROW_LETTERS if narrow else text.LETTERS
    return svg.draw(graph, title, description, name=name, outcomes=outcomes, letters=letters, styled=False)


def _type(box: str, ends: Mapping[str, str]) -> str:
    if box.endswith("?"):
        return "Choice"
    return "Task" if ends.get(box, "") in ("", "kept") else "Succeed"


def _way(answer: str) -> Way:
    return "choice" if answer else "next"
