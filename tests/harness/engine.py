"""Runs the real state machines on the embedded cloud's own Step Functions engine, with the tasks called in-process.

What is taken out of the engine is waiting: the pause before an execution, retry delays, worker processes. What is put
in is what AWS does and the engine does not: the product's own shim for it, the 256 KiB limit of a payload, and a child
execution's name being used once only.
"""

from __future__ import annotations

import functools
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from ministack.services import lambda_svc, stepfunctions

from orchestrator.local import shim_account, shim_states
from tests.harness import siblings
from tests.harness.calls import TASK
from tests.harness.faults import WorkerLost
from tests.harness.turns import Cut, TurnPool, Turns, TurnThread, wait_for_all

Handler = Callable[[Mapping[str, Any], Any], Any]
Start = Mapping[str, str]
"""The input of StartExecution: stateMachineArn, name, input."""
PAYLOAD_LIMIT = 256 * 1024
TIMEOUT_MILLISECONDS = 110_000
_LONG_AGO = "2026-01-01T00:00:00.000Z"
_WAIT = stepfunctions._execute_wait


class Engine:
    """The engine, as long as `running` lasts."""

    def __init__(self, pending: Callable[[str, float], None]) -> None:
        self._tasks: dict[str, Handler] = {}
        self._pending = pending
        self.turns = Turns()
        self.gone = False

    @contextmanager
    def running(self) -> Iterator[None]:
        """Put our own threads, clock and Lambda invocation into the engine; take them out in the end."""
        before, timer = dict(vars(stepfunctions)), lambda_svc._schedule_state_transition
        pools = [vars(module) for name, module in sys.modules.items() if name.startswith("deploy_steps.")]
        pools = [module for module in pools if "ThreadPoolExecutor" in module]  # a task's own threads take turns, too
        shim_states.install()
        shim_account.install()
        vars(stepfunctions).update(
            {
                "threading": SimpleNamespace(Thread=self._thread, Lock=threading.Lock, Event=threading.Event),
                "time": SimpleNamespace(sleep=lambda _: None, time=time.time, monotonic=time.monotonic),
                "ThreadPoolExecutor": self._pool,
                "futures_wait": wait_for_all,
                "_SFN_WAIT_SCALE": 0,
                "_call_lambda": self._invoke,
                "_emit_execution_status_event": lambda _: None,
                "_execute_wait": self._wait,
                "_run_parallel_branches": siblings.together(stepfunctions._run_parallel_branches),
                "_run_map_items": siblings.together(stepfunctions._run_map_items),
                "_run_sub_machine": siblings.branch(lambda: self.turns, stepfunctions._run_sub_machine),
                "_apply_result_path": _limited(stepfunctions._apply_result_path),
                "_start_sync_execution": _named_once(stepfunctions._start_sync_execution),
            }
        )
        lambda_svc._schedule_state_transition = self._pending
        for module in pools:
            module["ThreadPoolExecutor"] = self._pool
        try:
            yield
        finally:
            vars(stepfunctions).update(before)
            lambda_svc._schedule_state_transition = timer
            for module in pools:
                module["ThreadPoolExecutor"] = ThreadPoolExecutor

    def install(self, tasks: Mapping[str, Handler], machines: Mapping[str, str]) -> None:
        """Know the tasks (name of its function → handler), create the state machines (name → rendered definition)."""
        self._tasks |= tasks
        for name, definition in machines.items():
            request = {"name": name, "definition": definition, "roleArn": "arn:aws:iam::000000000000:role/machines"}
            _answered(stepfunctions._create_state_machine(request))

    def execute(self, starts: Sequence[Start], seed: int | None) -> list[dict[str, Any]]:
        """Run executions side by side to their ends, or until somebody sets `gone`, and return their records."""
        self.turns, self.gone = Turns(seed), False
        for ended in stepfunctions._executions.values():
            if ended["status"] != "RUNNING":  # whoever starts the next one has waited
                ended["stopDate"] = _LONG_AGO
        started = [_answered(stepfunctions._start_execution(start)) for start in starts]
        self.turns.drain()
        if self.gone:
            for execution in stepfunctions._executions.values():
                if execution["status"] == "RUNNING":
                    execution |= {"status": "ABORTED", "stopDate": stepfunctions.now_iso()}
        return [stepfunctions._executions[answer["executionArn"]] for answer in started]

    def invoke(self, function: str, event: Any) -> Any:
        """Invoke one task by itself, and run whatever executions it starts to their ends. Raises as the task does."""
        self.turns, self.gone = Turns(), False
        try:
            return self._invoke(function, event)
        finally:
            self.turns.drain()

    def _thread(self, target: Callable[..., Any], args: tuple[Any, ...], daemon: bool) -> TurnThread:
        return TurnThread(self.turns, target, args, siblings.ends())

    def _pool(self, max_workers: int) -> TurnPool:
        return TurnPool(self.turns, max_workers, siblings.ends())

    def _wait(self, state: Mapping[str, Any], *arguments: Any) -> Any:
        if "TimestampPath" in state:  # long enough for every task to end that had begun
            self.turns.let_late_end()
        return _WAIT(state, *arguments)

    def _invoke(self, function_arn: str, event: Any) -> Any:
        if self.gone:
            raise Cut
        if siblings.stopped():
            raise stepfunctions._ExecutionError("States.Runtime", "A sibling has failed.")
        name = function_arn.rsplit(":", 1)[-1]
        if name not in self._tasks:
            raise stepfunctions._ExecutionError("Lambda.ResourceNotFoundException", f"Function not found: {name}")
        running = TASK.set(name)
        try:
            context = SimpleNamespace(function_name=name, get_remaining_time_in_millis=lambda: TIMEOUT_MILLISECONDS)
            answer = self._tasks[name](json.loads(_payload(event)), context)
            return json.loads(_payload(answer))
        except WorkerLost:
            raise _failed("Runtime.ExitError", "Runtime exited without providing a reason") from None
        except stepfunctions._ExecutionError:
            raise
        except Exception as error:  # Lambda reports every exception by its class name
            raise _failed(type(error).__name__, str(error)) from error
        finally:
            TASK.reset(running)


def _answered(response: tuple[int, Any, bytes]) -> dict[str, Any]:
    status, _, body = response
    if status != 200:
        raise RuntimeError(f"Step Functions answered {status}: {body!r}")
    answer: dict[str, Any] = json.loads(body)
    return answer


def _failed(error: str, message: str) -> Exception:
    failure: Exception = stepfunctions._ExecutionError(
        error, json.dumps({"errorMessage": message, "errorType": error, "stackTrace": []})
    )
    return failure


def _payload(value: Any) -> str:
    text = json.dumps(value)
    if len(text) > PAYLOAD_LIMIT:
        raise stepfunctions._ExecutionError(
            "States.DataLimitExceeded", f"A payload of {len(text)} bytes is over the limit of {PAYLOAD_LIMIT}."
        )
    return text


def _limited(apply: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(apply)
    def limited(state: Mapping[str, Any], original: Any, result: Any) -> Any:
        output = apply(state, original, result)
        _payload(output)
        return output

    return limited


def _named_once(start: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(start)
    def named_once(request: Mapping[str, Any]) -> Any:
        machine = str(request["stateMachineArn"])
        if "name" in request:
            arn = f"{machine.replace(':stateMachine:', ':execution:')}:{request['name']}"
            if arn in stepfunctions._executions:
                return stepfunctions.error_response_json(
                    "ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'", 400
                )
        return start(request)

    return named_once
