"""Deploys one-file Lambda functions into the embedded cloud, and reads what became of them."""

from __future__ import annotations

import io
import json
import time
import uuid
import zipfile
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")


def zipped(files: Mapping[str, str]) -> bytes:
    """A zip with those files: path in it → content."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return buffer.getvalue()


def deploy(clients: Callable[[str], Any], source: str, **settings: Any) -> str:
    """Create a function whose handler is `handler` in that source. Returns its name; `settings` as CreateFunction."""
    name = f"f-{uuid.uuid4().hex[:12]}"
    clients("lambda").create_function(
        **{
            "FunctionName": name,
            "Runtime": "python3.13",
            "Role": "arn:aws:iam::000000000000:role/any",
            "Handler": "app.handler",
            "Code": {"ZipFile": zipped({"app.py": source})},
            **settings,
        }
    )
    return name


def arn_of(clients: Callable[[str], Any], function: str) -> str:
    """The function's ARN."""
    return str(clients("lambda").get_function(FunctionName=function)["Configuration"]["FunctionArn"])


def invoke(clients: Callable[[str], Any], function: str, event: Any = None) -> tuple[Any, str | None]:
    """Invoke and wait: the payload it returned, and the kind of function error if there was one."""
    answer = clients("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
    return json.loads(answer["Payload"].read()), answer.get("FunctionError")


def logged(clients: Callable[[str], Any], group: str) -> list[str]:
    """All lines of a log group, without the platform's own."""
    events = clients("logs").filter_log_events(logGroupName=group)["events"]
    return [e["message"] for e in events if not e["message"].startswith(("START ", "END ", "REPORT "))]


def run_machine(clients: Callable[[str], Any], definition: Mapping[str, Any], data: Any = None) -> dict[str, Any]:
    """Run a state machine to its end. Returns DescribeExecution's answer, with the output as an object."""
    execution = start_machine(clients, definition, data)
    return eventually(lambda: ended(clients, execution))


def create_machine(clients: Callable[[str], Any], definition: Mapping[str, Any]) -> str:
    """Create a state machine. Returns its ARN."""
    made = clients("stepfunctions").create_state_machine(
        name=f"m-{uuid.uuid4().hex[:12]}",
        definition=json.dumps(definition),
        roleArn="arn:aws:iam::000000000000:role/any",
    )
    return str(made["stateMachineArn"])


def start_machine(clients: Callable[[str], Any], definition: Mapping[str, Any], data: Any = None) -> str:
    """Create a state machine and start it. Returns the execution's ARN."""
    machine = create_machine(clients, definition)
    started = clients("stepfunctions").start_execution(
        stateMachineArn=machine, input=json.dumps({} if data is None else data)
    )
    return str(started["executionArn"])


def ended(clients: Callable[[str], Any], execution: str) -> dict[str, Any] | None:
    """The execution's description once it does not run any more."""
    found: dict[str, Any] = clients("stepfunctions").describe_execution(executionArn=execution)
    if found["status"] == "RUNNING":
        return None
    return {**found, "output": json.loads(found["output"]) if found.get("output") else None}


def eventually(find: Callable[[], T | None], seconds: float = 20.0) -> T:
    """What `find` returns as soon as it is not None. AssertionError when that takes longer."""
    deadline = time.monotonic() + seconds
    while (found := find()) is None:
        assert time.monotonic() < deadline, f"nothing came within {seconds} s"
        time.sleep(0.02)
    return found
