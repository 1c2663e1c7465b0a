"""Bringing a stack to a template, on the embedded cloud's CloudFormation."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from orchestrator.install import protection
from orchestrator.install.stack_model import Change, Desired, Event, StackFailed
from orchestrator.install.stacks import Stacks
from tests.conftest import Clients

QUEUE = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Ref": "Name"}}}
# The layer belongs to nobody.
REFUSED = {
    "Type": "AWS::Lambda::Function",
    "Properties": {
        "Role": "arn:aws:iam::000000000000:role/none",
        "Layers": ["arn:aws:lambda:us-east-1:000000000000:layer:no-such-layer:1"],
    },
}
Wanted = Callable[..., Desired]


@pytest.fixture
def name(clients: Clients) -> Iterator[str]:
    name = f"stack-{secrets.token_hex(4)}"
    yield name
    Stacks(clients("cloudformation"), poll=0.02).delete(name, lambda _: None)


@pytest.fixture
def stacks(clients: Clients) -> Stacks:
    return Stacks(clients("cloudformation"), poll=0.02)


@pytest.fixture
def wanted(clients: Clients, name: str) -> Wanted:
    s3 = clients("s3")
    s3.create_bucket(Bucket=name)

    def desired(resources: dict[str, Any], queue: str = "") -> Desired:
        template = {
            "Parameters": {"Name": {"Type": "String"}},
            "Resources": resources,
            "Outputs": {"Queue": {"Value": {"Ref": "Name"}}},
        }
        s3.put_object(Bucket=name, Key="template.json", Body=json.dumps(template).encode())
        url = f"{s3.meta.endpoint_url}/{name}/template.json"
        return Desired(name, {"Name": queue or f"{name}-queue"}, {"Owner": "test"}, template_url=url)

    return desired


def test_a_stack_is_created_then_left_alone_then_updated(stacks: Stacks, wanted: Wanted) -> None:
    desired = wanted({"Queue": QUEUE})

    outcomes = [stacks.bring_to(desired, lambda _: None) for _ in range(2)]
    renamed = wanted({"Queue": QUEUE}, "other-queue")

    assert [*outcomes, stacks.bring_to(renamed, lambda _: None)] == ["created", "unchanged", "updated"]
    assert stacks.read(desired.name).outputs == {"Queue": "other-queue"}
    assert stacks.read(desired.name).parameters == {"Name": "other-queue"}


def test_what_an_update_will_do_and_every_event_of_it_is_told_once_and_in_order(stacks: Stacks, wanted: Wanted) -> None:
    first: list[Event] = []
    second: list[Event] = []

    desired = wanted({"Queue": QUEUE})
    stacks.bring_to(desired, first.append)
    stacks.bring_to(wanted({"Queue": QUEUE}, "other-queue"), second.append)

    assert [(event.resource, event.status) for event in first] == [
        (desired.name, "CREATE_IN_PROGRESS"),
        ("Queue", "CREATE_IN_PROGRESS"),
        ("Queue", "CREATE_COMPLETE"),
        (desired.name, "CREATE_COMPLETE"),
    ]
    assert [(event.resource, event.status) for event in second[:2]] == [
        ("Queue", "WILL_MODIFY"),
        (desired.name, "UPDATE_IN_PROGRESS"),
    ]
    assert second[-1].status == "UPDATE_COMPLETE"


def test_a_failed_creation_names_the_resource_and_its_reason(stacks: Stacks, wanted: Wanted) -> None:
    desired = wanted({"Queue": QUEUE, "Refused": {**REFUSED, "DependsOn": "Queue"}})

    with pytest.raises(
        StackFailed, match=r"ROLLBACK_COMPLETE: Refused \(AWS::Lambda::Function\) failed: .*no-such-layer"
    ):
        stacks.bring_to(desired, lambda _: None)


def test_a_stack_that_never_worked_is_deleted_and_created_again(stacks: Stacks, wanted: Wanted) -> None:
    with pytest.raises(StackFailed):
        stacks.bring_to(wanted({"Refused": REFUSED}), lambda _: None)

    outcome = stacks.bring_to(wanted({"Queue": QUEUE}), lambda _: None)

    assert outcome == "created"


def test_a_creation_that_fails_over_a_protected_table_is_deleted_and_created_again(
    stacks: Stacks, wanted: Wanted, clients: Clients, name: str
) -> None:
    schema = {
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    }
    properties = {"TableName": name, "BillingMode": "PAY_PER_REQUEST", "DeletionProtectionEnabled": True, **schema}
    table = {"Type": "AWS::DynamoDB::Table", "Properties": properties}
    dynamodb, released = clients("dynamodb"), list[bool]()

    def release(stack: str) -> None:
        released.append(stacks.holds(stack, "Table"))
        protection.take_off(dynamodb, name)

    with pytest.raises(StackFailed, match="ROLLBACK_FAILED: Refused"):
        stacks.bring_to(wanted({"Table": table, "Refused": {**REFUSED, "DependsOn": "Table"}}), lambda _: None)
    careful = Stacks(clients("cloudformation"), 0.02, release)

    assert careful.bring_to(wanted({"Table": table}), lambda _: None) == "created"
    assert released == [True]
    protection.take_off(dynamodb, name)


def test_a_failed_update_leaves_what_was_there(stacks: Stacks, wanted: Wanted, clients: Clients) -> None:
    desired = wanted({"Queue": QUEUE})
    stacks.bring_to(desired, lambda _: None)

    with pytest.raises(StackFailed, match="UPDATE_ROLLBACK_COMPLETE: Refused"):
        stacks.bring_to(wanted({"Queue": QUEUE, "Refused": REFUSED}), lambda _: None)

    assert clients("sqs").get_queue_url(QueueName=desired.parameters["Name"])
    assert stacks.bring_to(wanted({"Queue": QUEUE}), lambda _: None) == "unchanged"


def test_changes_are_shown_and_not_made(stacks: Stacks, wanted: Wanted) -> None:
    desired = wanted({"Queue": QUEUE})

    before = stacks.changes(desired)
    nothing_made = stacks.read(desired.name)
    stacks.bring_to(desired, lambda _: None)
    after = stacks.changes(wanted({"Other": {**QUEUE, "Properties": {}}}))

    assert before == (Change("Add", "Queue", "AWS::SQS::Queue"),)
    assert not nothing_made.exists
    assert {(change.action, change.resource) for change in after} == {("Remove", "Queue"), ("Add", "Other")}


def test_no_changes_are_shown_where_there_is_nothing_to_do(stacks: Stacks, wanted: Wanted) -> None:
    desired = wanted({"Queue": QUEUE})
    stacks.bring_to(desired, lambda _: None)

    assert stacks.changes(desired) == ()


def test_deleting_twice_is_no_error(stacks: Stacks, wanted: Wanted) -> None:
    desired = wanted({"Queue": QUEUE})
    stacks.bring_to(desired, lambda _: None)

    assert [stacks.delete(desired.name, lambda _: None) for _ in range(2)] == ["deleted", "absent"]
    assert not stacks.read(desired.name).exists


@pytest.mark.parametrize(
    ("repair", "exists", "mode"),
    [
        pytest.param(True, True, "REVERT_DRIFT", id="what was changed by hand is undone"),
        pytest.param(True, False, None, id="where nothing is, nothing was changed"),
        pytest.param(False, True, None, id="nobody asked for it"),
    ],
)
def test_cloudformation_is_told_to_look_for_what_was_changed_by_hand(
    stacks: Stacks, wanted: Wanted, clients: Clients, repair: bool, exists: bool, mode: str | None
) -> None:
    desired = replace(wanted({"Queue": QUEUE}), repair=repair)
    if exists:
        stacks.bring_to(desired, lambda _: None)
    asked: list[Any] = []
    events = clients("cloudformation").meta.events
    events.register(
        "provide-client-params.cloudformation.CreateChangeSet", lambda params, **_: asked.append(params), "seen"
    )

    stacks.changes(desired)

    events.unregister("provide-client-params.cloudformation.CreateChangeSet", unique_id="seen")
    assert [params.get("DeploymentMode") for params in asked] == [mode]


def test_a_refused_parameter_says_why(stacks: Stacks, wanted: Wanted) -> None:
    desired = wanted({"Queue": QUEUE})

    with pytest.raises(StackFailed, match=r"parameter of stack 'stack-\w+': .*Name"):
        stacks.bring_to(replace(desired, parameters={}), lambda _: None)


def test_a_resource_is_found_behind_the_first_hundred(stacks: Stacks, wanted: Wanted) -> None:
    handles = {f"Handle{number:03}": {"Type": "AWS::CloudFormation::WaitConditionHandle"} for number in range(101)}
    desired = wanted({**handles, "Queue": QUEUE})
    stacks.bring_to(desired, lambda _: None)

    assert [stacks.holds(desired.name, resource) for resource in ("Handle000", "Queue", "Other")] == [True, True, False]
