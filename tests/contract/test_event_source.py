"""What AWS does about event source mappings, and no emulator: they take their time, and one outlives its function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from deploy_steps.errors import NotReady
from deploy_steps.kinds import event_source
from orchestrator.core.specs import EventSourceSpec, Identity, Owner
from tests.contract.stubbed import stubbed

NAME, OWNER = "twin-connector", Owner("twin", "L1")
ARN = "arn:aws:sqs:eu-central-1:111122223333:twin-connector"
SPEC, IDENTITY = EventSourceSpec(NAME, OWNER, ARN), Identity(NAME, OWNER)
UUID = "00000000-0000-0000-0000-000000000001"
FUNCTION_ARN = "arn:aws:lambda:eu-central-1:111122223333:function:twin-connector"
OURS: dict[str, Any] = {"Configuration": {"FunctionName": NAME}, "Tags": OWNER.tags}
GONE = ("ResourceNotFoundException", "Function not found")
PASSING = ("Creating", "Enabling", "Updating", "Disabling", "Deleting")


def mapping(state: str, **other: Any) -> dict[str, Any]:
    """A mapping as Lambda describes it."""
    return {
        "UUID": UUID,
        "EventSourceArn": ARN,
        "FunctionArn": FUNCTION_ARN,
        "State": state,
        "StateTransitionReason": "User action",
        "BatchSize": 10,
        "MaximumBatchingWindowInSeconds": 0,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        **other,
    }


def listed(*mappings: dict[str, Any]) -> tuple[str, Any]:
    """What ListEventSourceMappings answers."""
    return "list_event_source_mappings", {"EventSourceMappings": list(mappings)}


@pytest.mark.parametrize("state", PASSING)
def test_while_lambda_is_at_work_on_it_every_verb_waits_and_tells_the_state(state: str) -> None:
    verbs: tuple[tuple[Callable[..., Any], Any], ...] = (
        (event_source.kind.create, SPEC),
        (event_source.kind.destroy, IDENTITY),
        (event_source.kind.info, SPEC),
    )
    for verb, about in verbs:
        client = stubbed("lambda", listed(mapping(state)))

        with pytest.raises(NotReady, match=rf"of 'twin-connector' is {state} \(User action\)"):
            verb(client, about)


def test_a_new_one_is_waited_for_and_the_journal_tells_that_it_was_made() -> None:
    client = stubbed("lambda", listed(), ("get_function", OURS), ("create_event_source_mapping", mapping("Creating")))

    with pytest.raises(NotReady, match="Creating") as waiting:
        event_source.kind.create(client, SPEC)

    assert waiting.value.achieved is not None
    assert waiting.value.achieved.outcome == "created"


def test_one_that_is_enabled_again_is_waited_for() -> None:
    client = stubbed(
        "lambda",
        listed(mapping("Disabled")),
        ("get_function", OURS),
        ("update_event_source_mapping", mapping("Enabling")),
    )

    with pytest.raises(NotReady, match="Enabling") as waiting:
        event_source.kind.create(client, SPEC)

    assert waiting.value.achieved is not None
    assert [change.field for change in waiting.value.achieved.changes] == ["enabled"]


def test_as_long_as_it_is_being_deleted_it_may_still_receive() -> None:
    client = stubbed(
        "lambda",
        listed(mapping("Enabled")),
        ("get_function", OURS),
        ("delete_event_source_mapping", mapping("Deleting")),
        listed(mapping("Deleting")),
    )

    with pytest.raises(NotReady, match="Deleting") as waiting:
        event_source.kind.destroy(client, IDENTITY)

    assert waiting.value.achieved is not None
    assert waiting.value.achieved.outcome == "deleted"


def test_one_whose_function_is_gone_is_removed_as_well() -> None:
    client = stubbed(
        "lambda",
        listed(mapping("Enabled")),
        ("get_function", GONE),
        ("delete_event_source_mapping", mapping("Deleting")),
        listed(),
    )

    assert event_source.kind.destroy(client, IDENTITY).outcome == "deleted"
    client.all_answers_given()


NO_FUNCTION: tuple[str, Any] = ("list_event_source_mappings", GONE)
"""What AWS may answer to whoever names a function that was deleted."""
OTHERS: dict[str, Any] = {"FunctionArn": FUNCTION_ARN.replace("connector", "other")}


def test_where_lambda_knows_no_such_function_there_is_none() -> None:
    client = stubbed("lambda", NO_FUNCTION, listed(mapping("Enabled", **OTHERS)))

    assert event_source.kind.info(client, SPEC).outcome == "absent"


def test_one_whose_function_lambda_no_longer_knows_is_found_on_whatever_page_and_removed() -> None:
    first_page = {"EventSourceMappings": [mapping("Enabled", **OTHERS), KAFKA], "NextMarker": "2"}
    client = stubbed(
        "lambda",
        NO_FUNCTION,
        ("list_event_source_mappings", first_page),
        listed(mapping("Enabled")),
        ("get_function", GONE),
        ("delete_event_source_mapping", mapping("Deleting")),
        NO_FUNCTION,
        listed(),
    )

    assert event_source.kind.destroy(client, IDENTITY).outcome == "deleted"
    client.all_answers_given()


KAFKA: dict[str, Any] = {"UUID": UUID[:-1] + "2", "FunctionArn": FUNCTION_ARN, "State": "Enabled"}
"""A mapping whose source has no ARN."""


def test_what_another_queue_or_a_stream_of_the_name_runs_is_none_of_our_business() -> None:
    others = (f"{ARN}-2", ARN.replace(":sqs:", ":kinesis:"))
    client = stubbed("lambda", listed(*(mapping("Enabled", EventSourceArn=other) for other in others)))

    assert event_source.kind.destroy(client, IDENTITY).outcome == "absent"
