"""Makes ministack's Lambda behave as AWS's: errors by their class, whole logs, reachable URLs, patient asynchrony.

- The class of an exception is reported as `errorType`, with `errorMessage`, `requestId` and `stackTrace`; the worker
  lives on, as on AWS. A worker that dies reports `Runtime.ExitError`, one that cannot import its handler
  `Runtime.ImportModuleError`. Throttling is `Lambda.TooManyRequestsException` to a state machine.
- What a handler writes belongs to its own invocation's log: the worker marks the end, and nobody waits 50 ms for it.
- A Function URL's value can be used as it stands: http://127.0.0.1:PORT/_aws/lambda-url/ID/.
- An IoT rule invokes asynchronously (with retries and the on-failure destination), and its error action runs when the
  function is gone.
- Asynchronous invocations wait their turn (`async_invoke`) instead of all starting at once.
- A queue and a function have one event source mapping between them: a second one is refused.
- An update or a deletion lets invocations that are under way come to their end.
"""

from __future__ import annotations

import json
import queue
import time
from collections.abc import Iterable
from typing import Any

from ministack.core import lambda_runtime
from ministack.core.responses import error_response_json, json_response
from ministack.services import iot, lambda_svc

from orchestrator.local.async_invoke import AsyncInvocations

_RAISED = "__gluecode_raised__"
_END_OF_LOG = "__gluecode_end_of_log__"
_LOG_PATIENCE_SECONDS = 2.0

_HANDLER_FAILS = 'json.dumps({"status": "error", "error": str(e), "trace": traceback.format_exc()})'
_HANDLER_RAISES = f"""json.dumps({{"status": "ok", "result": {{"{_RAISED}": {{
                "errorMessage": str(e), "errorType": type(e).__name__,
                "stackTrace": traceback.format_tb(e.__traceback__)[1:]}}}}}})"""

_IMPORT_FAILS = 'json.dumps({"status": "error", "error": str(e)})'
_IMPORT_RAISES = """json.dumps({"status": "error", "error": json.dumps({
            "errorMessage": "Unable to import module '%s': %s" % (module_name, e),
            "errorType": "Runtime.ImportModuleError" if isinstance(e, ImportError) else type(e).__name__,
            "stackTrace": traceback.format_tb(e.__traceback__)})})"""

_ANSWER_SENT = "        _real_stdout.flush()\n\nrun()"
_LOG_ENDED = f"""        sys.__stderr__.write("{_END_OF_LOG}\\n")
        sys.__stderr__.flush()
        _real_stdout.flush()

run()"""

_INIT_FAILED = "Worker init failed: "


def install(endpoint: str, async_workers: int) -> None:
    """Patch Lambda and the IoT rules that invoke it."""
    _patch_worker()
    _patch_retirement()
    _patch_execution()
    _patch_function_urls(endpoint)
    _patch_event_sources()
    _patch_asynchrony(async_workers)


def _patch_worker() -> None:
    script = lambda_runtime._PYTHON_WORKER_SCRIPT
    script = _replaced(script, _HANDLER_FAILS, _HANDLER_RAISES)
    script = _replaced(script, _IMPORT_FAILS, _IMPORT_RAISES)
    lambda_runtime._PYTHON_WORKER_SCRIPT = _replaced(script, _ANSWER_SENT, _LOG_ENDED)
    lambda_runtime.Worker._drain_stderr_bounded = _log_of_this_invocation


def _patch_retirement() -> None:
    kill, release = lambda_runtime.kill_workers, lambda_runtime.release_worker

    def kill_workers(workers: Iterable[Any]) -> None:
        kill([worker for worker in workers if worker is not None and not worker.in_use])

    def release_worker(worker: Any) -> None:
        release(worker)
        if worker is not None and not any(worker in pool for pool in list(lambda_runtime._workers.values())):
            kill([worker])

    lambda_runtime.kill_workers = kill_workers
    lambda_svc.release_worker = release_worker


def _log_of_this_invocation(worker: Any, *_: Any) -> str:
    lines: list[str] = []
    deadline = time.monotonic() + _LOG_PATIENCE_SECONDS
    if worker._proc is None:  # it died: its last words are all that comes, and nothing marks their end
        worker._stderr_thread.join(_LOG_PATIENCE_SECONDS)
        return str(worker._drain_stderr())
    while time.monotonic() < deadline:
        try:
            line = worker._stderr_queue.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            break
        if line.endswith(_END_OF_LOG):
            return "\n".join([*lines, line.removesuffix(_END_OF_LOG)]).removesuffix("\n")
        lines.append(line)
    return "\n".join(lines)


def _patch_execution() -> None:
    execute, throttled = lambda_svc._execute_function_warm, lambda_svc._throttle_response

    def execute_function(func: Any, event: Any, request_id: str) -> dict[str, Any]:
        return _as_on_aws(execute(func, event, request_id), request_id)

    def throttle_response(*args: Any, **kwargs: Any) -> dict[str, Any]:
        result: dict[str, Any] = throttled(*args, **kwargs)
        result["body"]["errorType"] = "Lambda.TooManyRequestsException"
        return result

    lambda_svc._execute_function_warm = execute_function
    lambda_svc._throttle_response = throttle_response


def _as_on_aws(result: dict[str, Any], request_id: str) -> dict[str, Any]:
    body = result.get("body")
    if not isinstance(body, dict) or result.get("throttle"):
        return result
    if _RAISED in body:
        return _failed({**body[_RAISED], "requestId": request_id}, result.get("log", ""))
    if not result.get("error"):
        return result
    message = str(body.get("errorMessage", ""))
    if message.startswith(_INIT_FAILED):
        failure = json.loads(message.removeprefix(_INIT_FAILED))
        return _failed({**failure, "requestId": request_id}, result.get("log", ""))
    if body.get("errorType") == "Sandbox.Timedout":
        return result
    exited = {"errorMessage": f"RequestId: {request_id} Error: {message}", "errorType": "Runtime.ExitError"}
    return _failed(exited, result.get("log", ""))


def _failed(error: dict[str, Any], log: str) -> dict[str, Any]:
    trace = "".join(error.get("stackTrace", ()))
    report = f"[ERROR] {error['errorType']}: {error['errorMessage']}" + (f"\nTraceback:\n{trace}" if trace else "")
    return {"body": error, "error": True, "log": "\n".join(filter(None, [log, report]))}


def _patch_function_urls(endpoint: str) -> None:
    create, id_in = lambda_svc._create_function_url_config, lambda_svc._function_url_id

    def create_function_url_config(func_name: str, data: Any, qualifier: str | None) -> Any:
        answer = create(func_name, data, qualifier)
        if answer[0] != 201:
            return answer
        config = lambda_svc._function_urls[lambda_svc._url_config_key(func_name, qualifier)]
        config["FunctionUrl"] = f"{endpoint}/_aws/lambda-url/{id_in(config['FunctionUrl'])}/"
        return json_response(config, status=201)

    def function_url_id(url: str) -> str:
        return url.rstrip("/").rpartition("/")[2]

    lambda_svc._create_function_url_config = create_function_url_config
    lambda_svc._function_url_id = function_url_id


def _patch_event_sources() -> None:
    create = lambda_svc._create_esm

    def create_event_source_mapping(data: Any) -> Any:
        name = str(data.get("FunctionName", "")).rpartition(":")[2]
        for there in lambda_svc._esms.values():
            if (there["FunctionName"], there["EventSourceArn"]) == (name, data.get("EventSourceArn")):
                said = (
                    f'An event source mapping with SQS arn (" {there["EventSourceArn"]} ") and function (" {name} ") '
                    f"already exists. Please update or delete the existing mapping with UUID {there['UUID']}"
                )
                return error_response_json("ResourceConflictException", said, 409)
        return create(data)

    lambda_svc._create_esm = create_event_source_mapping


def _patch_asynchrony(workers: int) -> None:
    invocations = AsyncInvocations(workers)

    def dispatch_rule_to_lambda(account: str, region: str, function_arn: str, event: Any) -> None:
        func, config, _ = lambda_svc._get_func_record_for_ref_in_scope(function_arn, account_id=account, region=region)
        if not func or not config:
            raise RuntimeError(f"ResourceNotFoundException: Function not found: {function_arn}")
        invocations.accept(lambda_svc._execution_record_for_config(func, config), event)

    lambda_svc.invoke_async_with_retry = invocations.accept
    iot._dispatch_rule_to_lambda = dispatch_rule_to_lambda


def _replaced(text: str, old: str, new: str) -> str:
    """`text` with its one occurrence of `old` replaced. RuntimeError when there is none, or more than one."""
    if text.count(old) != 1:
        raise RuntimeError(f"ministack does not read as expected: {old!r} occurs {text.count(old)} times.")
    return text.replace(old, new)
