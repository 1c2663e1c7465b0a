"""Makes ministack's Step Functions behave as AWS's where a deployment depends on it.

- A nested execution that fails is `States.TaskFailed` to its parent; the cause is the child's description as JSON.
- `MaxDelaySeconds` and full jitter bound a retry's delay.
- `States.Runtime` and `States.DataLimitExceeded` pass every catcher and retrier that does not name them.
- A state's output over 256 KiB is `States.DataLimitExceeded`.
- Parallel branches do not see each other's `$$.State`.
- Starting an execution again under the same name with the same input gives the running one; a nested execution whose
  name was used before does not start.
- A stopped execution starts nothing more, not even in its branches or nested executions, and stays `ABORTED`.
- An execution starts at once instead of after 0.15 s.
"""

from __future__ import annotations

import contextvars
import json
import random
import time
import types
from typing import Any

from ministack.core.responses import error_response_json, json_response
from ministack.services import stepfunctions

_PAUSE_BEFORE_START = 0.15
_PAYLOAD_LIMIT_BYTES = 262_144
_UNCATCHABLE = {"States.Runtime", "States.DataLimitExceeded"}

_ancestors: contextvars.ContextVar[tuple[dict[str, Any], ...]] = contextvars.ContextVar("ancestors", default=())


def install() -> None:
    """Patch Step Functions."""
    stepfunctions._nested_execution_failure = _nested_execution_failure
    _patch_retry_and_catch()
    _patch_payload_limit()
    _patch_branches()
    _patch_starts()
    _patch_stop()
    stepfunctions.time = types.SimpleNamespace(**{**vars(time), "sleep": _sleep})


def _sleep(seconds: float) -> None:
    if seconds != _PAUSE_BEFORE_START:
        time.sleep(seconds)


def _nested_execution_failure(description: dict[str, Any]) -> tuple[str, str]:
    # AWS writes the fields of DescribeExecution with a capital, as everywhere in a state machine.
    fields = {name[0].upper() + name[1:]: value for name, value in description.items()}
    if fields.get("Status") != "SUCCEEDED":
        fields = {name: value for name, value in fields.items() if not name.startswith("Output")}
    return "States.TaskFailed", json.dumps(fields)


def _patch_retry_and_catch() -> None:
    find, matches = stepfunctions._find_matching_retrier, stepfunctions._error_matches

    def find_matching_retrier(retriers: Any, error: str, counts: dict[int, int]) -> tuple[Any, int]:
        retrier, index = find(retriers, error, counts)
        if retrier is None:
            return retrier, index
        delay = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** counts.get(index, 0)
        delay = min(delay, retrier.get("MaxDelaySeconds", delay))
        if retrier.get("JitterStrategy") == "FULL":
            delay = random.uniform(0, delay)  # noqa: S311  # a delay is no secret
        return {**retrier, "IntervalSeconds": delay, "BackoffRate": 1.0}, index

    def error_matches(names: list[str], error: str) -> bool:
        return error in names if error in _UNCATCHABLE else bool(matches(names, error))

    stepfunctions._find_matching_retrier = find_matching_retrier
    stepfunctions._error_matches = error_matches


def _patch_payload_limit() -> None:
    apply = stepfunctions._apply_result_path

    def apply_result_path(state: Any, original: Any, result: Any) -> Any:
        output = apply(state, original, result)
        if len(json.dumps(output, ensure_ascii=False).encode()) > _PAYLOAD_LIMIT_BYTES:
            message = (
                "The state/task returned a result with a size exceeding the maximum number of bytes service limit."
            )
            raise stepfunctions._ExecutionError("States.DataLimitExceeded", message)
        return output

    stepfunctions._apply_result_path = apply_result_path


def _patch_branches() -> None:
    run = stepfunctions._run_sub_machine

    def run_sub_machine(states: Any, start_at: str, data: Any, execution: Any, ctx: dict[str, Any]) -> Any:
        return run(states, start_at, data, execution, dict(ctx))

    stepfunctions._run_sub_machine = run_sub_machine


def _patch_starts() -> None:
    start, start_sync = stepfunctions._start_execution, stepfunctions._start_sync_execution

    def start_execution(request: dict[str, Any]) -> Any:
        there = _namesake(request)
        if there and there["status"] == "RUNNING" and there["input"] == request.get("input", "{}"):
            return json_response({"executionArn": there["executionArn"], "startDate": there["startDate"]})
        return start(request)

    def start_sync_execution(request: dict[str, Any]) -> Any:
        there = _namesake(request)
        if there:
            message = f"Execution Already Exists: '{there['executionArn']}'"
            return error_response_json("StepFunctions.ExecutionAlreadyExistsException", message, 400)
        return start_sync(request)

    stepfunctions._start_execution = start_execution
    stepfunctions._start_sync_execution = start_sync_execution


def _namesake(request: dict[str, Any]) -> dict[str, Any] | None:
    machine = stepfunctions._resolve_state_machine_arn(request.get("stateMachineArn", ""))
    if machine is None or not request.get("name"):
        return None
    arn = f"{machine.replace(':stateMachine:', ':execution:')}:{request['name']}"
    found: dict[str, Any] | None = stepfunctions._executions.get(arn)
    return found


def _patch_stop() -> None:
    execute, fail = stepfunctions._execute_task, stepfunctions._fail_execution

    def execute_task(state: Any, data: Any, execution: dict[str, Any], ctx: Any) -> Any:
        lineage = (*_ancestors.get(), execution)
        if any(each["status"] == "ABORTED" for each in lineage):
            raise stepfunctions._ExecutionError("States.Runtime", "The execution was stopped.")
        reset = _ancestors.set(lineage)
        try:
            return execute(state, data, execution, ctx)
        finally:
            _ancestors.reset(reset)

    def fail_execution(execution: dict[str, Any], error: str, cause: str) -> None:
        if execution["status"] == "RUNNING":
            fail(execution, error, cause)

    stepfunctions._execute_task = execute_task
    stepfunctions._fail_execution = fail_execution
