"""How many steps an execution takes: the machine's definition, walked with the state that it starts with (pure).

Every step is taken to succeed; a Choice on what only a step can find out takes its default.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import state_machines

Json = dict[str, Any]

_MISSING = None
_MACHINE = re.compile(r"\$\{(\w+)Machine\}")
_PART = re.compile(r"\.(\w+)|\[(\d+)\]")
_FOUND = {"outcome": "present"}


def expected_steps(machine: str, state: Mapping[str, Any]) -> int:
    """The number of Lambda tasks on the way of an execution whose first task answered `state`."""
    return _Walk().through(_definition(machine), dict(state))[0]


@cache
def _definition(machine: str) -> Json:
    return state_machines.definition(machine)


class _Walk:
    """Follows states; each method answers the number of steps and what comes out."""

    def through(self, graph: Json, given: Any) -> tuple[int, Any]:
        steps, at, state = 0, graph["StartAt"], given
        while at:
            here = graph["States"][at]
            if here["Type"] == "Choice":
                at = next((rule["Next"] for rule in here["Choices"] if _holds(rule, state)), here.get("Default"))
                continue
            taken, result = self._of(here, state)
            steps += taken
            state = _onward(here, state, result)
            at = here.get("Next")
        return steps, state

    def _of(self, here: Json, state: Any) -> tuple[int, Any]:
        kind = here["Type"]
        if kind == "Task":
            return self._task(here, state)
        if kind == "Parallel":
            ended = [self.through(branch, state) for branch in here["Branches"]]
        elif kind == "Map":
            items = _value(here["ItemsPath"], state) or []
            given = [_filled(here["ItemSelector"], state, item) for item in items]
            ended = [self.through(here["ItemProcessor"], each) for each in given]
        else:
            return 0, _filled(here["Parameters"], state) if "Parameters" in here else here.get("Result", state)
        return sum(steps for steps, _ in ended), [result for _, result in ended]

    def _task(self, here: Json, state: Any) -> tuple[int, Any]:
        child = _MACHINE.fullmatch(here.get("Parameters", {}).get("StateMachineArn", ""))
        if child is None:  # what a step finds is not known; what it was given often is what it answers
            return 1, {**state, **_FOUND}
        name = re.sub(r"(?<!^)(?=[A-Z])", "-", child[1]).lower()
        steps, result = self.through(_definition(name), _filled(here["Parameters"]["Input"], state))
        return steps, {"Output": result}


def _onward(here: Json, state: Any, result: Any) -> Any:
    """What the next state is given."""
    if "InputPath" in here:
        result = _value(here["InputPath"], state)
    if "ResultSelector" in here:
        result = _filled(here["ResultSelector"], result)
    path = here.get("ResultPath", "$")
    if path and path != "$" and _value(path, state):  # what a step will find is in the state that we were given
        result = _value(path, state)
    out = state if path is None else result if path == "$" else _placed(state, path.split(".")[1:], result)
    return _value(here["OutputPath"], out) if "OutputPath" in here else out


def _placed(state: Any, keys: list[str], value: Any) -> Json:
    inner = (state or {}).get(keys[0]) if len(keys) > 1 else None
    return {**(state or {}), keys[0]: value if len(keys) == 1 else _placed(inner, keys[1:], value)}


def _filled(template: Any, state: Any, item: Any = None) -> Any:
    if not isinstance(template, Mapping):
        return template
    filled = {}
    for key, value in template.items():
        if key.endswith(".$"):
            filled[key[:-2]] = item if value == "$$.Map.Item.Value" else _value(value, state)
        else:
            filled[key] = _filled(value, state, item)
    return filled


def _value(path: str, state: Any) -> Any:
    """What a path leads to; None where that is nothing, or what only an engine knows."""
    if not path.startswith("$") or path.startswith("$$"):
        return _MISSING
    if "[*]" in path:
        listed, _, rest = path.partition("[*]")
        return [_value(f"${rest}", each) for each in _value(listed, state) or ()]
    for key, index in _PART.findall(path):
        if index:
            state = state[int(index)] if isinstance(state, list) and len(state) > int(index) else _MISSING
        else:
            state = state.get(key) if isinstance(state, Mapping) else _MISSING
    return state


def _holds(rule: Json, state: Any) -> bool:
    if "And" in rule:
        return all(_holds(each, state) for each in rule["And"])
    if "Or" in rule:
        return any(_holds(each, state) for each in rule["Or"])
    if "Not" in rule:
        return not _holds(rule["Not"], state)
    value = _value(rule["Variable"], state)
    if "IsPresent" in rule:
        return (value is not _MISSING) == bool(rule["IsPresent"])
    wanted = [rule[name] for name in ("StringEquals", "BooleanEquals") if name in rule]
    return bool(wanted) and type(value) is type(wanted[0]) and value == wanted[0]
