"""Runs asynchronous Lambda invocations as AWS does: queued, retried, and handed to the on-failure destination.

An error of the function uses up one of its retries; being throttled does not. Every attempt has the same request id
and runs the function as it is by then. What fails for good, gets too old, or comes out of a recursive loop, goes to the
destination as the document that AWS writes there.
"""

from __future__ import annotations

import contextvars
import json
import logging
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ministack.core.arn import parse_arn
from ministack.core.responses import new_uuid, request_scope
from ministack.services import lambda_svc, sqs

from orchestrator.local import shim_loops

logger = logging.getLogger(__name__)

_THROTTLED_DELAY_SECONDS = 0.2
_THROTTLED = {"errorType": "TooManyRequestsException", "errorMessage": "Rate Exceeded."}


@dataclass
class _Invocation:
    function_arn: str
    record: dict[str, Any]
    event: Any
    context: contextvars.Context
    id: str = field(default_factory=new_uuid)
    accepted: float = field(default_factory=time.monotonic)
    attempts: int = 0

    @property
    def settings(self) -> dict[str, Any]:
        configs = self.record.get("event_invoke_configs") or {}
        return self.record.get("event_invoke_config") or configs.get("$LATEST") or {}

    @property
    def age_seconds(self) -> float:
        return time.monotonic() - self.accepted


class AsyncInvocations:
    """The queue in front of all functions. `workers` invocations run at a time; the others wait."""

    def __init__(self, workers: int) -> None:
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="async-invoke")

    def accept(self, record: dict[str, Any], event: Any) -> None:
        """Take one event for a function. Returns at once; from here on the event is not lost."""
        self._submit(_Invocation(record["config"]["FunctionArn"], record, event, contextvars.copy_context()))

    def _submit(self, invocation: _Invocation) -> None:
        self._pool.submit(invocation.context.run, self._attempt, invocation).add_done_callback(_report)

    def _attempt(self, invocation: _Invocation) -> None:
        arn = parse_arn(invocation.function_arn)
        with request_scope(arn.account_id, arn.region):
            func, config, _ = lambda_svc._get_func_record_for_ref(invocation.function_arn)
            if func and config:
                invocation.record = lambda_svc._execution_record_for_config(func, config)
            if loop := shim_loops.stopped(invocation.record):
                _to_destination(invocation, loop, "RetriesExhausted")
                return
            result = _run(invocation)
            if result is None:
                self._again(invocation, _THROTTLED_DELAY_SECONDS, _THROTTLED)
            elif result.get("error"):
                invocation.attempts += 1
                retries = invocation.settings.get("MaximumRetryAttempts")
                if invocation.attempts > (2 if retries is None else int(retries)):
                    _to_destination(invocation, result["body"], "RetriesExhausted")
                else:
                    pause = lambda_svc._LAMBDA_ASYNC_RETRY_BASE_SECONDS * 2 ** (invocation.attempts - 1)
                    self._again(invocation, pause, result["body"])

    def _again(self, invocation: _Invocation, delay: float, failure: dict[str, Any]) -> None:
        if invocation.age_seconds + delay > int(invocation.settings.get("MaximumEventAgeInSeconds") or 21_600):
            _to_destination(invocation, failure, "EventAgeExceeded")
            return
        timer = threading.Timer(delay, self._submit, [invocation])
        timer.daemon = True
        timer.start()


def _report(attempt: Future[None]) -> None:
    if error := attempt.exception():
        logger.error("An asynchronous invocation was lost.", exc_info=error)


def _run(invocation: _Invocation) -> dict[str, Any] | None:
    """One attempt: Lambda's result, or None when there was no concurrency left for it."""
    config = invocation.record["config"]
    slot, _ = lambda_svc._acquire_execution_slot(invocation.record, config)
    if slot is None:
        return None
    try:
        result: dict[str, Any] = lambda_svc._execute_function_dispatch(
            invocation.record, config, invocation.event, invocation.id, time.time()
        )
        return result
    finally:
        lambda_svc._release_execution_slot(slot)


def _to_destination(invocation: _Invocation, failure: dict[str, Any], condition: str) -> None:
    destination = invocation.settings.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
    queue = sqs._queue_by_arn(destination) if destination else None
    if queue is None:  # AWS counts a DestinationDeliveryFailure and drops the event
        return
    document = {
        "version": "1.0",
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "requestContext": {
            "requestId": invocation.id,
            "functionArn": f"{invocation.function_arn}:$LATEST",
            "condition": condition,
            "approximateInvokeCount": invocation.attempts,
        },
        "requestPayload": invocation.event,
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "responsePayload": failure,
    }
    sqs._act_send_message({"MessageBody": json.dumps(document)}, queue["url"])
