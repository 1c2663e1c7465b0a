"""Step Functions in the embedded cloud behaves as on AWS where a deployment depends on it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.local.functions import (
    arn_of,
    create_machine,
    deploy,
    ended,
    eventually,
    invoke,
    run_machine,
    start_machine,
)

Clients = Callable[[str], Any]

RAISES = "class NotReady(Exception):\n    pass\ndef handler(event, context):\n    raise NotReady('not yet')\n"
COUNTS = "calls = []\ndef handler(event, context):\n    calls.append(event)\n    return len(calls)\n"
FAILS_TWICE = """
class NotReady(Exception):
    pass

calls = []

def handler(event, context):
    calls.append(event)
    if len(calls) < 3:
        raise NotReady(len(calls))
    return len(calls)
"""
SLOW = "import time\ndef handler(event, context):\n    time.sleep(0.3)\n"


def machine(**states: dict[str, Any]) -> dict[str, Any]:
    """A state machine of those states that starts with the first one."""
    return {"StartAt": next(iter(states)), "States": states}


def task(resource: str, **more: Any) -> dict[str, Any]:
    """A Task that ends the machine unless it says otherwise."""
    return {"Type": "Task", "Resource": resource, **({} if "Next" in more else {"End": True}), **more}


def nested(child: str, **more: Any) -> dict[str, Any]:
    """A Task that runs another machine and waits for it."""
    return task("arn:aws:states:::states:startExecution.sync:2", Parameters={"StateMachineArn": child}, **more)


def catch(*names: str) -> list[dict[str, Any]]:
    """A Catch of those errors that goes to the state Caught."""
    return [{"ErrorEquals": list(names), "Next": "Caught"}]


CAUGHT = {"Type": "Pass", "End": True}


def test_an_exception_is_caught_by_its_class_name(clients: Clients) -> None:
    function = arn_of(clients, deploy(clients, RAISES))

    done = run_machine(clients, machine(Try=task(function, Catch=catch("NotReady")), Caught=CAUGHT))

    assert (done["status"], done["output"]["Error"]) == ("SUCCEEDED", "NotReady")
    assert json.loads(done["output"]["Cause"])["errorMessage"] == "not yet"


def test_an_exception_of_another_class_is_not_caught(clients: Clients) -> None:
    function = arn_of(clients, deploy(clients, RAISES))

    done = run_machine(clients, machine(Try=task(function, Catch=catch("Throttled")), Caught=CAUGHT))

    assert (done["status"], done["error"]) == ("FAILED", "NotReady")


def test_an_exception_is_retried_by_its_class_name(clients: Clients) -> None:
    function = arn_of(clients, deploy(clients, FAILS_TWICE))
    retry = [{"ErrorEquals": ["NotReady"], "MaxAttempts": 5, "IntervalSeconds": 1}]

    done = run_machine(clients, machine(Try=task(function, Retry=retry)))

    assert (done["status"], done["output"]) == ("SUCCEEDED", 3)


def test_a_retry_waits_no_longer_than_its_maximum_delay(clients: Clients) -> None:
    function = arn_of(clients, deploy(clients, FAILS_TWICE))
    retry = [{"ErrorEquals": ["NotReady"], "IntervalSeconds": 50, "MaxDelaySeconds": 1, "JitterStrategy": "FULL"}]
    started = time.monotonic()

    done = run_machine(clients, machine(Try=task(function, Retry=retry)))

    assert done["status"] == "SUCCEEDED"
    assert time.monotonic() - started < 2.5  # at the tests' clock 50 s are 2.5 s, and 1 s is 0.05 s


def test_a_worker_that_exits_is_caught_as_exit_error(clients: Clients) -> None:
    function = arn_of(clients, deploy(clients, "import os\ndef handler(event, context):\n    os._exit(1)\n"))

    done = run_machine(clients, machine(Try=task(function, Catch=catch("Runtime.ExitError")), Caught=CAUGHT))

    assert done["status"] == "SUCCEEDED"


def test_throttling_is_caught_by_the_name_that_aws_gives_it(clients: Clients) -> None:
    name = deploy(clients, COUNTS)
    clients("lambda").put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    attempt = task(arn_of(clients, name), Catch=catch("Lambda.TooManyRequestsException"))

    done = run_machine(clients, machine(Try=attempt, Caught=CAUGHT))

    assert done["status"] == "SUCCEEDED"


def test_a_failed_nested_execution_is_a_failed_task_whose_cause_describes_it(clients: Clients) -> None:
    child = create_machine(clients, machine(Stop={"Type": "Fail", "Error": "ForeignResource", "Cause": "not ours"}))

    done = run_machine(clients, machine(Try=nested(child, Catch=catch("States.TaskFailed")), Caught=CAUGHT))

    assert (done["status"], done["output"]["Error"]) == ("SUCCEEDED", "States.TaskFailed")
    cause = json.loads(done["output"]["Cause"])
    assert (cause["Error"], cause["Cause"], cause["Status"]) == ("ForeignResource", "not ours", "FAILED")
    assert cause["StateMachineArn"] == child
    assert ":execution:" in cause["ExecutionArn"]


def test_a_nested_execution_hands_its_output_back_as_an_object(clients: Clients) -> None:
    child = create_machine(clients, machine(Answer={"Type": "Pass", "Result": {"url": "here"}, "End": True}))

    done = run_machine(clients, machine(Ask=nested(child, ResultSelector={"url.$": "$.Output.url"})))

    assert done["output"] == {"url": "here"}


def test_a_runtime_error_of_the_machine_passes_a_catch_of_everything(clients: Clients) -> None:
    broken = {"Type": "Task", "Resource": "arn:aws:states:::no:such", "End": True, "Catch": catch("States.ALL")}

    done = run_machine(clients, machine(Try=broken, Caught=CAUGHT))

    assert (done["status"], done["error"]) == ("FAILED", "States.Runtime")


def test_parallel_branches_know_their_own_state(clients: Clients) -> None:
    source = """
def handler(event, context):
    if event["retries"] == 0:
        raise ConnectionError("once")
    return event["name"]
"""
    function = arn_of(clients, deploy(clients, source))
    parameters = {"name.$": "$$.State.Name", "retries.$": "$$.State.RetryCount"}
    retry = [{"ErrorEquals": ["ConnectionError"], "IntervalSeconds": 2}]
    branches = [machine(**{f"Ask {n}": task(function, Parameters=parameters, Retry=retry)}) for n in range(4)]

    done = run_machine(clients, machine(All={"Type": "Parallel", "Branches": branches, "End": True}))

    assert done["output"] == [f"Ask {n}" for n in range(4)]


def test_an_output_over_the_payload_limit_ends_the_execution(clients: Clients) -> None:
    function = arn_of(clients, deploy(clients, "def handler(event, context):\n    return 'x' * event\n"))

    def ask(size: int) -> dict[str, Any]:
        return run_machine(clients, machine(Ask=task(function, Catch=catch("States.ALL")), Caught=CAUGHT), size)

    assert ask(262_142)["status"] == "SUCCEEDED"
    assert ask(262_143)["error"] == "States.DataLimitExceeded"


def test_starting_the_same_execution_again_gives_the_running_one(clients: Clients) -> None:
    states = clients("stepfunctions")
    slow = create_machine(clients, machine(Wait={"Type": "Wait", "Seconds": 600, "End": True}))
    first = states.start_execution(stateMachineArn=slow, name="once", input="{}")

    again = states.start_execution(stateMachineArn=slow, name="once", input="{}")

    assert (again["executionArn"], again["startDate"]) == (first["executionArn"], first["startDate"])
    with pytest.raises(states.exceptions.ExecutionAlreadyExists):
        states.start_execution(stateMachineArn=slow, name="once", input='{"other": 1}')
    states.stop_execution(executionArn=first["executionArn"])
    with pytest.raises(states.exceptions.ExecutionAlreadyExists):
        states.start_execution(stateMachineArn=slow, name="once", input="{}")


def test_the_name_of_a_nested_execution_is_used_once(clients: Clients) -> None:
    child = create_machine(clients, machine(Answer=CAUGHT))
    parameters = {"StateMachineArn": child, "Name": "once"}

    def ask() -> dict[str, Any]:
        return run_machine(clients, machine(Ask={**nested(child), "Parameters": parameters}))

    assert ask()["status"] == "SUCCEEDED"
    assert ask()["error"] == "StepFunctions.ExecutionAlreadyExistsException"


def test_a_stopped_execution_starts_nothing_more(clients: Clients) -> None:
    slow, counter = deploy(clients, SLOW), deploy(clients, COUNTS)
    child = create_machine(
        clients, machine(Slow=task(arn_of(clients, slow), Next="Count"), Count=task(arn_of(clients, counter)))
    )
    branch = machine(Nested=nested(child, Catch=catch("States.ALL")), Caught=task(arn_of(clients, counter)))
    body = {"Type": "Parallel", "Branches": [branch], "End": True, "Catch": catch("States.ALL")}
    execution = start_machine(clients, machine(Body=body, Caught=task(arn_of(clients, counter))))
    child_execution = eventually(lambda: first_running(clients, child))

    clients("stepfunctions").stop_execution(executionArn=execution)

    eventually(lambda: ended(clients, child_execution))
    assert clients("stepfunctions").describe_execution(executionArn=execution)["status"] == "ABORTED"
    assert invoke(clients, counter) == (1, None)


def first_running(clients: Clients, machine_arn: str) -> str | None:
    """The ARN of a running execution of that machine."""
    found = clients("stepfunctions").list_executions(stateMachineArn=machine_arn, statusFilter="RUNNING")["executions"]
    return found[0]["executionArn"] if found else None
