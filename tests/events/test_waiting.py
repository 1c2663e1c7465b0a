"""A request waits in its queue as long as it has to, and never longer: in simulated time, on the real machines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from deploy_steps.shared import patience
from tests.harness.account import Account
from tests.harness.requests import Requests
from tests.proofs.projects import TWIN, Project

NOTHING = Project(("gcp", "gcp", "gcp")).files  # no layer on AWS


@pytest.fixture(scope="module")
def opened() -> Iterator[Account]:
    with Account() as account:
        yield account


@pytest.fixture
def account(opened: Account) -> Account:
    opened.clear()
    return opened


@pytest.fixture
def requests(account: Account) -> Iterator[Requests]:
    with Requests.open_(account) as made:
        yield made


def test_an_upload_that_waits_behind_a_deployment_of_thirty_minutes_is_deployed_once(
    account: Account, requests: Requests
) -> None:
    end = requests.hold(TWIN)
    account.upload(TWIN, NOTHING)
    requests.changed(TWIN, NOTHING)

    requests.pass_time(minutes=30)
    before = requests.deployments
    end()
    requests.pass_time(minutes=10)

    assert (before, requests.undelivered) == ([], [])
    assert requests.deployments == ["SUCCEEDED"]
    assert requests.waiting == []


def test_each_round_of_waiting_is_an_invocation_in_a_chain_of_its_own(account: Account, requests: Requests) -> None:
    requests.hold(TWIN)
    account.upload(TWIN, NOTHING)
    requests.changed(TWIN, NOTHING)

    requests.pass_time(minutes=30)

    assert len(requests.lineages) > 20
    assert {count for lineage in requests.lineages for count in lineage.values()} == {1}


def test_all_files_of_an_upload_wait_as_one_message(account: Account, requests: Requests) -> None:
    requests.hold(TWIN)
    account.upload(TWIN, NOTHING)
    requests.changed(TWIN, NOTHING)

    requests.pass_time(minutes=2)

    assert len(requests.batches[0]) == len(NOTHING)
    assert [len(batch) for batch in requests.batches[1:]] == [1] * len(requests.batches[1:])
    assert len(requests.waiting) == 1


def test_ten_projects_in_one_batch_are_each_deployed_once(account: Account, requests: Requests) -> None:
    projects = {f"plant-{number}": Project(("gcp", "gcp", "gcp"), f"plant-{number}").files for number in range(10)}
    for name, files in projects.items():
        account.upload(name, files)
        requests.changed(name, ["config.json"])

    requests.pass_time(minutes=10)

    assert len(requests.batches[0]) == len(projects)
    assert requests.deployments == ["SUCCEEDED"] * len(projects)
    assert (requests.waiting, requests.undelivered) == ([], [])


def test_a_request_that_has_waited_too_long_is_undelivered_with_the_reason(
    account: Account, requests: Requests
) -> None:
    requests.hold(TWIN)
    account.upload(TWIN, NOTHING)
    requests.changed(TWIN, ["config.json"])

    requests.pass_time(hours=11.9)
    before = requests.undelivered
    requests.pass_time(hours=0.2)

    [(body, why)] = requests.undelivered
    assert before == []
    assert json.loads(body)["object"]["key"] == f"projects/{TWIN}/config.json"
    assert why.startswith("It has waited since ")
    assert "The twin is being worked on by" in why
    assert [line["why"] for line in requests.journal if line["verb"] == "give-up"] == [why]
    assert (requests.waiting, requests.deployments) == ([], [])
    assert len(requests.batches) < 0.6 * requests.receives


def test_a_request_whose_every_check_fails_is_undelivered_after_an_hour_and_a_few_tries(
    account: Account, requests: Requests
) -> None:
    account.upload(TWIN, NOTHING)
    machine = account.installation.machine_arn("deploy")
    account.client("stepfunctions").delete_state_machine(stateMachineArn=machine)
    requests.changed(TWIN, ["config.json"])

    requests.pass_time(hours=2)

    [(_, why)] = requests.undelivered
    assert why.startswith("Every check since ")
    assert "StateMachineDoesNotExist" in why
    assert requests.waiting == []
    assert 10 < len(requests.batches) < 25


def test_one_failed_check_does_not_end_a_long_wait(account: Account, requests: Requests) -> None:
    end = requests.hold(TWIN)
    account.upload(TWIN, NOTHING)
    requests.changed(TWIN, ["config.json"])
    requests.pass_time(hours=5)

    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("STATE_TABLE", "no-such-table")
        requests.pass_time(minutes=3)
    failed = [line for line in requests.journal if line["outcome"] == "failed"]
    end()
    requests.pass_time(hours=1)

    assert len(failed) == 1
    assert (requests.deployments, requests.waiting, requests.undelivered) == (["SUCCEEDED"], [], [])


def test_a_message_that_cannot_be_read_is_undelivered_at_once(requests: Requests) -> None:
    requests.send("no JSON")

    requests.pass_time(minutes=1)

    assert requests.undelivered == [("no JSON", "It is not a message that one of the rules sends.")]
    assert (requests.waiting, len(requests.batches)) == ([], 1)


def test_a_request_that_is_received_for_a_day_is_given_up_without_another_check(
    account: Account, requests: Requests
) -> None:
    account.upload(TWIN, NOTHING)
    requests.changed(TWIN, ["config.json"])
    requests.end_workers = True

    requests.pass_time(seconds=patience.UNFINISHED / timedelta(seconds=1) + 1800)
    requests.end_workers = False
    requests.pass_time(minutes=20)

    [(_, why)] = requests.undelivered
    assert "have come to no end" in why
    assert (requests.deployments, requests.waiting) == ([], [])


def test_a_message_whose_deferral_is_refused_comes_again_by_the_queues_own_time_out(
    account: Account, requests: Requests
) -> None:
    end = requests.hold(TWIN)
    account.upload(TWIN, NOTHING)
    requests.changed(TWIN, ["config.json"])

    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("REQUESTS_QUEUE", "http://localhost:4566/000000000000/another")
        requests.pass_time(minutes=1)
    end()
    requests.pass_time(minutes=30)

    assert [line["verb"] for line in requests.journal].count("defer") == 1
    assert (requests.deployments, requests.waiting, requests.undelivered) == (["SUCCEEDED"], [], [])
