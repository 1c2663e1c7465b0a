"""What SQS does about a name that was used before, and no emulator: a deleted queue answers on for a minute."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from deploy_steps import aws
from deploy_steps.contract import Result
from deploy_steps.errors import ForeignResource, NotReady
from deploy_steps.kinds import failure_queue, outbox
from deploy_steps.task import Kind
from orchestrator.core.specs import FailureQueueSpec, OutboxSpec, Owner
from tests.contract.stubbed import stubbed

OWNER = Owner("twin", "shared")
ARN = "arn:aws:sqs:eu-central-1:111122223333:twin-"
URL = "https://sqs.eu-central-1.amazonaws.com/111122223333/twin-"
FAILURES = FailureQueueSpec("twin-failures", OWNER, f"{URL}failures", 1_209_600)
OUTBOX = OutboxSpec("twin-connector", OWNER, f"{URL}connector", 345_600, 360, f"{ARN}failures", 5)
RECENTLY = (
    "AWS.SimpleQueueService.QueueDeletedRecently",
    "You must wait 60 seconds after deleting a queue before you can create another with the same name.",
)
OTHER_SETTINGS = ("QueueNameExists", "A queue already exists with the same name and a different value for attribute")
NO_QUEUE = ("QueueDoesNotExist", "The specified queue does not exist.")

each_kind = pytest.mark.parametrize(
    ("kind", "spec"), [(failure_queue.kind, FAILURES), (outbox.kind, OUTBOX)], ids=["failure queue", "outbox"]
)


def shown(spec: Any, tags: Mapping[str, str], **changed: str) -> tuple[tuple[str, Any], ...]:
    """What SQS shows of a queue."""
    counts = dict.fromkeys(
        (
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesDelayed",
        ),
        "0",
    )
    attributes = {"VisibilityTimeout": "30", **spec.attributes, **counts, "QueueArn": f"{ARN}x", **changed}
    return ("get_queue_attributes", {"Attributes": attributes}), ("list_queue_tags", {"Tags": dict(tags)})


def created(kind: Kind, spec: Any, client: Any, *, may_exist: bool = False) -> Result:
    """Create it; all of the client's answers were wanted."""
    with aws.translated():
        result = kind.create(client, spec, create_first=not may_exist)
    client.all_answers_given()
    return result


@each_kind
def test_a_queue_that_is_shown_and_was_deleted_seconds_ago_is_waited_for(kind: Kind, spec: Any) -> None:
    client = stubbed("sqs", *shown(spec, OWNER.tags), ("create_queue", RECENTLY))

    with pytest.raises(NotReady, match="You must wait 60 seconds"):
        created(kind, spec, client)


@each_kind
def test_a_queue_that_is_no_longer_shown_and_was_deleted_seconds_ago_is_waited_for(kind: Kind, spec: Any) -> None:
    client = stubbed("sqs", ("get_queue_attributes", NO_QUEUE), ("create_queue", RECENTLY))

    with pytest.raises(NotReady, match="You must wait 60 seconds"):
        created(kind, spec, client)


@each_kind
def test_a_queue_that_is_gone_is_made_in_as_many_calls_as_one_that_never_was(kind: Kind, spec: Any) -> None:
    client = stubbed("sqs", ("get_queue_attributes", NO_QUEUE), ("create_queue", {"QueueUrl": spec.url}))

    assert created(kind, spec, client).outcome == "created"


@each_kind
def test_a_queue_of_ours_that_nobody_knew_of_and_that_sqs_confirms_is_unchanged(kind: Kind, spec: Any) -> None:
    client = stubbed("sqs", *shown(spec, OWNER.tags), ("create_queue", {"QueueUrl": spec.url}))

    assert created(kind, spec, client).outcome == "unchanged"


@each_kind
def test_a_queue_of_ours_with_other_settings_is_there_as_well_and_is_repaired(kind: Kind, spec: Any) -> None:
    client = stubbed(
        "sqs",
        *shown(spec, OWNER.tags, MessageRetentionPeriod="60"),
        ("create_queue", OTHER_SETTINGS),
        ("set_queue_attributes", {}),
    )

    assert created(kind, spec, client).outcome == "updated"


@each_kind
def test_a_strangers_queue_with_our_very_settings_is_neither_tagged_nor_changed(kind: Kind, spec: Any) -> None:
    client = stubbed("sqs", *shown(spec, {"Team": "someone else"}))

    with pytest.raises(ForeignResource):
        created(kind, spec, client)
    client.all_answers_given()


@each_kind
def test_a_queue_that_is_known_is_read_and_nothing_else(kind: Kind, spec: Any) -> None:
    client = stubbed("sqs", *shown(spec, OWNER.tags))

    assert created(kind, spec, client, may_exist=True).outcome == "unchanged"
