"""What the account's event bus is told about a deployment."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from deploy_steps.errors import ServiceUnavailable
from deploy_steps.shared import announcements
from deploy_steps.tasks import announce_result
from orchestrator.core.event_types import SUCCEEDED
from tests.unit.deploy_steps.conftest import ACCOUNT, REGION, TWIN, Account

DEPLOYED = {
    "outcome": "deployed",
    "dry_run": False,
    "twin": TWIN,
    "project": "plant",
    "says": "All is well.",
    "urls": {"writer": "https://writer.example.com/"},
    "steps": [{"kind": "iam-role", "name": "x", "outcome": "created"}],
    "next": "gluecode inspect factory",
}
NOT_STARTED = {"outcome": "failed", "error": "InvalidProject", "cause": "The project has faults."}


def event(outcome: Mapping[str, Any], request: Any = None) -> dict[str, Any]:
    return {
        "run": "a-run",
        "execution": "arn:aws:states:eu-central-1:123456789012:execution:gluecode-deploy:a-run",
        "started": "2026-11-26T10:00:00Z",
        "request": {"project": "plant"} if request is None else request,
        "outcome": outcome,
    }


@pytest.fixture
def heard(account: Account) -> Any:
    """What arrives in a queue that subscribed to our events: a function that gives the events so far."""
    queue = account.client("sqs").create_queue(QueueName="subscriber")["QueueUrl"]
    rule = {"EventPattern": json.dumps({"source": ["gluecode"]})}
    account.client("events").put_rule(Name="results", **rule)
    target = {"Id": "queue", "Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:subscriber"}
    account.client("events").put_targets(Rule="results", Targets=[target])

    def events() -> list[dict[str, Any]]:
        told = account.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in told.get("Messages", [])]

    return events


def test_a_success_is_told_with_its_addresses_and_without_its_steps(heard: Any) -> None:
    answer = announce_result.handler(event(DEPLOYED), None)

    [arrived] = heard()
    assert (arrived["source"], arrived["detail-type"]) == ("gluecode", "Deployment succeeded")
    detail = arrived["detail"]
    assert detail["urls"] == {"writer": "https://writer.example.com/"}
    assert (detail["twin"], detail["project"], detail["run"]) == (TWIN, "plant", "a-run")
    assert (detail["input"], detail["execution"]) == ({"project": "plant"}, event(DEPLOYED)["execution"])
    assert "steps" not in detail
    assert answer["outcome"] == "created"


@pytest.mark.parametrize(
    "outcome",
    [
        NOT_STARTED,
        {**DEPLOYED, "outcome": "failed", "error": "Rejected", "cause": "no"},
        {**DEPLOYED, "outcome": "rolled back", "error": "RolledBack", "cause": "no"},
    ],
    ids=["it did not start", "it failed", "it was rolled back"],
)
def test_whatever_did_not_succeed_is_a_failure_that_says_why(heard: Any, outcome: Mapping[str, Any]) -> None:
    announce_result.handler(event(outcome), None)

    [arrived] = heard()
    assert arrived["detail-type"] == "Deployment failed"
    assert (arrived["detail"]["outcome"], arrived["detail"]["error"]) == (outcome["outcome"], outcome["error"])
    assert arrived["detail"]["project"] == "plant"


@pytest.mark.parametrize("request_", [{"project": "plant", "dry_run": True}])
def test_of_a_dry_run_nothing_is_told(heard: Any, request_: Any) -> None:
    answer = announce_result.handler(event(NOT_STARTED, request_), None)

    assert (heard(), answer["outcome"]) == ([], "absent")


@pytest.mark.parametrize("request_", [None, "plant", ["plant"], {"projct": "plant"}, {"dry_run": "yes"}])
def test_an_input_that_makes_no_sense_is_told_as_it_was_typed(heard: Any, request_: Any) -> None:
    announce_result.handler({**event(NOT_STARTED), "request": request_}, None)

    [arrived] = heard()
    assert (arrived["detail"]["input"], arrived["detail"]["project"]) == (request_, "")


def test_a_whole_novel_is_not_told(heard: Any) -> None:
    announce_result.handler(event(NOT_STARTED, {"project": "plant", "novel": "x" * 5_000}), None)

    [arrived] = heard()
    assert "input" not in arrived["detail"]


def test_an_event_that_the_bus_refuses_is_put_again() -> None:
    class Busy:
        """A bus that takes nothing: PutEvents succeeds all the same, and tells it entry by entry."""

        def put_events(self, **_: Any) -> dict[str, Any]:
            return {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException", "ErrorMessage": "slow"}]}

    with pytest.raises(ServiceUnavailable, match="slow"):
        announcements.put(Busy(), SUCCEEDED, {})
