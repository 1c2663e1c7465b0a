"""Before a deployment changes anything, IAM is asked what the steps' roles may do, and not more often than needed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deploy_steps.errors import AccessDenied, Throttled
from deploy_steps.registry import tasks
from deploy_steps.state import state_table
from deploy_steps.tasks import check_permissions
from deploy_steps.tasks.check_permissions import MissingAction, check, missing_actions, roles
from orchestrator.core.names import Installation
from tests.contract.stubbed import stubbed
from tests.unit.deploy_steps.conftest import ACCOUNT, REGION, TABLE, TWIN, Account

STACK = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/gluecode/1"
EXECUTION = f"arn:aws:states:{REGION}:{ACCOUNT}:execution:gluecode-deploy:factory-1"
HERE = Installation("gluecode", "aws", REGION, ACCOUNT)
URL_ROLE = "gluecode-CreateFunctionUrlRole-1"

Client = Callable[[str], Any]


@pytest.fixture(autouse=True)
def _installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STACK_ID", STACK)
    monkeypatch.setenv("GLUECODE_RELEASE", "0.1.0+abc")


def event(**request: Any) -> dict[str, Any]:
    """What the state machine hands over."""
    return {"run": "factory-1", "execution": EXECUTION, "request": {"project": TWIN, **request}}


def verdict(account: Account) -> dict[str, Any] | None:
    """What the state table remembers."""
    return account.item("permissions", "#installation")


def stack(*resources: tuple[str, str]) -> tuple[str, Any]:
    """CloudFormation's list of what it made: logical id, physical id."""
    made = [
        {
            "LogicalResourceId": logical,
            "PhysicalResourceId": physical,
            "ResourceType": "AWS::IAM::Role",
            "LastUpdatedTimestamp": datetime(2026, 11, 1, tzinfo=UTC),
            "ResourceStatus": "CREATE_COMPLETE",
        }
        for logical, physical in resources
    ]
    return "list_stack_resources", {"StackResourceSummaries": made}


def simulated(**decisions: str) -> tuple[str, Any]:
    """The simulator's answer: `GetFunction="allowed"`."""
    results = [
        {"EvalActionName": f"lambda:{action}", "EvalDecision": decision} for action, decision in decisions.items()
    ]
    return "simulate_principal_policy", {"EvaluationResults": results}


def answering(account: Account, cloudformation: tuple[str, Any] | None = None, *iam: tuple[str, Any]) -> Client:
    """A state table that is real enough, and the two services that the emulator does not have."""
    clients = {
        "dynamodb": account.client("dynamodb"),
        "cloudformation": stubbed("cloudformation", *([cloudformation] if cloudformation else [])),
        "iam": stubbed("iam", *iam),
    }
    return clients.__getitem__


ONE_ROLE = stack(("CreateFunctionUrlRole", URL_ROLE), ("StateTable", "gluecode-state"))


def remembered(account: Account, release: str = "0.1.0+abc", ago: timedelta = timedelta(hours=1)) -> None:
    """Let the state table remember a verdict."""
    values = {"installed": f"{release}  ", "checked_at": (datetime.now(UTC) - ago).isoformat(timespec="seconds")}
    state_table.write(account.client("dynamodb"), TABLE, "#installation", "permissions", values)


def test_roles_that_may_do_all_are_found_good_and_that_is_remembered(account: Account) -> None:
    outcome = check(answering(account, ONE_ROLE, simulated(GetFunction="allowed")), event())

    item = verdict(account)
    assert outcome == "present"
    assert item is not None
    assert item["installed"] == "0.1.0+abc  "


def test_a_verdict_of_today_takes_no_call_to_iam(account: Account) -> None:
    remembered(account)

    assert check(answering(account), event()) == "unchanged"


@pytest.mark.parametrize(
    ("release", "ago"),
    [
        pytest.param("0.1.0+older", timedelta(hours=1), id="of another release"),
        pytest.param("0.1.0+abc", timedelta(hours=25), id="of yesterday"),
        pytest.param("0.1.0+abc arn:aws:iam::aws:policy/x", timedelta(hours=1), id="under another boundary"),
    ],
)
def test_an_older_verdict_does_not_count(account: Account, release: str, ago: timedelta) -> None:
    remembered(account, release, ago)

    assert check(answering(account, ONE_ROLE, simulated(GetFunction="allowed")), event()) == "present"


def test_a_role_that_lacks_an_action_ends_the_deployment_with_the_names_of_both(account: Account) -> None:
    client = answering(
        account,
        ONE_ROLE,
        simulated(GetFunction="allowed", CreateFunctionUrlConfig="implicitDeny", ListTags="explicitDeny"),
    )

    with pytest.raises(AccessDenied) as raised:
        check(client, event())

    said = str(raised.value)
    assert f"create-function-url (role {URL_ROLE}): lambda:CreateFunctionUrlConfig, lambda:ListTags" in said
    assert "(a policy denies it; no policy allows it)" in said
    assert verdict(account) is None


def test_a_long_list_is_cut_and_says_what_shows_all_of_it(account: Account) -> None:
    tasks = [
        f"Create{kind}Role" for kind in ("Function", "FunctionUrl", "Permissions", "HotTable", "IamRole", "IotRule")
    ]
    client = answering(
        account,
        stack(*((task, f"gluecode-{task}") for task in tasks)),
        *[("simulate_principal_policy", ("NoSuchEntity", "gone"))] * len(tasks),
    )

    with pytest.raises(AccessDenied, match="- and 1 more: `gluecode check-permissions` shows all"):
        check(client, event())


def test_a_role_that_is_gone_lacks_everything() -> None:
    iam = stubbed("iam", ("simulate_principal_policy", ("NoSuchEntity", f"The role {URL_ROLE} cannot be found.")))

    found = missing_actions(iam, HERE, TWIN, {"create-log-group": URL_ROLE})

    assert {lack.why for lack in found} == {"the role does not exist"}
    assert {lack.action for lack in found} >= {"logs:CreateLogGroup", "logs:PutRetentionPolicy"}


@pytest.mark.parametrize(
    ("decision", "lacking"),
    [
        pytest.param({"EvalDecision": "implicitDeny"}, False, id="a simulator that is given no context says so"),
        pytest.param({"EvalDecision": "explicitDeny"}, True, id="a deny is a deny"),
        pytest.param(
            {
                "EvalDecision": "implicitDeny",
                "PermissionsBoundaryDecisionDetail": {"AllowedByPermissionsBoundary": False},
            },
            True,
            id="a boundary leaves it out",
        ),
    ],
)
def test_what_a_role_has_under_a_condition_lacks_only_what_is_certain(decision: dict[str, Any], lacking: bool) -> None:
    answer = {"EvaluationResults": [{"EvalActionName": "iam:PassRole", **decision}]}
    iam = stubbed("iam", *[("simulate_principal_policy", answer)] * 4)

    found = missing_actions(iam, HERE, TWIN, {"create-function": "gluecode-CreateFunctionRole-1"})

    assert [lack.action for lack in found if isinstance(lack, MissingAction)] == ["iam:PassRole"] * 4 * lacking


@pytest.mark.parametrize(
    "refusal",
    [
        pytest.param(
            ("AccessDenied", "not authorized to perform: iam:SimulatePrincipalPolicy"), id="this role may not"
        ),
        pytest.param(("InvalidAction", "Unknown action"), id="an AWS without a simulator"),
        pytest.param(("InvalidInput", "Invalid Entity Arn"), id="a simulator that does not understand"),
    ],
)
def test_what_cannot_be_asked_is_not_checked_and_not_asked_again_today(
    account: Account, refusal: tuple[str, str]
) -> None:
    first = check(answering(account, ONE_ROLE, ("simulate_principal_policy", refusal)), event())
    second = check(answering(account), event())

    assert (first, second) == ("absent", "unchanged")


def test_a_stack_that_may_not_be_read_is_no_obstacle(account: Account) -> None:
    denied = ("list_stack_resources", ("AccessDenied", "not authorized"))

    assert check(answering(account, denied), event()) == "absent"


def test_a_busy_iam_is_asked_again_by_the_state_machine(account: Account) -> None:
    with pytest.raises(Throttled):
        check(answering(account, ONE_ROLE, ("simulate_principal_policy", ("Throttling", "Rate exceeded"))), event())


def test_a_dry_run_asks_and_writes_nothing(account: Account) -> None:
    outcome = check(answering(account, ONE_ROLE, simulated(GetFunction="allowed")), event(dry_run=True))

    assert (outcome, verdict(account)) == ("present", None)


def nobody(service: str) -> Any:
    raise AssertionError(f"{service} was asked.")


def test_it_can_be_left_out() -> None:
    assert check(nobody, event(check_permissions=False)) == "absent"


def test_where_something_else_installed_the_orchestrator_there_is_nothing_to_ask(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("STACK_ID")

    assert check(nobody, event()) == "absent"


@pytest.mark.parametrize("request_", [None, "factory", 7, []], ids=str)
def test_a_request_that_is_no_object_is_left_for_the_project_to_refuse(request_: Any) -> None:
    assert check(nobody, {**event(), "request": request_}) == "absent"


def test_the_roles_are_asked_about_a_twin_that_the_installation_may_work_on(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWIN_PREFIX", "team-")
    asked: list[str] = []

    def lacks_nothing(_iam: Any, _installation: Any, twin: str, _roles: Any) -> tuple[MissingAction, ...]:
        asked.append(twin)
        return ()

    monkeypatch.setattr(check_permissions, "missing_actions", lacks_nothing)

    check(answering(account, ONE_ROLE), event())

    assert asked == ["team-twin"]


def test_every_task_that_a_deployment_comes_to_has_its_role_checked() -> None:
    logical = [
        *("CreateIamRoleRole", "DestroyHotTableRole", "TakeLockRole", "DrainFunctionRole", "LoadProjectRole"),
        *("InfoHotTableRole", "CheckPermissionsRole", "DeployMachineRole"),
    ]
    cloudformation = stubbed("cloudformation", stack(*((each, f"gluecode-{each}-1") for each in logical)))

    assert roles(cloudformation, STACK) == {
        "create-iam-role": "gluecode-CreateIamRoleRole-1",
        "destroy-hot-table": "gluecode-DestroyHotTableRole-1",
        "take-lock": "gluecode-TakeLockRole-1",
        "drain-function": "gluecode-DrainFunctionRole-1",
        "load-project": "gluecode-LoadProjectRole-1",
    }


def test_the_handler_journals_and_answers(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    remembered(account)

    answer = check_permissions.handler(event(), None)

    assert (answer["kind"], answer["name"], answer["outcome"]) == ("permissions", "gluecode", "unchanged")
    assert '"calls": 1, "writes": 0' in capsys.readouterr().out


def test_the_task_declares_what_it_asks() -> None:
    (task,) = [task for task in tasks() if task.name == "check-permissions"]

    assert set(task.actions) == {
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "cloudformation:ListStackResources",
        "iam:SimulatePrincipalPolicy",
    }
