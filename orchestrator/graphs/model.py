"""Reads a state machine's definition as a graph: states, what is nested in them, and the ways between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Way = Literal["next", "choice", "default", "catch"]

_LONG = 8  # states
_COMPARISONS = {"StringEquals": "is", "StringMatches": "looks like", "NumericEquals": "is"}
_YES_OR_NO = {"BooleanEquals": "true", "IsPresent": "there"}


@dataclass(frozen=True)
class Edge:
    """One way from a state to the next. `label` is short, for the picture; `condition` is whole, for the text."""

    source: str
    target: str
    way: Way
    label: str = ""
    condition: str = ""


@dataclass(frozen=True)
class State:
    """One state. `inside` holds the branches of a Parallel, or the item processor of a Map."""

    name: str
    type: str
    definition: Mapping[str, Any]
    inside: tuple[Graph, ...] = ()

    @property
    def comment(self) -> str:
        """What its author says about it."""
        return str(self.definition.get("Comment", ""))


@dataclass(frozen=True)
class Graph:
    """A machine, a branch or an item processor. The states stand in the order of their definition."""

    start: str
    states: Mapping[str, State]
    edges: tuple[Edge, ...] = field(default=())

    def walk(self) -> Iterator[State]:
        """Every state, what is nested in one right after it."""
        for state in self.states.values():
            yield state
            for graph in state.inside:
                yield from graph.walk()

    def walk_graphs(self) -> Iterator[Graph]:
        """This graph and every one nested in it."""
        yield self
        for state in self.states.values():
            for graph in state.inside:
                yield from graph.walk_graphs()


def read(definition: Mapping[str, Any]) -> Graph:
    """The graph of a definition, or of the part of one that has `StartAt` and `States`."""
    states = {name: _state(name, state) for name, state in definition["States"].items()}
    edges = tuple(edge for name, state in definition["States"].items() for edge in _edges(name, state))
    return Graph(definition["StartAt"], states, edges)


def pictures(graph: Graph, title: str) -> list[tuple[str, Graph]]:
    """The graph in parts that each fit a page: a container of one long branch becomes a box and a part of its own."""
    apart = [state for state in graph.states.values() if len(state.inside) == 1 and len(state.inside[0].states) > _LONG]
    closed = {state.name: replace(state, inside=()) for state in apart}
    parts = [(title, replace(graph, states={**graph.states, **closed}))]
    return parts + [part for state in apart for part in pictures(state.inside[0], state.name)]


def condition(rule: Mapping[str, Any]) -> str:
    """A Choice rule in words: `layer_1_provider is aws or layer_2_provider is aws`."""
    if "And" in rule:
        return " and ".join(_bracketed(part) for part in rule["And"])
    if "Or" in rule:
        return " or ".join(_bracketed(part) for part in rule["Or"])
    if "Not" in rule:
        return f"not ({condition(rule['Not'])})"
    name, value = next((key, value) for key, value in rule.items() if key in _COMPARISONS | _YES_OR_NO)
    variable = str(rule["Variable"]).removeprefix("$.").removeprefix("providers.")
    if name in _YES_OR_NO:
        return f"{variable} {'is' if value else 'is not'} {_YES_OR_NO[name]}"
    return f"{variable} {_COMPARISONS[name]} {value}"


def _bracketed(rule: Mapping[str, Any]) -> str:
    text = condition(rule)
    return f"({text})" if "And" in rule or "Or" in rule else text


def _state(name: str, definition: Mapping[str, Any]) -> State:
    inside = [read(branch) for branch in definition.get("Branches", ())]
    if "ItemProcessor" in definition:
        inside.append(read(definition["ItemProcessor"]))
    return State(name, definition["Type"], definition, tuple(inside))


def _edges(name: str, state: Mapping[str, Any]) -> Iterator[Edge]:
    if state["Type"] == "Choice":
        yield from _choices(name, state)
    caught: dict[str, list[str]] = {}
    for catch in state.get("Catch", ()):
        caught.setdefault(catch["Next"], []).extend(catch["ErrorEquals"])
    if "Next" in state:  # one line is enough where success and failure lead to the same place
        errors = caught.pop(state["Next"], [])
        yield Edge(name, state["Next"], "next", f"also on {_errors(errors)}" if errors else "")
    for target, errors in caught.items():
        yield Edge(name, target, "catch", _errors(errors), f"on {_errors(errors)}")


def _choices(name: str, state: Mapping[str, Any]) -> Iterator[Edge]:
    rules = state["Choices"]
    labels = [_label(rule, number, len(rules)) for number, rule in enumerate(rules, 1)]
    for rule, label in zip(rules, labels, strict=True):
        yield Edge(name, rule["Next"], "choice", label, condition(rule))
    if "Default" in state:
        yield Edge(name, state["Default"], "default", "no" if labels == ["yes"] else "otherwise", "otherwise")


def _label(rule: Mapping[str, Any], number: int, of: int) -> str:
    """States are questions, so most rules mean yes; one that compares an outcome is labelled with it."""
    if "StringEquals" in rule and not str(rule["Variable"]).startswith("$.providers."):
        return str(rule["StringEquals"])
    return "yes" if of == 1 else f"rule {number}"


def _errors(errors: list[str]) -> str:
    return "any error" if "States.ALL" in errors else ", ".join(errors)
