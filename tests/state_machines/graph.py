"""A state machine's definition as a graph: every state with where it stands, and where it can go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

State = Mapping[str, Any]


@dataclass(frozen=True)
class Scope:
    """One set of states with a start: a machine, a branch of a Parallel, the item processor of a Map."""

    start: str
    states: Mapping[str, State]


def scopes(definition: Mapping[str, Any]) -> Iterator[Scope]:
    """The machine itself, and every scope inside it."""
    yield Scope(definition["StartAt"], definition["States"])
    for state in definition["States"].values():
        for inner in inside(state):
            yield from scopes(inner)


def inside(state: State) -> list[Mapping[str, Any]]:
    """The scopes that stand inside a state."""
    return [*state.get("Branches", ()), *([state["ItemProcessor"]] if "ItemProcessor" in state else [])]


def states(definition: Mapping[str, Any]) -> Iterator[tuple[str, State]]:
    """Every state of the machine, wherever it stands, with its name."""
    for scope in scopes(definition):
        yield from scope.states.items()


def successors(state: State) -> list[str]:
    """Where a state can go next."""
    chosen = [choice["Next"] for choice in state.get("Choices", ())]
    caught = [catcher["Next"] for catcher in state.get("Catch", ())]
    return [*chosen, *caught, *(state[way] for way in ("Next", "Default") if way in state)]


def reachable(scope: Scope) -> set[str]:
    """The states of a scope that some route passes."""
    seen: set[str] = set()
    waiting = [scope.start]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += successors(scope.states[name])
    return seen


def after(scope: Scope, name: str) -> set[str]:
    """The states that can come after one of the scope's states."""
    seen: set[str] = set()
    waiting = successors(scope.states[name])
    while waiting:
        following = waiting.pop()
        if following not in seen:
            seen.add(following)
            waiting += successors(scope.states[following])
    return seen


def rules(choice: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The comparisons a choice rule is made of."""
    inner = [*choice.get("And", ()), *choice.get("Or", ()), *([choice["Not"]] if "Not" in choice else [])]
    if not inner:
        yield choice
    for rule in inner:
        yield from rules(rule)
