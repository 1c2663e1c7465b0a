"""`gluecode check-permissions` on a cloud that enforces IAM: for users, sessions and root, with and without rights."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from orchestrator.cli import main
from orchestrator.local import cloud
from orchestrator.local.cloud import Cloud
from orchestrator.local.server import Settings
from orchestrator.operations.iam_check import REQUIRED_AWS_PERMISSIONS
from tests.conftest import Clients, clients_of

ACCOUNT = "000000000000"
ASKING = {
    "Effect": "Allow",
    "Action": "iam:SimulatePrincipalPolicy",
    "Resource": f"arn:aws:iam::{ACCOUNT}:user/${{aws:username}}",  # about themselves
}
ASKING_ALL = {**ASKING, "Resource": "*"}
READING = {"Effect": "Allow", "Action": ["iam:Get*", "iam:List*"], "Resource": "*"}
LAYERS = {
    "Effect": "Allow",
    "Action": ["cloudwatch:*", "iam:*", "lambda:*", "logs:*", "s3:*", "secretsmanager:*", "sqs:*"],
    "Resource": "*",
}
NO_SIMULATOR = {"Effect": "Deny", "Action": "iam:Simulate*", "Resource": "*"}
NO_URLS = {"Effect": "Deny", "Action": "lambda:CreateFunctionUrlConfig", "Resource": "*"}


@dataclass(frozen=True)
class Shown:
    """What a command ended with and printed."""

    code: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        """The result for a script."""
        report: dict[str, Any] = json.loads(self.out)
        return report


Check = Callable[..., Shown]


@pytest.fixture(scope="module")
def enforcing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """An embedded cloud that refuses what no policy allows."""
    home = tmp_path_factory.mktemp("enforcing")
    yield cloud.up(home, Settings(enforce_iam=True))
    cloud.down(home)


@pytest.fixture(scope="module")
def admin(enforcing: Cloud) -> Clients:
    """Clients of the root user."""
    return clients_of(enforcing)


@pytest.fixture
def as_user(admin: Clients, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """Makes a user with these statements whose keys are used from then on. Returns the name."""
    iam, made = admin("iam"), []

    def make(*statements: dict[str, Any], name: str = "alice") -> str:
        iam.create_user(UserName=name)
        made.append(name)
        if statements:
            grant(iam, name, "own", {"Version": "2012-10-17", "Statement": list(statements)})
        key = iam.create_access_key(UserName=name)["AccessKey"]
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
        return name

    yield make
    for name in made:
        for policy in iam.list_user_policies(UserName=name)["PolicyNames"]:
            iam.delete_user_policy(UserName=name, PolicyName=policy)
        for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
            iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
        iam.delete_user(UserName=name)


def grant(iam: Any, user: str, name: str, document: dict[str, Any]) -> None:
    iam.put_user_policy(UserName=user, PolicyName=name, PolicyDocument=json.dumps(document))


@pytest.fixture
def check(enforcing: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Check:
    """Runs the command against the cloud, as whoever the environment says."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", enforcing.endpoint)

    def run(*options: str) -> Shown:
        capsys.readouterr()
        code = main(["check-permissions", *options])
        return Shown(code, *capsys.readouterr())

    return run


def test_root_may_do_everything(check: Check) -> None:
    shown = check()

    assert shown.code == 0
    assert "the root user" in shown.out
    assert "Nothing is missing." in shown.out


def test_what_is_missing_is_told_by_layer_and_service(as_user: Callable[..., str], check: Check) -> None:
    as_user(ASKING, LAYERS, NO_URLS)

    shown = check("--json")

    report = shown.report
    assert (shown.code, report["how"]) == (1, "simulation")
    assert report["principal"] == {"kind": "user", "name": "alice", "arn": f"arn:aws:iam::{ACCOUNT}:user/alice"}
    required = REQUIRED_AWS_PERMISSIONS
    assert report["missing"] == {
        "layer_1": {"iot": required["layer_1"]["iot"]},
        "layer_2": {"lambda": ["lambda:CreateFunctionUrlConfig"]},
        "layer_3": {"dynamodb": required["layer_3"]["dynamodb"], "lambda": ["lambda:CreateFunctionUrlConfig"]},
        "command_line": {
            "dynamodb": required["command_line"]["dynamodb"],
            "iot": ["iot:Publish"],
            "states": required["command_line"]["states"],
        },
    }


def test_the_table_names_what_is_missing_and_why(as_user: Callable[..., str], check: Check) -> None:
    as_user(ASKING, LAYERS, NO_URLS)

    shown = check("--layer", "3")

    assert shown.code == 1
    rows = {
        line.split()[2]: " ".join(line.split()[3:]) for line in shown.out.splitlines() if line.startswith("layer 3")
    }
    assert rows["iam"] == "14 of 14"
    assert rows["lambda"] == "19 of 20 missing: CreateFunctionUrlConfig"
    assert "a policy denies it: lambda:CreateFunctionUrlConfig" in shown.out
    assert "To grant what no policy allows, attach this policy to user alice:" in shown.out


def test_with_what_was_printed_attached_nothing_is_missing(
    as_user: Callable[..., str], check: Check, admin: Clients
) -> None:
    user = as_user(ASKING, READING)
    before = check("--json", "--twin", "factory").report

    for number, document in enumerate(before["policies"]):
        grant(admin("iam"), user, f"pasted-{number}", document)
    after = check("--json", "--twin", "factory")

    assert set(before["missing"]) == {"layer_1", "layer_2", "layer_3", "command_line"}
    assert (after.code, after.report["missing"]) == (0, {})
    assert after.report["conditional"] == {
        layer: {"iam": ["iam:PassRole"]} for layer in ("layer_1", "layer_2", "layer_3")
    }


def test_without_the_simulator_the_policies_are_read(as_user: Callable[..., str], check: Check) -> None:
    as_user(LAYERS, NO_URLS, NO_SIMULATOR)

    shown = check("--layer", "2", "--json")

    report = shown.report
    assert (shown.code, report["how"]) == (1, "policies")
    assert report["missing"] == {"layer_2": {"lambda": ["lambda:CreateFunctionUrlConfig"]}}
    assert report["notes"][0].startswith("IAM did not simulate (AccessDenied")


def test_who_may_not_even_ask_iam_is_told_so(as_user: Callable[..., str], check: Check) -> None:
    as_user({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})

    shown = check("--layer", "1", "--json")

    report = shown.report
    assert (shown.code, report["how"], report["missing"]) == (1, "nothing", {})
    assert report["unknown"]["layer_1"] == REQUIRED_AWS_PERMISSIONS["layer_1"]
    assert any("the inline policies of user alice (AccessDenied" in note for note in report["notes"])


def test_who_may_not_even_ask_iam_sees_no_trace_of_a_fault(as_user: Callable[..., str], check: Check) -> None:
    as_user()

    shown = check()

    assert shown.code == 1
    assert "could not be determined: " in shown.out
    assert "nothing could be found out" in shown.out
    assert "Traceback" not in shown.out + shown.err
    assert "error: " not in shown.err


def test_a_session_is_checked_by_its_role(
    as_user: Callable[..., str], check: Check, admin: Clients, enforcing: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
    iam = admin("iam")
    iam.create_role(
        RoleName="ci",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    iam.put_role_policy(
        RoleName="ci",
        PolicyName="own",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [READING, LAYERS, NO_URLS]}),
    )
    keys = admin("sts").assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/ci", RoleSessionName="build-7")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys["Credentials"]["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys["Credentials"]["SecretAccessKey"])
    monkeypatch.setenv("AWS_SESSION_TOKEN", keys["Credentials"]["SessionToken"])

    report = check("--layer", "2", "--json").report

    assert (report["principal"]["kind"], report["principal"]["name"]) == ("role", "ci")
    assert report["missing"] == {"layer_2": {"lambda": ["lambda:CreateFunctionUrlConfig"]}}


def test_somebody_else_can_be_checked(as_user: Callable[..., str], check: Check, admin: Clients) -> None:
    as_user(LAYERS, name="carol")
    as_user(ASKING_ALL)

    report = check("--layer", "2", "--principal", f"arn:aws:iam::{ACCOUNT}:user/carol", "--json").report

    assert (report["principal"]["name"], report["missing"]) == ("carol", {})


def test_a_federated_identity_has_nothing_to_be_asked_about(check: Check) -> None:
    shown = check("--layer", "1", "--principal", f"arn:aws:sts::{ACCOUNT}:federated-user/bob")

    assert shown.code == 1
    assert "name its user or role instead" in shown.err


def test_without_an_installation_there_are_no_roles_of_steps_and_it_says_so(check: Check) -> None:
    shown = check("--layer", "1", "--json")

    assert shown.report["steps"] == {
        "checked": 0,
        "missing": [],
        "note": "The orchestrator 'gluecode' is not installed here, so no step has a role.",
    }


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--layer", "4"], "'4' is not one of"),
        (["--twin", "no/twin"], "'no/twin' is no twin's name."),
        (["--principal", "alice"], "'alice' is no ARN."),
    ],
)
def test_wrong_use_ends_with_2(check: Check, options: list[str], said: str) -> None:
    shown = check(*options)

    assert shown.code == 2
    assert said in shown.err


def test_the_roles_of_the_steps_are_checked_where_they_are(check: Check, admin: Clients) -> None:
    role = {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
            "Policies": [
                {"PolicyName": "gluecode", "PolicyDocument": {"Version": "2012-10-17", "Statement": [LAYERS]}}
            ],
        },
    }
    template = json.dumps({"Resources": {"CreateLogGroupRole": role, "CreateHotTableRole": role}})
    admin("cloudformation").create_stack(StackName="gluecode", TemplateBody=template, Capabilities=["CAPABILITY_IAM"])
    admin("cloudformation").get_waiter("stack_create_complete").wait(
        StackName="gluecode", WaiterConfig={"Delay": 0, "MaxAttempts": 600}
    )

    try:
        shown = check("--layer", "3", "--json")
    finally:
        admin("cloudformation").delete_stack(StackName="gluecode")

    steps = shown.report["steps"]
    assert (shown.code, steps["checked"], shown.report["missing"]) == (1, 2, {})
    assert {lack["task"] for lack in steps["missing"]} == {"create-hot-table"}
    assert "dynamodb:CreateTable" in {lack["action"] for lack in steps["missing"]}
