"""Which states an execution went through, and with which outcome: the journal's lines brought home to their states."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from orchestrator.core.catalogue import FUNCTIONS, OF_ANY_FUNCTION
from orchestrator.core.names import TwinNames
from orchestrator.graphs.model import Edge, Graph, State
from orchestrator.report.facts import Attempt, Facts
from state_machines import retried

_ROLE = "iam-role"
_PARTS_OF_A_FUNCTION = {*OF_ANY_FUNCTION, "url-proof"}
_VERBS_OF_A_MACHINE = {
    "DeployFunctionMachine": ("create", "prove"),
    "RemoveFunctionMachine": ("destroy",),
    "InspectFunctionMachine": ("info",),
}
_MACHINES = {"InspectMachine"}  # a whole execution of its own, with a journal of its own
_AROUND = {
    "load-project": ("load", "project"),
    "load-twin": ("load", "twin"),
    "load-rollback": ("load", "rollback"),
    "check-permissions": ("check", "permissions-check"),
    "compare-twin": ("compare", "comparison"),
    "take-lock": ("take", "lock"),
    "release-lock": ("release", "lock"),
    "record-start": ("start", "record"),
    "record-outcome": ("finish", "record"),
    "build-processor-package": ("build", "processor-package"),
    "prove-url": ("prove", "url-proof"),
    "drain-function": ("drain", "invoke-config"),
    "announce-result": ("announce", "result"),
    "list-findings": ("list", "findings"),
    "write-report": ("write", "report"),
}
"""Verb and kind in the journal of the tasks that are no verb of a kind."""

_ROLLED_BACK = "RolledBack"
_PRIORITY = ("failed", "created", "updated", "deleted", "drifted", "retained", "unchanged", "present", "absent")
_CALLED = re.compile(r"\$\{(\w+)\}")
_SUBJECT = re.compile(r"\$\.(\w+)")
_FUNCTION = re.compile(r"\$\.functions\.(\w+)")


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
        called = _CALLED.search(json.dumps([state.definition.get("Resource"), state.definition.get("Parameters")]))
        if called is None or called[1] in _MACHINES:
            return []
        if called[1] in _VERBS_OF_A_MACHINE:
            return self._of_function(state, _VERBS_OF_A_MACHINE[called[1]])
        return self._of_task(state, *_verb_and_kind(called[1]))

    def _of_function(self, state: State, verbs: Sequence[str]) -> list[Attempt]:
        component = _FUNCTION.search(json.dumps(state.definition["Parameters"]))
        mine = [each for each in self._attempts if each.verb in verbs and each.kind in _PARTS_OF_A_FUNCTION]
        if component is None:  # one of the devices' own processors: whatever is no other function of the twin
            return [each for each in mine if each.name and each.name not in self._named]
        name = self._twin.function(component[1]) if self._twin else ""
        told = state.definition["Parameters"]["Input"]
        mine = [each for each in mine if each.name == name and not (each.kind == _ROLE and told.get("role_is_made"))]
        may_exist = told.get("may_exist")
        if may_exist is None:
            return mine
        # One state makes a function that is new, another changes the same one where it is in use.
        return mine if may_exist != any(each.new and each.kind == "function" for each in mine) else []

    def _of_task(self, state: State, verb: str, kind: str) -> list[Attempt]:
        if state.definition.get("Parameters", {}).get("compared"):
            verb = "confirm"
        found = [each for each in self._attempts if (each.verb, each.kind) == (verb, kind)]
        if (verb, kind) == ("destroy", "config-layer"):  # old versions of the one in use, or all of one that is not
            keeps_latest = "keep_latest" in state.definition["Parameters"]["identity"]
            return found if keeps_latest == self._creates_layer else []
        if (verb, kind) == ("create", _ROLE):  # devices' own processors make theirs in a machine of their own
            return [each for each in found if each.name in self._named]
        name = getattr(self._twin, _subject(state), None) if self._twin else None
        return [each for each in found if each.name == name] if isinstance(name, str) else found


def _subject(state: State) -> str:
    """What a state is about, as the plan calls it: `$.hot_table` -> `hot_table`. Empty where the plan has several."""
    parameters = state.definition.get("Parameters", {})
    identity = parameters.get("identity")
    path = parameters.get("spec.$") or (identity.get("name.$") if isinstance(identity, Mapping) else "") or ""
    match = _SUBJECT.match(path)
    return match[1] if match else ""


def _verb_and_kind(called: str) -> tuple[str, str]:
    """Of a task by the name that state machines call it: `CreateIamRole` -> `create`, `iam-role`."""
    task = re.sub(r"(?<!^)(?=[A-Z])", "-", called).lower()
    verb, _, kind = task.partition("-")
    return _AROUND.get(task, (verb, kind))


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
