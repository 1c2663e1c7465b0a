"""The linter of IAM policies reads all of ours, and would notice what is wrong."""

from __future__ import annotations

from tests.install.policies import findings, policies


def statement(action: str, resource: str) -> dict[str, object]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}]}


def test_nothing_above_low_is_found_in_any_policy() -> None:
    assert {name: found for name, policy in policies() if (found := findings(policy))} == {}


def test_the_policies_of_tasks_machines_events_and_twins_are_all_read() -> None:
    names = [name for name, _ in policies()]

    for start in ("task create-function", "role DeployMachineRole", "boundary of twins", "factory-twin-writer on"):
        assert [name for name in names if name.startswith(start)], start


def test_the_linter_notices_an_action_that_does_not_exist_and_one_on_the_wrong_resource() -> None:
    assert findings(statement("lambda:InvokeFunktion", "*"))
    assert findings(statement("sqs:SendMessage", "arn:aws:dynamodb:eu-central-1:123456789012:table/x"))
