"""A function that causes its own next invocation is stopped after 16 rounds, by whatever path."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from orchestrator.local import lineage
from tests.local.functions import deploy, eventually, invoke
from tests.local.test_async_invoke import log_so_far, next_message, on_failure, queue

Clients = Callable[[str], Any]

RESENDS = """
import boto3, os
sqs = boto3.client("sqs")

def handler(event, context):
    for record in event["Records"]:
        print("round")
        sqs.send_message(QueueUrl=os.environ["QUEUE"], MessageBody=record["body"])
"""
RESENDS_BATCH = RESENDS.replace(
    'send_message(QueueUrl=os.environ["QUEUE"], MessageBody=record["body"])',
    'send_message_batch(QueueUrl=os.environ["QUEUE"], Entries=[{"Id": "1", "MessageBody": record["body"]}])',
)
INVOKES = """
import boto3, json
functions = boto3.client("lambda")

def handler(event, context):
    print("round")
    answer = functions.invoke(
        FunctionName=context.function_name, InvocationType=event["type"], Payload=json.dumps(event)
    )
    return json.loads(answer["Payload"].read() or "null")
"""


def source(clients: Clients, function: str) -> tuple[str, str]:
    """A queue that triggers the function, which is told its address, and the dead-letter queue behind it."""
    dead, dead_arn = queue(clients)
    policy = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 5})
    url = clients("sqs").create_queue(QueueName=f"q-{uuid.uuid4().hex[:12]}", Attributes={"RedrivePolicy": policy})[
        "QueueUrl"
    ]
    clients("lambda").update_function_configuration(FunctionName=function, Environment={"Variables": {"QUEUE": url}})
    attributes = clients("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    clients("lambda").create_event_source_mapping(FunctionName=function, EventSourceArn=attributes["QueueArn"])
    return url, dead


@pytest.mark.parametrize("code", [RESENDS, RESENDS_BATCH], ids=["one by one", "as a batch"])
def test_a_function_that_sends_to_its_own_queue_is_stopped_and_the_message_is_dead(clients: Clients, code: str) -> None:
    function = deploy(clients, code)
    url, dead = source(clients, function)

    clients("sqs").send_message(QueueUrl=url, MessageBody='{"turn": "again"}')

    assert next_message(clients, dead) == {"turn": "again"}
    assert log_so_far(clients, function).count("round") == lineage.LIMIT


def test_two_functions_that_send_to_each_other_are_stopped(clients: Clients) -> None:
    one, two = deploy(clients, RESENDS), deploy(clients, RESENDS)
    (first, dead), (second, _) = source(clients, one), source(clients, two)
    for function, url in ((one, second), (two, first)):
        variables = {"Variables": {"QUEUE": url}}
        clients("lambda").update_function_configuration(FunctionName=function, Environment=variables)

    clients("sqs").send_message(QueueUrl=first, MessageBody='{"turn": "again"}')

    assert next_message(clients, dead) == {"turn": "again"}
    assert [log_so_far(clients, each).count("round") for each in (one, two)] == [lineage.LIMIT] * 2


def test_a_function_that_invokes_itself_asynchronously_is_stopped_and_the_event_is_kept(clients: Clients) -> None:
    function = deploy(clients, INVOKES)
    kept, arn = queue(clients)
    on_failure(clients, function, arn)

    clients("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=b'{"type": "Event"}')

    message = next_message(clients, kept)
    assert message["requestPayload"] == {"type": "Event"}
    assert message["responsePayload"]["errorType"] == "RecursiveInvocationException"
    assert log_so_far(clients, function).count("round") == lineage.LIMIT


def test_a_function_that_invokes_itself_and_waits_is_told(clients: Clients) -> None:
    function = deploy(clients, INVOKES, Timeout=60)

    payload, _ = invoke(clients, function, {"type": "RequestResponse"})

    assert payload["errorType"] == "RecursiveInvocationException"
    assert log_so_far(clients, function).count("round") == lineage.LIMIT


def test_a_function_that_may_run_in_a_loop_is_not_stopped(clients: Clients) -> None:
    twenty = (
        'if len(record["body"]) < 20: sqs.send_message(QueueUrl=os.environ["QUEUE"], MessageBody=record["body"] + "+")'
    )
    function = deploy(clients, RESENDS.replace(RESENDS.splitlines()[-1].strip(), twenty))
    url, _ = source(clients, function)
    clients("lambda").put_function_recursion_config(FunctionName=function, RecursiveLoop="Allow")

    clients("sqs").send_message(QueueUrl=url, MessageBody="+")

    eventually(lambda: log_so_far(clients, function).count("round") == 20 or None)


def test_a_message_that_is_deferred_by_its_visibility_is_in_no_loop(clients: Clients) -> None:
    defers = """
import boto3, os
sqs = boto3.client("sqs")

def handler(event, context):
    [record] = event["Records"]
    print("round")
    if int(record["attributes"]["ApproximateReceiveCount"]) > 20:
        return {"batchItemFailures": []}
    sqs.change_message_visibility(
        QueueUrl=os.environ["QUEUE"], ReceiptHandle=record["receiptHandle"], VisibilityTimeout=0
    )
    return {"batchItemFailures": [{"itemIdentifier": record["messageId"]}]}
"""
    function = deploy(clients, defers)
    url = clients("sqs").create_queue(QueueName=f"q-{uuid.uuid4().hex[:12]}")["QueueUrl"]
    clients("lambda").update_function_configuration(FunctionName=function, Environment={"Variables": {"QUEUE": url}})
    attributes = clients("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    clients("lambda").create_event_source_mapping(
        FunctionName=function,
        EventSourceArn=attributes["QueueArn"],
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )

    clients("sqs").send_message(QueueUrl=url, MessageBody="{}")

    eventually(lambda: log_so_far(clients, function).count("round") == 21 or None)


def test_the_counts_are_read_back_from_the_trace_header_and_each_function_has_its_own() -> None:
    ours, others = "arn:aws:lambda:eu-central-1:1:function:ours", "arn:aws:lambda:eu-central-1:1:function:others"
    chain: lineage.Lineage = {}
    for _ in range(lineage.LIMIT):
        chain = lineage.invoked(chain, ours)

    header = lineage.written(chain, "Root=1-a-b;Sampled=0;Lineage=0:1")

    assert lineage.is_loop(lineage.read(header), f"{ours}:$LATEST")
    assert not lineage.is_loop(lineage.read(header), others)
