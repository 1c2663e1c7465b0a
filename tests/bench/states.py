"""Counts what Step Functions would: state transitions, which it charges, and events of a history, which it limits.

The harness runs the real machines; this looks on as each state is entered. How many events a state leaves in a history
is AWS's own account of it: a Lambda task five, a nested execution six, each iteration of a Map two. Retries add to
both, and are not counted, since without faults there are none.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ministack.services import stepfunctions

DOLLARS_PER_TRANSITION = 0.025 / 1000
HISTORY_LIMIT = 25_000
PAYLOAD_LIMIT = 256 * 1024

_EVENTS = {"pass": 2, "choice": 2, "wait": 2, "parallel": 4, "map": 4}
_OF_AN_EXECUTION = 4  # started and succeeded, its Succeed state entered and exited


class Seen:
    """What was seen of all executions of one run. The first execution is the one that was started from outside."""

    def __init__(self) -> None:
        self.transitions: Counter[str] = Counter()
        self.events: Counter[str] = Counter()
        self.largest_payload = 0

    @property
    def all_transitions(self) -> int:
        """In all executions together, each with its Succeed state."""
        return sum(self.transitions.values()) + len(self.transitions)

    @property
    def longest_history(self) -> int:
        """The number of events in the longest history of one execution."""
        return max(self.events.values(), default=0) + _OF_AN_EXECUTION

    @property
    def executions(self) -> int:
        """How many executions there were."""
        return len(self.transitions)

    def _enter(self, kind: str, state: Any, execution: str) -> None:
        self.transitions[execution] += 1
        if kind == "task":
            self.events[execution] += 6 if "states:startExecution" in state.get("Resource", "") else 5
        else:
            self.events[execution] += _EVENTS[kind]


@contextmanager
def watching() -> Iterator[Seen]:
    """Count from here to the end of the block, in an open account of the harness."""
    seen, module = Seen(), vars(stepfunctions)
    before = {name: module[name] for name in (*_names(), "_run_map_items", "_apply_result_path")}

    def entering(kind: str, execute: Callable[..., Any]) -> Callable[..., Any]:
        def execute_state(state: Any, *rest: Any) -> Any:
            seen._enter(kind, state, rest[-1]["Execution"]["Id"])
            return execute(state, *rest)

        return execute_state

    def run_map_items(state: Any, given: Any, execution: Any, context: Any) -> Any:
        items = stepfunctions._resolve_path_or_ctx(state.get("ItemsPath", "$"), given, context)
        seen.events[context["Execution"]["Id"]] += 2 * len(items)
        return before["_run_map_items"](state, given, execution, context)

    def apply_result_path(*given: Any) -> Any:
        output = before["_apply_result_path"](*given)
        seen.largest_payload = max(seen.largest_payload, len(json.dumps(output)))
        return output

    module.update({name: entering(kind, before[name]) for name, kind in _names().items()})
    module.update(_run_map_items=run_map_items, _apply_result_path=apply_result_path)
    try:
        yield seen
    finally:
        module.update(before)


def _names() -> dict[str, str]:
    return {f"_execute_{kind}": kind for kind in (*_EVENTS, "task")}
