"""The harness itself: what it counts, cuts, shuffles and pictures is what happens."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.harness.account import Account, Execution
from tests.harness.faults import CutAfter, Deny, LoseAnswer, LoseWorker, RandomFaults
from tests.harness.picture import differences
from tests.harness.toy import Toy


@pytest.fixture
def account() -> Iterator[Account]:
    with Account(Toy()) as opened:
        yield opened


def _order(execution: Execution) -> list[str]:
    return [f"{call.operation} {call.params['RoleName']}" for call in execution.calls]


ONE_AFTER_THE_OTHER = [
    f"{operation} toy-{side}" for side in ("left", "right") for operation in ("GetRole", "CreateRole", "PutRolePolicy")
]


def test_a_deployment_makes_what_the_machine_says_and_every_call_is_counted(account: Account) -> None:
    done = account.run("deploy", {})

    assert done.status == "SUCCEEDED"
    assert _order(done) == ONE_AFTER_THE_OTHER
    assert sorted(account.picture()) == ["role toy-left", "role toy-right"]
    assert done.outcomes("created") == ["iam-role toy-left", "iam-role toy-right"]


def test_a_second_deployment_writes_nothing(account: Account) -> None:
    account.run("deploy", {})

    assert account.run("deploy", {}).writes == []


def test_a_seed_shuffles_what_runs_side_by_side_and_repeats_itself(account: Account) -> None:
    orders = []
    for seed in (1, 1, 2, 3, 4):
        account.clear()
        orders.append(_order(account.run("deploy", {}, seed=seed)))

    assert orders[0] == orders[1]
    assert all(sorted(order) == sorted(ONE_AFTER_THE_OTHER) for order in orders)
    assert any(order != ONE_AFTER_THE_OTHER for order in orders)


@pytest.mark.parametrize("number", range(1, 7))
def test_a_cut_leaves_exactly_the_calls_before_it_and_the_next_run_goes_on(account: Account, number: int) -> None:
    cut = account.run("deploy", {}, faults=CutAfter(number))
    there = sorted(account.picture())
    again = account.run("deploy", {})

    assert cut.status == "CUT"
    assert _order(cut) == ONE_AFTER_THE_OTHER[:number]
    assert there == [f"role toy-{side}" for side, made in (("left", 2), ("right", 5)) if number >= made]
    assert again.succeeded
    assert sorted(account.picture()) == ["role toy-left", "role toy-right"]


def test_a_cut_execution_is_gone(account: Account) -> None:
    cut = account.run("deploy", {}, faults=CutAfter(3), seed=5)
    machine = account.installation.machine_arn("deploy")
    execution = f"{machine.replace(':stateMachine:', ':execution:')}:{cut.name}"

    assert account.client("stepfunctions").describe_execution(executionArn=execution)["status"] == "ABORTED"


def test_a_lost_answer_makes_botocore_send_the_call_again(account: Account) -> None:
    done = account.run("deploy", {}, faults=LoseAnswer(1))

    assert done.succeeded
    assert _order(done)[:2] == ["GetRole toy-left", "GetRole toy-left"]


def test_a_lost_worker_fails_its_state_by_the_name_lambda_gives_it(account: Account) -> None:
    failed = account.run("deploy", {}, faults=LoseWorker(2))

    assert (failed.status, failed.error) == ("FAILED", "Runtime.ExitError")


def test_a_task_whose_sibling_has_failed_goes_on_after_the_execution_has(account: Account) -> None:
    late = []
    for seed in range(1, 9):
        account.clear()
        failed = account.run("deploy", {}, faults=Deny(2), seed=seed)
        late.append(len(failed.calls))
        assert failed.error == "AccessDenied"

    assert min(late) < len(ONE_AFTER_THE_OTHER) - 1  # the sibling had not begun, and does not
    assert max(late) >= len(ONE_AFTER_THE_OTHER) - 2  # it had, and comes to its end


def test_random_faults_are_met_by_the_retries_and_repeat_themselves(account: Account) -> None:
    runs = []
    for _ in range(2):
        account.clear()
        faults = RandomFaults(seed=7, throttle=0.4, error=0.1)
        done = account.run("deploy", {}, faults=faults)
        runs.append((done.status, _order(done), faults.throttled, faults.failed))

    assert runs[0] == runs[1]
    assert runs[0][0] == "SUCCEEDED"
    assert runs[0][2] > 0


def test_a_handlers_exception_keeps_its_class_name(account: Account) -> None:
    failed = account.run("fail", {"run": "x"})

    assert (failed.status, failed.error) == ("FAILED", "InvalidInput")
    assert "the event has no 'spec'" in failed.cause


def test_a_payload_over_256_kib_fails_as_on_aws(account: Account) -> None:
    assert account.run("large", {}).error == "States.DataLimitExceeded"


def test_a_cleared_account_is_empty(account: Account) -> None:
    account.run("deploy", {})

    account.clear()

    assert account.picture() == {}


def test_pictures_of_equal_deployments_are_equal_and_differences_are_named(account: Account) -> None:
    account.run("deploy", {})
    before = account.picture()
    account.clear()
    account.run("deploy", {})

    assert account.picture() == before

    account.client("iam").untag_role(RoleName="toy-left", TagKeys=["Layer"])
    account.client("iam").delete_role_policy(RoleName="toy-right", PolicyName="gluecode")
    account.client("iam").delete_role(RoleName="toy-right")
    account.client("iam").create_role(RoleName="other", AssumeRolePolicyDocument="{}")

    assert differences(before, account.picture()) == [
        "left over: role other",
        "missing: role toy-right",
        "role toy-left: tags is {'DigitalTwin': 'toy', 'ManagedBy': 'multicloud-gluecode'}, "
        "not {'DigitalTwin': 'toy', 'Layer': 'layer_1', 'ManagedBy': 'multicloud-gluecode'}",
    ]


def test_a_saved_account_comes_back_as_it_was(account: Account) -> None:
    account.run("deploy", {})
    saved, before = account.save(), account.picture()
    account.client("iam").untag_role(RoleName="toy-left", TagKeys=["Layer"])

    account.restore(saved)

    assert account.picture() == before
    account.client("iam").untag_role(RoleName="toy-left", TagKeys=["Layer"])
    account.restore(saved)
    assert account.picture() == before
