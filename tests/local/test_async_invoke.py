"""What is accepted asynchronously is run, retried, and in the end handed to the on-failure destination: never lost."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable
from typing import Any

from tests.local.functions import arn_of, deploy, eventually, logged, zipped

Clients = Callable[[str], Any]

PRINTS = "def handler(event, context):\n    print(event)\n"
FAILS = "def handler(event, context):\n    print('tried')\n    raise ConnectionError('remote is down')\n"


def queue(clients: Clients) -> tuple[str, str]:
    """A new queue: its URL and its ARN."""
    url = clients("sqs").create_queue(QueueName=f"q-{uuid.uuid4().hex[:12]}")["QueueUrl"]
    attributes = clients("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    return url, attributes["QueueArn"]


def next_message(clients: Clients, url: str) -> Any:
    """The next message of the queue as an object, waited for and removed."""

    def receive() -> Any:
        for message in clients("sqs").receive_message(QueueUrl=url).get("Messages", []):
            clients("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            return json.loads(message["Body"])
        return None

    return eventually(receive)


def send(clients: Clients, function: str, event: Any) -> None:
    """Invoke asynchronously."""
    answer = clients("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=json.dumps(event))
    assert answer["StatusCode"] == 202


def on_failure(clients: Clients, function: str, destination: str, retries: int = 2) -> None:
    """Set the function's on-failure destination."""
    clients("lambda").put_function_event_invoke_config(
        FunctionName=function,
        MaximumRetryAttempts=retries,
        DestinationConfig={"OnFailure": {"Destination": destination}},
    )


def topic_rule(clients: Clients, function_arn: str, **more: Any) -> str:
    """An IoT rule on a topic of its own that invokes the function. Returns the topic."""
    name = f"r_{uuid.uuid4().hex[:12]}"
    clients("iot").create_topic_rule(
        ruleName=name,
        topicRulePayload={
            "sql": f"SELECT * FROM '{name}/iot-data'",
            "actions": [{"lambda": {"functionArn": function_arn}}],
            "awsIotSqlVersion": "2016-03-23",
            **more,
        },
    )
    return f"{name}/iot-data"


def test_an_event_that_fails_for_good_reaches_the_destination_with_its_reason(clients: Clients) -> None:
    function = deploy(clients, FAILS)
    url, arn = queue(clients)
    on_failure(clients, function, arn)

    send(clients, function, {"iotDeviceId": "sensor-1"})

    message = next_message(clients, url)
    assert message["requestPayload"] == {"iotDeviceId": "sensor-1"}
    assert message["requestContext"]["functionArn"] == f"{arn_of(clients, function)}:$LATEST"
    assert message["requestContext"]["condition"] == "RetriesExhausted"
    assert message["requestContext"]["approximateInvokeCount"] == 3
    assert message["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"}
    assert message["responsePayload"]["errorType"] == "ConnectionError"
    assert [line for line in logged(clients, f"/aws/lambda/{function}") if line == "tried"] == ["tried"] * 3


def test_every_attempt_and_the_destination_have_the_same_request_id(clients: Clients) -> None:
    source = "def handler(event, context):\n    print(context.aws_request_id)\n    raise ValueError('no')\n"
    function = deploy(clients, source)
    url, arn = queue(clients)
    on_failure(clients, function, arn, retries=1)

    send(clients, function, {})

    request_id = next_message(clients, url)["requestContext"]["requestId"]
    printed = [line for line in logged(clients, f"/aws/lambda/{function}") if line == request_id]
    assert printed == [request_id] * 2


def test_no_retries_means_one_attempt(clients: Clients) -> None:
    function = deploy(clients, FAILS)
    url, arn = queue(clients)
    on_failure(clients, function, arn, retries=0)

    send(clients, function, {})

    assert next_message(clients, url)["requestContext"]["approximateInvokeCount"] == 1


def test_a_worker_that_is_killed_is_retried(clients: Clients) -> None:
    source = """
import os, pathlib

def handler(event, context):
    once = pathlib.Path(os.environ["HOME"], event)
    if not once.exists():
        once.touch()
        os.kill(os.getpid(), 9)
    print("done", event)
"""
    function = deploy(clients, source)
    event = uuid.uuid4().hex

    send(clients, function, event)

    eventually(lambda: f"done {event}" in log_so_far(clients, function) or None)


def test_throttling_uses_up_no_retry(clients: Clients) -> None:
    function = deploy(clients, PRINTS)
    url, arn = queue(clients)
    on_failure(clients, function, arn, retries=0)
    clients("lambda").put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    send(clients, function, "patient")

    clients("lambda").delete_function_concurrency(FunctionName=function)

    eventually(lambda: "patient" in log_so_far(clients, function) or None)
    assert "Messages" not in clients("sqs").receive_message(QueueUrl=url)


def test_a_retry_runs_the_function_as_it_is_by_then(clients: Clients) -> None:
    function = deploy(clients, FAILS)
    on_failure(clients, function, queue(clients)[1])
    clients("lambda").put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    send(clients, function, "new code")

    clients("lambda").update_function_configuration(FunctionName=function, Handler="app.print_event")
    code = zipped({"app.py": "def print_event(event, context):\n    print(event)\n"})
    clients("lambda").update_function_code(FunctionName=function, ZipFile=code)
    clients("lambda").delete_function_concurrency(FunctionName=function)

    eventually(lambda: "new code" in log_so_far(clients, function) or None)
    assert "tried" not in log_so_far(clients, function)


def test_more_events_than_can_run_at_once_all_run(clients: Clients) -> None:
    function = deploy(clients, PRINTS)

    for number in range(50):
        send(clients, function, number)

    eventually(lambda: len(log_so_far(clients, function)) == 50 or None)
    assert sorted(map(int, log_so_far(clients, function))) == list(range(50))


def test_an_iot_rule_hands_the_message_to_its_function(clients: Clients) -> None:
    function = deploy(clients, "import json\ndef handler(event, context):\n    print(json.dumps(event))\n")
    topic = topic_rule(clients, arn_of(clients, function))

    clients("iot-data").publish(topic=topic, payload=json.dumps({"iotDeviceId": "sensor-1", "time": "t"}))

    eventually(lambda: log_so_far(clients, function) == ['{"iotDeviceId": "sensor-1", "time": "t"}'] or None)


def test_a_message_whose_function_fails_reaches_the_functions_destination(clients: Clients) -> None:
    function = deploy(clients, FAILS)
    url, arn = queue(clients)
    on_failure(clients, function, arn)
    topic = topic_rule(clients, arn_of(clients, function))

    clients("iot-data").publish(topic=topic, payload=json.dumps({"iotDeviceId": "sensor-1"}))

    assert next_message(clients, url)["requestPayload"] == {"iotDeviceId": "sensor-1"}


def test_a_message_whose_function_is_gone_reaches_the_rules_error_action(clients: Clients) -> None:
    function = deploy(clients, PRINTS)
    url, _ = queue(clients)
    error_action = {"sqs": {"roleArn": "arn:aws:iam::000000000000:role/any", "queueUrl": url, "useBase64": False}}
    topic = topic_rule(clients, arn_of(clients, function), errorAction=error_action)
    clients("lambda").delete_function(FunctionName=function)

    clients("iot-data").publish(topic=topic, payload=b'{"iotDeviceId": "sensor-1"}')

    message = next_message(clients, url)
    assert base64.b64decode(message["base64OriginalPayload"]) == b'{"iotDeviceId": "sensor-1"}'
    assert message["failures"][0]["failedAction"] == "LambdaAction"


def log_so_far(clients: Clients, function: str) -> list[str]:
    """The function's log; empty before its first line."""
    try:
        return logged(clients, f"/aws/lambda/{function}")
    except clients("logs").exceptions.ResourceNotFoundException:
        return []
