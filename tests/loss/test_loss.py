"""A small part of the loss test, and that its counts would notice a loss; `make loss-test` runs it whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from lambda_functions.aws import hot_table
from lambda_functions.shared import failure_queue
from orchestrator.core.names import TwinNames
from orchestrator.operations.session import Aws
from tests.emulated import aws_account
from tests.loss import ledger
from tests.loss.__main__ import prove, table
from tests.loss.ledger import Counts, Ledger, event, stored_value

TWIN = "counted"


@pytest.mark.timeout(900)  # four deployments, and workers that are killed and start cold again and again
def test_no_event_is_lost_and_none_is_stored_twice_whatever_fails(tmp_path: Path) -> None:
    results = prove(tmp_path, events=200, seed=1)

    assert [(result.name[0], result.under_faults.sound, result.after_replay.row) for result in results] == [
        (name, True, (50, 50, 50, 0, 0, 0, 0)) for name in "abcd"
    ]
    assert all(result.replayed and result.faults for result in results)


@pytest.fixture
def aws() -> Iterator[Aws]:
    """An account with nothing but a twin's hot table and its failure queue."""
    with aws_account():
        aws = Aws(boto3.Session("test", "test", region_name="us-east-1"))
        keys = (("iotDeviceId", "HASH"), ("id", "RANGE"))
        aws.client("dynamodb").create_table(
            TableName=TwinNames(TWIN).hot_table,
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
            BillingMode="PAY_PER_REQUEST",
        )
        aws.client("sqs").create_queue(QueueName=TwinNames(TWIN).failure_queue)
        yield aws


def _store(aws: Aws, number: int, **changes: Any) -> None:
    item = {**event(number), "value": stored_value(number), **changes}
    hot_table.put(aws.client("dynamodb"), TwinNames(TWIN).hot_table, item)


def _queue(aws: Aws, document: Any) -> None:
    failed = failure_queue.document(reason="any", function="any", trace_id="", event=document, failed_at="")
    url = aws.client("sqs").get_queue_url(QueueName=TwinNames(TWIN).failure_queue)["QueueUrl"]
    aws.client("sqs").send_message(QueueUrl=url, MessageBody=json.dumps(failed))


def _sent(count: int, acknowledged: int | None = None) -> Ledger:
    return Ledger(set(range(count)), set(range(count if acknowledged is None else acknowledged)))


def test_what_is_stored_or_in_a_failure_queue_is_not_lost(aws: Aws) -> None:
    _store(aws, 0)
    _queue(aws, event(1))
    _queue(aws, {"payload": event(2), "trace_id": "any"})

    counts = _sent(4).counts(aws, TWIN, elsewhere=[event(3)])

    assert counts == Counts(sent=4, acknowledged=4, stored=1, queued=3)
    assert (counts.sound, counts.complete) == (True, False)


def test_what_is_nowhere_is_lost_if_it_was_acknowledged(aws: Aws) -> None:
    _store(aws, 0)

    counts = _sent(3, acknowledged=2).counts(aws, TWIN)

    assert counts == Counts(sent=3, acknowledged=2, stored=1, lost=1)
    assert not counts.sound


def test_an_event_with_two_items_is_there_twice(aws: Aws) -> None:
    _store(aws, 0)
    _store(aws, 0, time="2026-01-01T00:00:00Z")

    counts = _sent(1).counts(aws, TWIN)

    assert counts == Counts(sent=1, acknowledged=1, stored=1, twice=1)
    assert not counts.sound


def test_an_event_that_was_processed_twice_is_wrong(aws: Aws) -> None:
    _store(aws, 4, value=2 * stored_value(4))

    counts = _sent(5, acknowledged=0).counts(aws, TWIN)

    assert (counts.wrong, counts.sound) == (1, False)


def test_counting_leaves_the_queue_as_it_was(aws: Aws) -> None:
    _queue(aws, event(0))

    assert ledger.queued(aws, TWIN) == ledger.queued(aws, TWIN) == [event(0)]


def test_only_what_was_acknowledged_may_be_stored() -> None:
    assert Counts(sent=2, acknowledged=1, stored=1).complete
    assert not Counts(sent=2, acknowledged=1, stored=2).complete
    assert not Counts(sent=1, acknowledged=1, stored=1, queued=1).complete


def test_the_table_ends_with_the_sum() -> None:
    lines = table("now", [("a", Counts(sent=1000, lost=1)), ("b", Counts(sent=500))])

    assert [line.split() for line in lines[1:]] == [
        ["a", "1,000", "0", "0", "0", "1", "0", "0"],
        ["b", "500", "0", "0", "0", "0", "0", "0"],
        ["total", "1,500", "0", "0", "0", "1", "0", "0"],
    ]
