"""Pictures of state machines: everything is drawn, nothing lies on anything else, nothing is cut off."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import pytest

from orchestrator.graphs import layers, model, placing, svg, text
from orchestrator.graphs.model import Edge, Graph, State
from orchestrator.graphs.placing import Box, Picture
from state_machines import MACHINES, definition

PARTS = [
    (f"{machine}-{number}", graph)
    for machine in MACHINES
    for number, (_, graph) in enumerate(model.pictures(model.read(definition(machine)), machine))
]


@pytest.fixture(params=PARTS, ids=[name for name, _ in PARTS])
def graph(request: pytest.FixtureRequest) -> Graph:
    found: Graph = request.param[1]
    return found


def test_every_state_of_a_part_is_drawn_with_its_whole_name(graph: Graph) -> None:
    drawn = re.sub(r"\s+", " ", " ".join(_words(svg.draw(graph, "t", "d", name="n"))))

    missing = [state.name for state in graph.walk() if state.name not in drawn]

    assert missing == []


def test_no_two_boxes_lie_on_each_other(graph: Graph) -> None:
    pairs = [
        (one.state.name, other.state.name)
        for boxes in _rooms(placing.place(graph))
        for one, other in itertools.combinations(boxes, 2)
        if _overlap(one, other)
    ]

    assert pairs == []


def test_nothing_reaches_over_the_edge_of_the_picture(graph: Graph) -> None:
    picture = placing.place(graph)

    outside = [box.state.name for box, x, y in _absolute(picture, 0, 0) if not _inside(box, x, y, picture)]

    assert outside == []


def test_every_text_fits_its_box(graph: Graph) -> None:
    tight = [
        box.state.name
        for box, _, _ in _absolute(placing.place(graph), 0, 0)
        if any(text.width(line) > box.width for line in box.lines)
    ]

    assert tight == []


def test_a_state_stands_below_all_that_lead_to_it_but_for_ways_back(graph: Graph) -> None:
    picture = placing.place(graph)
    at = {box.state.name: box for box in picture.boxes}

    wrong = [line.edge for line in picture.lines if (at[line.edge.source].y < at[line.edge.target].y) == line.upward]

    assert wrong == []


@pytest.mark.parametrize("machine", MACHINES)
def test_the_parts_of_a_machine_together_have_every_state(machine: str) -> None:
    whole = model.read(definition(machine))

    parts = [state.name for _, part in model.pictures(whole, machine) for state in part.walk()]

    assert sorted(parts) == sorted(state.name for state in whole.walk())


def test_a_way_back_is_turned_round_for_the_layers() -> None:
    graph = _graph(("a", "b"), ("b", "c"), ("c", "a"))

    arranged = layers.arrange(graph)

    assert arranged.rows == [["a"], ["b", "2:1"], ["c"]] or arranged.rows == [["a"], ["2:1", "b"], ["c"]]
    assert [chain.upward for chain in arranged.chains] == [False, False, True]


def test_crossings_are_avoided_where_they_can_be() -> None:
    graph = _graph(("a", "b"), ("a", "c"), ("b", "e"), ("c", "d"), ("d", "f"), ("e", "f"))

    rows = layers.arrange(graph).rows

    assert rows[1].index("b") == rows[2].index("e")


def test_the_same_graph_gives_the_same_picture() -> None:
    graph = model.read(definition("deploy"))

    assert svg.draw(graph, "t", "d", name="n") == svg.draw(graph, "t", "d", name="n")


def test_a_picture_is_xml_with_a_title_and_a_description_for_who_cannot_see_it() -> None:
    root = ElementTree.fromstring(svg.draw(model.read(definition("deploy")), "Deploy & more", "It <does>", name="n"))

    namespace = "{http://www.w3.org/2000/svg}"
    assert root.get("aria-labelledby") == "n-title n-desc"
    assert root.findtext(f"{namespace}title") == "Deploy & more"
    assert root.findtext(f"{namespace}desc") == "It <does>"


def test_states_are_coloured_by_outcome_and_others_fade() -> None:
    graph = _graph(("made", "not reached"))

    drawn = svg.draw(graph, "t", "d", name="n", outcomes={"made": "created"}, notes={"made": "1.2 s"})

    assert 'class="box task created"' in drawn
    assert '<g transform="translate(' in drawn
    assert drawn.count('class="idle"') == 1
    assert "1.2 s" in drawn


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"Variable": "$.providers.layer_1_provider", "StringEquals": "aws"}, "layer_1_provider is aws"),
        ({"Not": {"Variable": "$.dry_run", "BooleanEquals": True}}, "not (dry_run is true)"),
        ({"Variable": "$.x", "IsPresent": False}, "x is not there"),
        (
            {"And": [{"Variable": "$.a", "BooleanEquals": False}, {"Or": [{"Variable": "$.b", "StringEquals": "c"}]}]},
            "a is not true and (b is c)",
        ),
    ],
)
def test_a_rule_is_said_in_words(rule: dict[str, Any], said: str) -> None:
    assert model.condition(rule) == said


def test_a_long_name_is_broken_between_words_into_even_lines() -> None:
    assert text.wrapped("Does another cloud send to our processing?") == (
        "Does another cloud send",
        "to our processing?",
    )
    assert text.wrapped("Unbreakablewordthatislongerthananyline") == ("Unbreakablewordthatislongerthananyline",)


def _graph(*ways: tuple[str, str]) -> Graph:
    names = dict.fromkeys(name for way in ways for name in way)
    return Graph(
        ways[0][0], {name: State(name, "Task", {}) for name in names}, tuple(Edge(*way, "next") for way in ways)
    )


def _words(drawn: str) -> Iterator[str]:
    for element in ElementTree.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text"):
        yield element.text or ""


def _rooms(picture: Picture) -> Iterator[tuple[Box, ...]]:
    """Groups of boxes that share one room: those of a graph, and those of each graph inside."""
    yield picture.boxes
    for box in picture.boxes:
        for inner in box.inside:
            yield from _rooms(inner)


def _absolute(picture: Picture, x: float, y: float) -> Iterator[tuple[Box, float, float]]:
    for box in picture.boxes:
        yield box, x + box.x, y + box.y
        for inner in box.inside:
            yield from _absolute(inner, x + box.x + inner.x, y + box.y + inner.y)


def _overlap(one: Box, other: Box) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )


def _inside(box: Box, x: float, y: float, picture: Picture) -> bool:
    return (
        x >= -0.01 and y >= -0.01 and x + box.width <= picture.width + 0.01 and y + box.height <= picture.height + 0.01
    )
