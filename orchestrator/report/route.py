"""Which states an execution went through, and with which outcome: the journal's lines brought home to their states."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import state_machines
from orchestrator.core.catalogue import FUNCTIONS
from orchestrator.core.names import TwinNames
from orchestrator.graphs.model import Edge, Graph, State
from orchestrator.report.facts import Attempt, Facts
from state_machines import PUBLIC, called, retried

_ROLLED_BACK = "RolledBack"
_PRIORITY = ("failed", "created", "updated", "deleted", "drifted", "retained", "unchanged", "present", "absent")
_SUBJECT = re.compile(r"\$\.(\w+)")
_FUNCTION = re.compile(r"\$\.functions\.(\w+)")
_ROLE = ("create", "iam-role")
_LAYER = ("destroy", "config-layer")


@dataclass(frozen=True)
class Route:
    """Outcome of each state that was passed, and a short note on it (`2 created, 1.4 s`)."""

    outcomes: Mapping[str, str]
    notes: Mapping[str, str]


def final(attempts: Iterable[Attempt]) -> dict[tuple[str, str, str], Attempt]:
    """The last try of each step: a `waiting` one that succeeded later is no failure."""
    return {attempt.step: attempt for attempt in attempts}


def route(graph: Graph, facts: Facts) -> Route:
    """Find the way of an execution through its machine's graph."""
    steps = _Steps(facts)
    untold = set(graph.states) - facts.entered if facts.entered else set()  # of these it is known that they were not
    found = {state.name: tries for state in graph.walk() if state.name not in untold and (tries := steps.of(state))}
    outcomes = {name: _outcome(attempts) for name, attempts in found.items()}
    notes = {name: _note(attempts) for name, attempts in found.items()}
    entered = facts.entered | set(found)
    entered |= {state.name for state in graph.walk() if _holds(state, entered)}
    failed = [name for name, outcome in outcomes.items() if outcome == "failed"]
    broken = {*failed, *(state.name for state in graph.walk() if _holds(state, failed)), *_caught(graph, facts)}
    around = {id(inside): state for state in graph.walk() for inside in state.inside}
    for each in graph.walk_graphs():
        holder = around.get(id(each))
        begun = holder is not None and holder.type == "Parallel" and holder.name in entered
        if (begun or entered & set(each.states)) and not facts.entered & set(each.states):  # its history is not told
            broke_off = holder is not None and holder.name in broken and not failed  # and no step has told where
            entered |= _inferred(each, entered, failed=broke_off or bool(broken & set(each.states)))
    return Route({**dict.fromkeys(entered, "passed"), **dict.fromkeys(broken, "failed"), **outcomes}, notes)


class _Steps:
    """Finds the journal's lines of a state by what the state calls, and on what."""

    def __init__(self, facts: Facts) -> None:
        self._attempts = facts.attempts
        self._twin = TwinNames(facts.twin) if facts.twin else None
        self._named = {self._twin.function(one) for one in FUNCTIONS} | {self._twin.iot_role} if self._twin else set()
        self._creates_layer = any(each.step[:2] == ("create", "config-layer") for each in facts.attempts)

    def of(self, state: State) -> list[Attempt]:
        if state.type != "Task":
            return []
        names = called(json.dumps([state.definition.get("Resource"), state.definition.get("Parameters")]))
        if not names:
            return []
        machine = names[0].removesuffix("Machine")
        if machine == names[0]:
            return self._of_task(state, *_verb_and_kind(machine))
        name = _kebab(machine)
        if name in PUBLIC:  # a whole execution of its own, with a journal of its own
            return []
        given = state.definition["Parameters"]["Input"]
        mine = [each for each in self._attempts if (each.verb, each.kind) in _steps_of(name, given.get("phase"))]
        return (
            self._of_function(given, mine)
            if _FUNCTION.search(json.dumps(given)) or "component.$" in given
            else [
                each
                for each in mine
                if each.verb != "create" and ((each.verb, each.kind) != _LAYER or not self._creates_layer)
            ]
        )

    def _of_function(self, given: Mapping[str, Any], mine: Sequence[Attempt]) -> list[Attempt]:
        component = _FUNCTION.search(json.dumps(given))
        if component is None:  # one of the devices' own processors: whatever is no other function of the twin
            return [each for each in mine if each.name and each.name not in self._named]
        name = self._twin.function(component[1]) if self._twin else ""
        role_is_made = given.get("role_is_made")
        mine = [each for each in mine if each.name == name and not ((each.verb, each.kind) == _ROLE and role_is_made)]
        may_exist = given.get("may_exist")
        if may_exist is None:
            return list(mine)
        # One state makes a function that is new, another changes the same one where it is in use.
        return list(mine) if may_exist != any(each.new and each.kind == "function" for each in mine) else []

    def _of_task(self, state: State, verb: str, kind: str) -> list[Attempt]:
        if state.definition.get("Parameters", {}).get("compared"):
            verb = "confirm"
        found = [each for each in self._attempts if (each.verb, each.kind) == (verb, kind)]
        if (verb, kind) == _LAYER:  # old versions of the one in use; one that is not goes with the machine `remove`
            return found if self._creates_layer else []
        if (verb, kind) == _ROLE:  # devices' own processors make theirs in a machine of their own
            return [each for each in found if each.name in self._named]
        name = getattr(self._twin, _subject(state), None) if self._twin else None
        return [each for each in found if each.name == name] if isinstance(name, str) else found


@cache
def _steps_of(machine: str, phase: str | None) -> frozenset[tuple[str, str]]:
    """Verb and kind of every task that a machine can call in a phase, itself or by machines that it starts."""
    definition = state_machines.definition(machine)
    reached: list[str] = [definition["StartAt"]]
    found: set[tuple[str, str]] = set()
    for name in reached:  # it grows while it is walked
        state = definition["States"][name]
        rules = [rule for rule in state.get("Choices", ()) if rule.get("Variable") == "$.phase"]
        if rules:
            onward = [rule["Next"] for rule in rules if rule["StringEquals"] == phase] or [state["Default"]]
        else:
            onward = [state.get("Next"), state.get("Default"), *(rule["Next"] for rule in state.get("Choices", ()))]
        reached += [each for each in onward if each and each not in reached]
        for each in called(json.dumps(state)):
            child = each.removesuffix("Machine")
            found |= _steps_of(_kebab(child), None) if child != each else {_verb_and_kind(each)}
    return frozenset(found)


def _subject(state: State) -> str:
    """What a state is about, as the plan calls it: `$.hot_table` -> `hot_table`. Empty where the plan has several."""
    parameters = state.definition.get("Parameters", {})
    identity = parameters.get("identity")
    path = parameters.get("spec.$") or (identity.get("name.$") if isinstance(identity, Mapping) else "") or ""
    match = _SUBJECT.match(path)
    return match[1] if match else ""


def _verb_and_kind(called: str) -> tuple[str, str]:
    """Of a task by the name that state machines call it: `CreateIamRole` -> `create`, `iam-role`."""
    verb, _, kind = _kebab(called).partition("-")
    return verb, kind


def _kebab(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


def _outcome(attempts: Sequence[Attempt]) -> str:
    outcomes = {attempt.outcome for attempt in final(attempts).values()}
    return next((outcome for outcome in _PRIORITY if outcome in outcomes), "passed")


def _note(attempts: Sequence[Attempt]) -> str:
    steps = final(attempts)
    counts = Counter(attempt.outcome for attempt in steps.values())
    told = ", ".join(f"{number} {outcome}" if len(steps) > 1 else outcome for outcome, number in counts.most_common(2))
    took = max(each.started + each.seconds for each in attempts) - min(each.started for each in attempts)
    return f"{told}, {took:.1f} s"


def _holds(state: State, entered: Iterable[str]) -> bool:
    inside = {inner.name for graph in state.inside for inner in graph.walk()}
    return bool(inside & set(entered))


def _caught(graph: Graph, facts: Facts) -> set[str]:
    """States that failed: one was entered that nothing else leads to. (What is rolled back ends well after all.)"""
    if facts.error == _ROLLED_BACK:
        return set()
    by_failure = {edge.target for edge in graph.edges if edge.way == "catch"}
    alone = by_failure - {edge.target for edge in graph.edges if edge.way != "catch"}
    gone = (edge for edge in graph.edges if edge.way == "catch" and edge.target in alone & facts.entered)
    return {edge.source for edge in gone if edge.source in facts.entered}


def _inferred(graph: Graph, entered: frozenset[str], *, failed: bool) -> set[str]:
    """The way through a graph whose history is not known: from the start, always toward the nearest known state.

    States that do nothing themselves leave no line; a task without one was not entered, and no way leads over it.
    """
    ways = [edge for edge in graph.edges if edge.way != "catch"]
    to_known = _distances(graph, ways, set(entered) & set(graph.states))
    ends = {name for name, state in graph.states.items() if state.type != "Task" and not _onward(ways, name)}
    to_end = {} if failed else _distances(graph, ways, ends)
    passed: set[str] = set()
    at: str | None = graph.start
    while at is not None and (at in to_known or at in to_end) and at not in passed:
        passed.add(at)
        onward = _onward(ways, at)
        far = to_known if any(edge.target in to_known for edge in onward) else to_end
        leading = [edge for edge in onward if edge.target in far]
        at = min(leading, key=lambda edge: (far[edge.target], edge.way != "default")).target if leading else None
    return passed


def _distances(graph: Graph, ways: Iterable[Edge], goals: Iterable[str]) -> dict[str, int]:
    """How many states it is from each to the nearest goal, without a task between."""
    far = dict.fromkeys(goals, 0)
    waiting = list(far)
    for here in waiting:  # it grows while it is walked
        for edge in ways:
            if edge.target == here and edge.source not in far and graph.states[edge.source].type != "Task":
                far[edge.source] = far[here] + 1
                waiting.append(edge.source)
    return far


def _onward(ways: Iterable[Edge], name: str) -> list[Edge]:
    return [edge for edge in ways if edge.source == name]


def waited(attempt: Attempt) -> bool:
    """Whether the state machine tried the step again after this."""
    return attempt.outcome == "failed" and attempt.error in retried()
