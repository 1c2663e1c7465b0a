"""What waits in a function that leaves is tried once more at most, or goes to the failure queue.

On the embedded cloud, because moto answers the first invoke settings a function ever had.
"""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from deploy_steps.contract import Result
from deploy_steps.errors import ForeignResource
from deploy_steps.tasks import drain_function
from orchestrator.core.specs import MANAGED_BY, Identity, Owner
from tests.conftest import Clients
from tests.local.functions import deploy

OURS = {"ManagedBy": MANAGED_BY, "DigitalTwin": "factory"}
SOURCE = "def handler(event, context):\n    return event\n"


class Function:
    """A function in the embedded cloud, and its invoke settings."""

    def __init__(self, clients: Clients, tags: dict[str, str], *, asynchronous: bool = True) -> None:
        self.client = clients("lambda")
        self.name = deploy(clients, SOURCE, Tags=tags)
        if asynchronous:
            url = clients("sqs").create_queue(QueueName=f"failures-{uuid.uuid4().hex[:8]}")["QueueUrl"]
            attributes = clients("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
            self.destination = {"OnFailure": {"Destination": attributes["QueueArn"]}}
            self.client.put_function_event_invoke_config(
                FunctionName=self.name,
                MaximumRetryAttempts=2,
                MaximumEventAgeInSeconds=21_600,
                DestinationConfig=self.destination,
            )

    @property
    def settings(self) -> dict[str, Any]:
        """The invoke settings that are there."""
        found: dict[str, Any] = self.client.get_function_event_invoke_config(FunctionName=self.name)
        return found

    @property
    def limits(self) -> tuple[int, int]:
        """How many more tries an event has, and how many seconds."""
        return self.settings["MaximumRetryAttempts"], self.settings["MaximumEventAgeInSeconds"]

    def drain(self, *, dry_run: bool = False) -> Result:
        """Do it."""
        return drain_function.drain(self.client, Identity(self.name, Owner("factory")), dry_run=dry_run)


def test_queued_events_get_one_try_and_one_minute(clients: Clients) -> None:
    function = Function(clients, OURS)

    assert function.drain().outcome == "updated"
    assert function.limits == (0, 60)


def test_what_fails_still_goes_to_the_failure_queue(clients: Clients) -> None:
    function = Function(clients, OURS)

    function.drain()

    assert function.settings["DestinationConfig"]["OnFailure"] == function.destination["OnFailure"]


def test_draining_twice_changes_nothing(clients: Clients) -> None:
    function = Function(clients, OURS)
    function.drain()

    assert function.drain().outcome == "unchanged"


def test_a_dry_run_tells_what_it_would_change_and_does_not(clients: Clients) -> None:
    function = Function(clients, OURS)

    result = function.drain(dry_run=True)

    assert result.outcome == "updated"
    assert [(change.before, change.after) for change in result.changes] == [(2, 0), (21_600, 60)]
    assert function.limits == (2, 21_600)


def test_a_function_that_is_gone_has_nothing_to_drain(clients: Clients) -> None:
    function = Function(clients, OURS)
    function.client.delete_function(FunctionName=function.name)

    assert function.drain().outcome == "absent"


def test_a_function_without_invoke_settings_has_nothing_to_drain(clients: Clients) -> None:
    assert Function(clients, OURS, asynchronous=False).drain().outcome == "absent"


def test_somebody_elses_function_is_left_alone(clients: Clients) -> None:
    function = Function(clients, {"ManagedBy": "somebody else"})

    with pytest.raises(ForeignResource, match=function.name):
        function.drain()

    assert function.limits == (2, 21_600)
