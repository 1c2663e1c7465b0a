"""Short stories of a twin that together make every task use every IAM action it is granted: what `grants` plays."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from unittest import mock

from tests.harness.account import Account, Execution
from tests.harness.faults import CutAfter
from tests.proofs.drifts import DRIFTS, Client, Drift
from tests.proofs.projects import L2_ALONE, SCENARIOS, TWIN, Project
from tests.proofs.strangers import STRANGERS, Stranger

Run = Callable[[str, Mapping[str, Any]], Execution]
"""Runs a machine, or with Records a task that works off a queue, while IAM looks on."""
Play = Callable[[Account, Run], Iterator[Execution]]

DEPLOY = {"project": TWIN, "drain_seconds": 0}
INSPECT = {"twin": TWIN}
DESTROY = {"twin": TWIN, "retain_data": False, "drain_seconds": 0}

_BOUNDARY = "arn:aws:iam::000000000000:policy/theirs"
_DISPATCHER = "factory-dispatcher-us-east-1-gluecode"
_OURS = ["DigitalTwin"]


@dataclass(frozen=True)
class Story:
    """One story: in an empty account, a twin goes through the executions that `play` yields."""

    title: str
    play: Play


def _deployed(account: Account, project: Project) -> None:
    """Bring the account to where the project is deployed, with nobody looking."""
    account.upload(TWIN, project.files)
    assert account.run("deploy", DEPLOY).succeeded


def _born_and_gone(project: Project) -> Play:
    def play(account: Account, run: Run) -> Iterator[Execution]:
        account.upload(TWIN, project.files)
        yield run("deploy", DEPLOY)
        yield run("inspect", INSPECT)
        yield run("destroy", DESTROY)

    return play


def _changed(before: Project, after: Project) -> Play:
    def play(account: Account, run: Run) -> Iterator[Execution]:
        _deployed(account, before)
        account.upload(TWIN, after.files)
        yield run("deploy", DEPLOY)

    return play


def _drifted(do: Callable[[Client], Any], project: Project) -> Play:
    def play(account: Account, run: Run) -> Iterator[Execution]:
        _deployed(account, project)
        do(account.client)
        yield run("inspect", INSPECT)
        yield run("deploy", DEPLOY)
        yield run("destroy", DESTROY)

    return play


def _adopted(stranger: Stranger) -> Play:
    def play(account: Account, run: Run) -> Iterator[Execution]:
        account.upload(TWIN, Project(stranger.mapping).files)
        stranger.make(account.client)
        yield run("deploy", {**DEPLOY, "adopt": True})

    return play


def _in_the_way(stranger: Stranger, before: Project | None) -> Play:
    """A deployment that fails at somebody else's thing, and is rolled back to what was there."""

    def play(account: Account, run: Run) -> Iterator[Execution]:
        if before:
            _deployed(account, before)
        stranger.make(account.client)
        account.upload(TWIN, Project(stranger.mapping).files)
        yield run("deploy", {**DEPLOY, "on_failure": "rollback"})

    return play


def _within(variables: Mapping[str, str], play: Play) -> Play:
    """The same story in an installation that has these settings, too."""

    def within(account: Account, run: Run) -> Iterator[Execution]:
        with mock.patch.dict(os.environ, variables):
            yield from play(account, run)

    return within


def _bounded(account: Account, run: Run) -> Iterator[Execution]:
    _deployed(account, _A)
    with mock.patch.dict(os.environ, {"PERMISSIONS_BOUNDARY": _BOUNDARY}):
        yield run("deploy", DEPLOY)


def _held_by_a_dead_one(account: Account, run: Run) -> Iterator[Execution]:
    account.upload(TWIN, _A.files)
    account.run("deploy", DEPLOY, faults=CutAfter(20))
    yield run("deploy", DEPLOY)


def _with_the_token_in_its_secret_only(account: Account, run: Run) -> Iterator[Execution]:
    _deployed(account, _C)
    account.upload(TWIN, _without_tokens(_C.files))
    yield run("deploy", DEPLOY)


def _with_a_report(account: Account, run: Run) -> Iterator[Execution]:
    account.upload(TWIN, _ALONE.files)
    yield run("deploy", {**DEPLOY, "report": True})


def _by_the_name_of_its_project(account: Account, run: Run) -> Iterator[Execution]:
    _deployed(account, _A)
    yield run("inspect", {"project": TWIN})
    yield run("destroy", {"project": TWIN, "dry_run": True})
    account.upload(TWIN, {})
    yield run("destroy", {"project": TWIN, "retain_data": False, "drain_seconds": 0})


def _asked_for_by_an_event(account: Account, run: Run) -> Iterator[Execution]:
    """The project's files have changed; the token stands in its secret only."""
    _deployed(account, _C)
    account.upload(TWIN, _without_tokens(replace(_C, threshold=90).files))
    sqs, machine = account.client("sqs"), account.installation.machine_arn("deploy")
    requests, undelivered = (sqs.create_queue(QueueName=f"gluecode-{name}")["QueueUrl"] for name in ("requests", "un"))
    for body in (json.dumps({"object": {"key": f"projects/{TWIN}/config.json"}}), "no JSON"):
        sqs.send_message(QueueUrl=requests, MessageBody=body)
    found = sqs.receive_message(QueueUrl=requests, MaxNumberOfMessages=2, AttributeNames=["All"])["Messages"]
    records = [
        {
            "messageId": str(number),
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message["Attributes"],
        }
        for number, message in enumerate(found)
    ]
    variables = {"REQUESTS_QUEUE": requests, "UNDELIVERED_QUEUE": undelivered, "DEPLOY_MACHINE": machine}
    with mock.patch.dict(os.environ, {**variables, "QUIET_SECONDS": "0"}):
        yield run("start-deployment", {"Records": records})
    for queue in (requests, undelivered):
        sqs.delete_queue(QueueUrl=queue)


def _without_tokens(files: Mapping[str, bytes]) -> dict[str, bytes]:
    document = json.loads(files["config_inter_cloud.json"])
    for settings in document["connections"].values():
        settings.pop("token", None)
    return {**files, "config_inter_cloud.json": json.dumps(document).encode()}


def _installed_by_cloudformation(account: Account, run: Run) -> Iterator[Execution]:
    """Only then there are roles that can be asked about."""
    everything = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}], "Version": "2012-10-17"}
    role = {
        "RoleName": "gluecode-create-iam-role",
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
        "Policies": [{"PolicyName": "all", "PolicyDocument": everything}],
    }
    template = {"Resources": {"CreateIamRoleRole": {"Type": "AWS::IAM::Role", "Properties": role}}}
    account.client("cloudformation").create_stack(StackName="gluecode", TemplateBody=json.dumps(template))
    account.upload(TWIN, _NOTHING.files)
    with mock.patch.dict(os.environ, {"STACK_ID": "gluecode"}):
        yield run("deploy", DEPLOY)


def _attach(client: Client) -> None:
    client("iam").attach_role_policy(RoleName=_DISPATCHER, PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")


def _provision(client: Client) -> None:
    client("dynamodb").update_table(
        TableName="factory-hot-iot-data",
        BillingMode="PROVISIONED",
        ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
    )


def _looked_after(account: Account, run: Run) -> Iterator[Execution]:
    """The schedule finds drift, tells of it, and asks for its repair."""
    _deployed(account, Project(("gcp", "gcp", "aws")))
    account.client("logs").delete_retention_policy(logGroupName=f"/gluecode/{TWIN}")
    yield run("check-drift", {"repair": True})


def _bound(client: Client) -> None:
    client("iam").put_role_permissions_boundary(RoleName=_DISPATCHER, PermissionsBoundary=_BOUNDARY)


def _doom_a_secret(client: Client) -> None:
    client("secretsmanager").delete_secret(SecretId="factory/aws_l1_to_azure_l2", RecoveryWindowInDays=7)


_A, _B, _C = (Project(mapping) for mapping in SCENARIOS.values())
_ALONE = Project(L2_ALONE)
_BATCHING = replace(_ALONE, batching=True)
_NOTHING = Project(("gcp", "gcp", "gcp"))


def _of(drift: Drift) -> Story:
    return Story(drift.title, _drifted(drift.do, drift.project))


STORIES = (
    *(Story(f"born and gone: {name}", _born_and_gone(Project(mapping))) for name, mapping in SCENARIOS.items()),
    *(Story(f"nothing changed: {name}", _changed(*[Project(mapping)] * 2)) for name, mapping in SCENARIOS.items()),
    Story("everything leaves AWS", _changed(_A, _NOTHING)),
    Story("both boundaries leave AWS", _changed(_ALONE, _NOTHING)),
    Story("processing moves away", _changed(_A, _C)),
    Story("batching switched on, born and gone", _born_and_gone(_BATCHING)),
    Story("batching switched off", _changed(_BATCHING, _ALONE)),
    Story("nothing changed: batching", _changed(_BATCHING, _BATCHING)),
    Story("another token", _changed(_C, replace(_C, token="An0ther-token"))),
    *map(_of, DRIFTS),
    Story("a managed policy attached", _drifted(_attach, _A)),
    Story("a table provisioned", _drifted(_provision, _A)),
    Story("a foreign boundary on a role", _drifted(_bound, _A)),
    Story("a secret scheduled for deletion", _drifted(_doom_a_secret, _C)),
    Story("a boundary that the installation prescribes from now on", _bounded),
    *(Story(f"adopted: {stranger.picture}", _adopted(stranger)) for stranger in STRANGERS),
    Story("rolled back to nothing", _in_the_way(STRANGERS[5], None)),
    Story("rolled back to what was there", _in_the_way(STRANGERS[5], _B)),
    Story("a lock whose execution is gone", _held_by_a_dead_one),
    Story("a token that stands in its secret only", _with_the_token_in_its_secret_only),
    Story("named by its project", _by_the_name_of_its_project),
    Story("installed by CloudFormation", _installed_by_cloudformation),
    Story("a report is wanted", _with_a_report),
    Story("looked after by the schedule", _looked_after),
    Story("asked for by an event", _asked_for_by_an_event),
)
