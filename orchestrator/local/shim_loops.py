"""Makes ministack stop recursive loops as Lambda does, also those that pass through a queue.

ministack counts all invocations in a chain of direct ones. Lambda counts each function by itself, and the count
(`lineage`) travels in the trace header: through Invoke, synchronous and asynchronous, and through SQS, which keeps it
with the message. When a function has run 16 times in one chain, its next invocation is stopped:

- A caller that waits gets RecursiveInvocationException.
- An asynchronous event goes to the function's on-failure destination.
- A message goes to the dead-letter queue of its queue. AWS refuses it at each receive before, up to `maxReceiveCount`;
  here that is counted at once.

`RecursiveLoop: Allow` on a function switches this off. Not counted here, though AWS does: loops through SNS and S3.
Not counted by AWS either: loops through EventBridge, DynamoDB, IoT and Step Functions.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from ministack.core.concurrency import esm_wake
from ministack.core.responses import new_uuid
from ministack.services import lambda_svc, sqs

from orchestrator.local import lineage

TRACE_ATTRIBUTE = "AWSTraceHeader"
"""Where SQS keeps the trace header of a message."""

_chain: ContextVar[lineage.Lineage] = ContextVar("chain", default={})  # noqa: B039  # never changed in place
_trace_header: ContextVar[str] = ContextVar("trace_header", default="")
_drop = lambda_svc._recursive_loop_drop


def install() -> None:
    """Patch the counting, SQS, and the three ways to invoke a function."""
    _patch_trace_header()
    _patch_queues()
    _patch_event_sources()
    _patch_invoke()


def stopped(record: Mapping[str, Any]) -> dict[str, Any] | None:
    """Lambda's error for an invocation of that function in the present chain; None if it may run."""
    config = record.get("config") or record
    if not _is_stopped(record, config["FunctionArn"], _chain.get()):
        return None
    _, _, body = _dropped(config["FunctionName"])
    return {"errorType": "RecursiveInvocationException", "errorMessage": json.loads(body)["message"]}


def _dropped(function: str) -> Any:
    """Count the metric, write the log line, and answer as Lambda does to a caller that waits."""
    return _drop(function, {}, lambda_svc.MAX_INVOKE_DEPTH + 1)


def _is_stopped(record: Mapping[str, Any], function_arn: str, chain: lineage.Lineage) -> bool:
    return record.get("recursive_loop") != "Allow" and lineage.is_loop(chain, function_arn)


def _patch_trace_header() -> None:
    made = lambda_svc._xray_trace_id_for_invocation

    def trace_id(config: Mapping[str, Any], inbound: str | None = None) -> str:
        header = made(config, inbound) or f"Root=1-{new_uuid()[:8]}-{new_uuid().replace('-', '')[:24]};Sampled=0"
        return lineage.written(lineage.invoked(_chain.get(), config["FunctionArn"]), header)

    lambda_svc._xray_trace_id_for_invocation = trace_id


def _patch_queues() -> None:
    handle, send = sqs.handle_request, sqs._act_send_message

    async def handle_request(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        _trace_header.set(headers.get(lineage.HEADER.lower(), ""))
        return await handle(method, path, headers, body, query)

    def send_message(data: dict[str, Any], url: str) -> Any:
        if header := _trace_header.get():
            system = {TRACE_ATTRIBUTE: {"DataType": "String", "StringValue": header}}
            data = {**data, "MessageSystemAttributes": system | (data.get("MessageSystemAttributes") or {})}
        return send(data, url)

    sqs.handle_request = handle_request
    sqs._act_send_message = sqs._HANDLERS["SendMessage"] = send_message


def _patch_event_sources() -> None:
    run = lambda_svc._run_sqs_batch

    def run_sqs_batch(esm: Any, func: Any, event: Any, batch: list[Any], queue_url: str, queue_name: str) -> None:
        chains = {message["id"]: lineage.read(message["sys"].get(TRACE_ATTRIBUTE, "")) for message in batch}
        loops = {each for each, chain in chains.items() if _is_stopped(func, esm["FunctionArn"], chain)}
        if loops:
            _bury([message for message in batch if message["id"] in loops], queue_url)
            _dropped(esm["FunctionName"])
        batch = [message for message in batch if message["id"] not in loops]
        if batch:
            records = [record for record in event["Records"] if record["messageId"] not in loops]
            _chain.set(lineage.joined(chain for each, chain in chains.items() if each not in loops))
            run(esm, func, {**event, "Records": records}, batch, queue_url, queue_name)

    lambda_svc._run_sqs_batch = run_sqs_batch


def _bury(messages: list[Any], queue_url: str) -> None:
    with sqs._queues_lock:
        policy = json.loads(sqs._get_q(queue_url)["attributes"].get("RedrivePolicy") or "{}")
        for message in messages:
            if policy:  # SQS moves it when somebody receives the next time
                message |= {"receive_count": int(policy["maxReceiveCount"]), "visible_at": 0}
    esm_wake.set()


def _patch_invoke() -> None:
    invoke = lambda_svc._invoke

    async def invoke_function(name: str, event: Any, headers: Any, *others: Any, **more: Any) -> Any:
        chain = lineage.read(headers.get(lineage.HEADER.lower(), ""))
        _chain.set(chain)
        waits = headers.get("x-amz-invocation-type", "RequestResponse") == "RequestResponse"
        if waits and _is_stopped(lambda_svc._functions.get(name, {}), lambda_svc._func_arn(name), chain):
            return _dropped(name)
        return await invoke(name, event, headers, *others, **more)

    lambda_svc._invoke = invoke_function
    lambda_svc._recursive_loop_drop = lambda *_: None
