"""A flowchart from a list of sentences: boxes that ask or do, and arrows with answers; it lays itself out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.graphs import svg, text
from orchestrator.graphs.model import Edge, Graph, State

_NARROW_LETTERS = 14


def flowchart(name: str, drawing: Mapping[str, Any], *, narrow: bool) -> str:
    """Draw one entry of `decisions.toml`. A box that ends in `?` asks; `ends` colours the boxes that are an end."""
    ends: Mapping[str, str] = drawing["ends"]
    edges = tuple(Edge(one, to, "choice" if answer else "next", answer) for one, answer, to in drawing["arrows"])
    boxes = dict.fromkeys(box for edge in edges for box in (edge.source, edge.target))
    states = {box: State(box, _type(box, ends), {}) for box in boxes}
    return svg.draw(
        Graph(edges[0].source, states, edges),
        drawing["title"],
        drawing["description"],
        name=name,
        outcomes={box: ends.get(box, "plain") for box in boxes},
        letters=_NARROW_LETTERS if narrow else text.LETTERS,
    )


def _type(box: str, ends: Mapping[str, str]) -> str:
    if box.endswith("?"):
        return "Choice"
    return "Task" if ends.get(box, "") in ("", "kept") else "Succeed"
