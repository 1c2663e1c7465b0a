"""Events ask for deployments, and each is started once: when its project is at rest and its twin is free."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from moto.core.config import default_user_config
from moto.stepfunctions.models import stepfunctions_backends

from deploy_steps import aws
from deploy_steps.shared.deployment_request import Requested, requested
from deploy_steps.state import lock
from deploy_steps.tasks import start_deployment
from deploy_steps.tasks.start_deployment import FAULTS_PATIENCE, Decision
from tests.unit.deploy_steps.conftest import ACCOUNT, BUCKET, REGION, TABLE, TWIN, Account
from tests.unit.deploy_steps.test_load_project import project

MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:gluecode-deploy"
QUIET = 20
CHANGED = Requested(TWIN, json.dumps({"project": TWIN, "report": True}))
ASKED = Requested(
    TWIN, json.dumps({"project": TWIN, "adopt": True, "report": True}), "5f0c6a0e-1111-4222-8333-444455556666"
)

Look = Callable[..., Decision]


@pytest.fixture
def installed(account: Account, monkeypatch: pytest.MonkeyPatch) -> Account:
    """An account with versions in the bucket, a queue, and a machine whose executions run until they are stopped."""
    monkeypatch.setitem(default_user_config, "stepfunctions", {"execute_state_machine": False})
    enabled = {"Status": "Enabled"}
    account.client("s3").put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration=enabled)
    account.client("stepfunctions").create_state_machine(
        name="gluecode-deploy",
        definition=json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}),
        roleArn=f"arn:aws:iam::{ACCOUNT}:role/machine",
    )
    for name, queue in {"REQUESTS_QUEUE": "gluecode-requests", "UNDELIVERED_QUEUE": "gluecode-undelivered"}.items():
        monkeypatch.setenv(name, account.client("sqs").create_queue(QueueName=queue)["QueueUrl"])
    for name, value in {"DEPLOY_MACHINE": MACHINE, "QUIET_SECONDS": str(QUIET)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(start_deployment, "_failing", {})
    return account


@pytest.fixture
def look(installed: Account) -> Look:
    """Looks at a request, as if so many seconds had passed since now."""

    def looked(request: Requested = CHANGED, after: float = QUIET + 2) -> Decision:
        return start_deployment.look(installed.client, request, datetime.now(UTC) + timedelta(seconds=after))

    return looked


def executions(account: Account) -> list[tuple[str, Any]]:
    """Name and input of everything that was started, oldest first."""
    states = account.client("stepfunctions")
    listed = states.list_executions(stateMachineArn=MACHINE)["executions"]
    told = [states.describe_execution(executionArn=each["executionArn"]) for each in listed]
    return [(each["name"], json.loads(each["input"])) for each in sorted(told, key=lambda each: str(each["startDate"]))]


def end(name: str, error: str = "Rejected") -> None:
    """Have an execution come to a Fail state: moto's API only stops one, and forgets with which error."""
    [machine] = stepfunctions_backends[ACCOUNT][REGION].state_machines
    execution = next(each for each in machine.executions if each.name == name)
    execution.status, execution.error = "FAILED", error


def test_a_project_at_rest_is_deployed_with_the_public_input(installed: Account, look: Look) -> None:
    installed.upload(project())

    looked = look()

    [(name, given)] = executions(installed)
    assert given == {"project": TWIN, "report": True}
    assert name.startswith(f"{TWIN}-")
    assert (looked.outcome, looked.again) == ("created", True)


def test_a_project_that_just_changed_is_left_in_peace(installed: Account, look: Look) -> None:
    installed.upload(project())

    looked = look(after=QUIET - 2)

    assert (executions(installed), looked.outcome, looked.again) == ([], "unchanged", True)


def test_however_many_events_tell_of_the_same_files_they_are_deployed_once(installed: Account, look: Look) -> None:
    installed.upload(project())

    outcomes = [look().outcome for _ in range(8)]

    assert len(executions(installed)) == 1
    assert outcomes == ["created", *["present"] * 7]


def test_what_has_ended_is_not_started_again(installed: Account, look: Look) -> None:
    installed.upload(project())
    look()
    end(executions(installed)[0][0])

    looked = look()

    assert (len(executions(installed)), looked.outcome, looked.again) == (1, "present", False)


@pytest.mark.parametrize("change", ["another file", "the same file with other content", "a file less"])
def test_every_later_change_is_deployed(installed: Account, look: Look, change: str) -> None:
    installed.upload(project())
    look()
    before = executions(installed)

    if change == "a file less":
        installed.client("s3").delete_object(Bucket=BUCKET, Key=f"projects/{TWIN}/config_inter_cloud.json")
    else:
        name = "config_events.json" if change == "another file" else "config_inter_cloud.json"
        installed.upload({name: b"[]" if change == "another file" else b'{"connections":{}}'})
    look()

    assert len(executions(installed)) == 2
    assert executions(installed)[0] == before[0]


def test_while_the_twin_is_worked_on_the_change_waits_and_is_deployed_afterwards(
    installed: Account, look: Look
) -> None:
    states = installed.client("stepfunctions")
    holder = states.start_execution(stateMachineArn=MACHINE, name="somebody", input="{}")["executionArn"]
    lock.take(installed.client("dynamodb"), states, TABLE, TWIN, holder)
    installed.upload(project())

    waiting = look()
    end("somebody")
    then = look()

    assert (waiting.again, holder in waiting.why) == (True, True)
    assert then.outcome == "created"
    assert [given for name, given in executions(installed) if name != "somebody"] == [{"project": TWIN, "report": True}]


def test_a_deployment_that_found_the_twin_locked_is_started_again_under_another_name(
    installed: Account, look: Look
) -> None:
    installed.upload(project())
    look()
    [(name, _)] = executions(installed)
    end(name, "Locked")

    outcomes = [look().outcome, look().outcome]

    assert [each for each, _ in executions(installed)] == [name, f"{name}-2"]
    assert outcomes == ["created", "present"]


def test_a_deployment_under_way_is_looked_at_until_it_has_ended(installed: Account, look: Look) -> None:
    installed.upload(project())
    look()

    assert look().again


def test_half_a_project_is_given_time_to_become_a_whole_one(installed: Account, look: Look) -> None:
    files = project()
    providers = files.pop("config_providers.json")
    installed.upload(files)

    looked = look()
    installed.upload({"config_providers.json": providers})
    look()

    assert (looked.outcome, looked.again) == ("unchanged", True)
    assert [given for _, given in executions(installed)] == [{"project": TWIN, "report": True}]


def test_a_project_that_stays_faulty_gets_one_deployment_that_says_so(installed: Account, look: Look) -> None:
    installed.upload({"config.json": b"{"})

    outcomes = [look(after=QUIET * (FAULTS_PATIENCE + 1)).outcome for _ in range(3)]

    assert outcomes == ["created", "present", "present"]
    assert len(executions(installed)) == 1


def test_whoever_removes_a_projects_files_asks_for_no_deployment(installed: Account, look: Look) -> None:
    installed.upload({"config.json": b"{}"})
    installed.client("s3").delete_object(Bucket=BUCKET, Key=f"projects/{TWIN}/config.json")

    looked = look()

    assert (executions(installed), looked.outcome, looked.again) == ([], "absent", False)


def test_who_asks_for_a_deployment_gets_one_even_of_what_is_deployed(installed: Account, look: Look) -> None:
    installed.upload(project())
    look()
    [(name, _)] = executions(installed)

    outcomes = [look(ASKED).outcome, look(ASKED).outcome]

    assert outcomes == ["created", "present"]
    assert executions(installed)[1:] == [(f"{name}-5f0c6a0e", {"project": TWIN, "adopt": True, "report": True})]


def test_who_asks_for_a_deployment_with_faults_is_told_at_once(installed: Account, look: Look) -> None:
    installed.upload({"config.json": b"{"})

    assert look(ASKED).outcome == "created"


def test_a_request_that_names_no_project_ends_in_an_execution_that_says_what_to_type(
    installed: Account, look: Look
) -> None:
    look(Requested("", '{"projct": "plant"}', ASKED.event))

    assert executions(installed) == [("requested-5f0c6a0e", {"projct": "plant"})]


def change(key: str) -> str:
    """A message as the rule for changed files sends it."""
    return json.dumps({"bucket": {"name": BUCKET}, "object": {"key": key, "size": 7}, "reason": "PutObject"})


def redeploy(detail: Any) -> str:
    """A message as the rule for requests sends it."""
    return json.dumps({"id": ASKED.event, "input": detail})


@pytest.mark.parametrize(
    ("message", "asks"),
    [
        pytest.param(change(f"projects/{TWIN}/config.json"), CHANGED, id="a file"),
        pytest.param(change(f"projects/{TWIN}/processors/press/a/b.py"), CHANGED, id="a device's code"),
        pytest.param(change(f"projects/{TWIN}/README.md"), None, id="a file that is none of the project's"),
        pytest.param(change(f"projects/{TWIN}/processors/press/__pycache__/a.pyc"), None, id="a cache"),
        pytest.param(change("projects/config.json"), None, id="no project's folder"),
        pytest.param(change("projects/a b/config.json"), None, id="no project's name"),
        pytest.param(change(f"drafts/{TWIN}/config.json"), None, id="a draft"),
        pytest.param(redeploy({"project": TWIN, "adopt": True}), ASKED, id="a request"),
        pytest.param(
            redeploy({"project": TWIN, "adopt": True, "installation": "gluecode"}), ASKED, id="one for an installation"
        ),
        pytest.param(redeploy("plant"), Requested("", '"plant"', ASKED.event), id="no object"),
        pytest.param(
            redeploy({"project": 7}), Requested("", '{"project": 7, "report": true}', ASKED.event), id="no name"
        ),
    ],
)
def test_a_message_tells_what_it_asks_for(message: str, asks: Requested | None) -> None:
    assert requested(message) == asks


Batch = Callable[..., dict[str, Any]]


@pytest.fixture
def batch(installed: Account) -> Batch:
    """Sends messages to the queue and receives them: an event as Lambda hands it to the function."""
    sqs = installed.client("sqs")
    queue = sqs.get_queue_url(QueueName="gluecode-requests")["QueueUrl"]

    def made(*bodies: str) -> dict[str, Any]:
        for body in bodies:
            sqs.send_message(QueueUrl=queue, MessageBody=body)
        found = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, AttributeNames=["All"])["Messages"]
        return {
            "Records": [
                {
                    "messageId": message["MessageId"],
                    "receiptHandle": message["ReceiptHandle"],
                    "body": message["Body"],
                    "attributes": message["Attributes"],
                }
                for message in found
            ]
        }

    return made


class Context:
    """What Lambda says of the time that is left. `look` is how many seconds pass from one question to the next."""

    def __init__(self, look: float = 0) -> None:
        self._left, self._look = 110.0 + look, look

    def get_remaining_time_in_millis(self) -> int:
        self._left -= self._look
        return int(1000 * self._left)


def ids(event: dict[str, Any], *bodies: str) -> list[str]:
    """The ids of the records with these bodies."""
    return [record["messageId"] for record in event["Records"] if record["body"] in bodies]


def kept(answer: dict[str, Any]) -> list[str]:
    """The ids that the function has reported: what Lambda leaves in the queue."""
    return [each["itemIdentifier"] for each in answer["batchItemFailures"]]


def undelivered(account: Account) -> list[tuple[str, str]]:
    """What the queue of undelivered events got: bodies, and why."""
    queue = account.client("sqs").get_queue_url(QueueName="gluecode-undelivered")["QueueUrl"]
    found = account.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
    attributes = [(each["Body"], each["MessageAttributes"]) for each in found.get("Messages", [])]
    return [(body, given["ERROR_MESSAGE"]["StringValue"]) for body, given in attributes]


def test_of_eight_files_in_a_batch_one_message_is_kept(installed: Account, batch: Batch) -> None:
    installed.upload(project())
    changes = [change(f"projects/{TWIN}/{path}") for path in project()]
    event = batch(*changes, change(f"projects/{TWIN}/README.md"))

    answer = start_deployment.handler(event, Context())

    assert len(kept(answer)) == 1
    assert set(kept(answer)) <= set(ids(event, *changes))
    assert undelivered(installed) == []


def test_of_the_messages_of_a_request_the_newest_is_kept(installed: Account, batch: Batch) -> None:
    installed.upload(project())
    event = batch(*[change(f"projects/{TWIN}/config.json")] * 3)
    for record, sent in zip(event["Records"], (2, 3, 1), strict=True):
        record["attributes"]["SentTimestamp"] = str(int(record["attributes"]["SentTimestamp"]) + 1000 * sent)

    answer = start_deployment.handler(event, Context())

    assert kept(answer) == [event["Records"][1]["messageId"]]


def test_what_waits_is_hidden_for_the_quiet_time_and_nothing_is_sent_again(installed: Account, batch: Batch) -> None:
    installed.upload(project())
    sent: list[Any] = []
    events = aws.client("sqs").meta.events
    events.register("provide-client-params.sqs", lambda params, model, **_: sent.append((model.name, params)))
    event = batch(change(f"projects/{TWIN}/config.json"))
    sent.clear()

    start_deployment.handler(event, Context())

    events.unregister("provide-client-params.sqs")
    [(operation, given)] = sent
    assert operation == "ChangeMessageVisibilityBatch"
    assert [entry["VisibilityTimeout"] for entry in given["Entries"]] == [QUIET]


def test_what_goes_wrong_is_tried_again_and_holds_nothing_up(
    installed: Account, batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUIET_SECONDS", "-5")
    installed.upload(project())
    installed.client("stepfunctions").delete_state_machine(stateMachineArn=MACHINE)
    fails, gone = change(f"projects/{TWIN}/config.json"), change("projects/gone/config.json")
    event = batch(fails, "no JSON", "{}", gone)

    answer = start_deployment.handler(event, Context())

    why = "It is not a message that one of the rules sends."
    assert kept(answer) == ids(event, fails)
    assert sorted(undelivered(installed)) == [("no JSON", why), ("{}", why)]


def test_what_cannot_be_given_up_stays_in_its_queue(
    installed: Account, batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNDELIVERED_QUEUE", f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/nowhere")
    event = batch("no JSON")

    answer = start_deployment.handler(event, Context())

    assert kept(answer) == ids(event, "no JSON")


def test_ten_projects_whose_looks_are_slow_take_two_rounds_within_the_time_and_none_is_looked_at_twice(
    installed: Account, batch: Batch, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("QUIET_SECONDS", "-5")
    names = [f"plant-{number}" for number in range(10)]
    for name in names:
        installed.upload(project(), prefix=f"projects/{name}/")
    event = batch(*(change(f"projects/{name}/config.json") for name in names))

    start_deployment.handler(event, Context(look=12))
    begun = [json.loads(line)["name"] for line in capsys.readouterr().out.splitlines()]
    rest = [record for record in event["Records"] if record["body"].split("/")[1] not in begun]
    start_deployment.handler({"Records": rest}, Context(look=12))

    assert len(begun) * 12 < 110
    assert sorted(name.rpartition("-")[0] for name, _ in executions(installed)) == sorted(names)


def test_the_journal_tells_what_was_decided_and_why(
    installed: Account, batch: Batch, capsys: pytest.CaptureFixture[str]
) -> None:
    installed.upload(project())

    start_deployment.handler(batch(change(f"projects/{TWIN}/config.json")), Context())

    line = json.loads(capsys.readouterr().out)
    assert (line["step"], line["name"], line["outcome"]) == ("deployment", TWIN, "unchanged")
    assert line["why"] == "The project is still changing."
