"""The state machines as pictures and as lists, drawn from their definitions."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator

from orchestrator.graphs import model, style, svg
from orchestrator.graphs.model import Graph, State
from orchestrator.reference import markdown
from state_machines import CHILDREN, PUBLIC, WATCHING, definition

_STARTED_BY = {
    "check-drift": "Started by the schedule of the installation; it starts `inspect` for every twin.",
    "deploy-function": "Started by `deploy` for every function.",
    "remove": "Started by `deploy` for what is obsolete, by `destroy` for everything, by `inspect` as a dry run.",
    "remove-function": "Started by `remove` for every function.",
}
_KINDS = {
    "Task": "does one thing",
    "Choice": "asks a question",
    "Parallel": "does several things at once",
    "Map": "does the same for each of a list",
    "Pass": "hands on data",
    "Wait": "waits",
    "Succeed": "ends well",
    "Fail": "ends with an error",
}


def page() -> str:
    """The page with all machines."""
    return markdown.page("state-machines", machines=markdown.paragraphs(map(_machine, (*PUBLIC, *CHILDREN, *WATCHING))))


def pictures() -> dict[str, str]:
    """File name -> picture, for those who want one alone."""
    return {
        f"{file}.svg": style.alone(_drawn(file, title, graph)) + "\n"
        for name in (*PUBLIC, *CHILDREN, *WATCHING)
        for file, title, graph in _parts(name)
    }


def _machine(name: str) -> str:
    about = _STARTED_BY.get(name, "")
    parts = [_part(file, title, graph) for file, title, graph in _parts(name)]
    return markdown.paragraphs((f"## `{name}`", markdown.plain(definition(name)["Comment"]), about, *parts))


def _parts(name: str) -> Iterator[tuple[str, str, Graph]]:
    """A machine's pictures: the name of the file, the title, and what is to be seen."""
    for number, (title, graph) in enumerate(model.pictures(model.read(definition(name)), name)):
        yield f"{name}-{number}" if number else name, title, graph


def _drawn(file: str, title: str, graph: Graph) -> str:
    return svg.draw(graph, title, _summary(graph), name=file)


def _part(file: str, title: str, graph: Graph) -> str:
    return markdown.paragraphs(
        (
            f"### {title}" if title != file else "",
            f'<figure class="diagram" id="{file}">\n{_drawn(file, title, graph)}\n</figure>',
            f"[Open the picture alone](../diagrams/machines/{file}.svg)",
            _in_words(graph),
        )
    )


def _in_words(graph: Graph) -> str:
    rows = "\n".join(_rows(graph, 0))
    return f'??? note "In words"\n\n{textwrap.indent(rows, "    ")}'


def _rows(graph: Graph, depth: int) -> Iterator[str]:
    """Every state as an item of a nested list: what it is, what its author says, where it leads."""
    margin = "    " * depth
    for state in graph.states.values():
        comment = f" {markdown.plain(state.comment)}" if state.comment else ""
        yield f"{margin}- **{markdown.plain(state.name)}** ({_KINDS[state.type]}).{comment}{_ways(graph, state)}"
        for number, inside in enumerate(state.inside, 1):
            if len(state.inside) > 1:
                yield f"{margin}    - *Branch {number}*"
                yield from _rows(inside, depth + 2)
            else:
                yield from _rows(inside, depth + 1)


def _ways(graph: Graph, state: State) -> str:
    ways = [edge for edge in graph.edges if edge.source == state.name]
    if not ways:
        return ""
    told = [f"{_when(edge.way, edge.condition, edge.label)}*{markdown.plain(edge.target)}*" for edge in ways]
    return f" Then {'; '.join(told)}."


def _when(way: str, condition: str, label: str) -> str:
    if way == "next":
        return f"({label}) " if label else ""
    return f"if {markdown.plain(condition)}: " if way == "choice" else f"{condition}: "


def _summary(graph: Graph) -> str:
    counts = Counter(state.type for state in graph.walk())
    told = ", ".join(f"{number} {kind}" for kind, number in counts.items())
    return f"A state machine that starts with '{graph.start}' and has {told} states. It is told in words below."
