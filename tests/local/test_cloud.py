"""The embedded cloud as a background process: started once, found by proof, stopped without a trace."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from orchestrator.local import cloud, processes
from orchestrator.local.cloud import Cloud
from orchestrator.local.server import IDENTITY_PATH, Settings, listen
from tests.local import listeners
from tests.local.functions import deploy, eventually, zipped


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home of its own, in a folder whose path has a space. Whatever runs there ends with the test."""
    folder = tmp_path / "my home"
    yield folder
    cloud.down(folder)


def clients_of(running: Cloud) -> Callable[[str], Any]:
    """boto3 clients that know of the cloud only what its exports say."""
    said = cloud.exports(running)
    session = boto3.Session(
        said["AWS_ACCESS_KEY_ID"], said["AWS_SECRET_ACCESS_KEY"], region_name=said["AWS_DEFAULT_REGION"]
    )
    return lambda service: session.client(service, endpoint_url=said["AWS_ENDPOINT_URL"])  # type: ignore[call-overload]  # data


def has_ended(pid: int) -> Callable[[], bool | None]:
    """A question for `eventually`: is that process gone (or only waiting for its parent to notice)?"""

    def ask() -> bool | None:
        try:
            waited, _ = os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            waited = 0
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        return True if waited else None

    return ask


def test_a_started_cloud_answers_as_its_exports_say(home: Path) -> None:
    running = cloud.up(home)

    identity = clients_of(running)("sts").get_caller_identity()

    assert (identity["Account"], running.account, running.region) == ("000000000000", "000000000000", "us-east-1")
    assert cloud.find(home) == running


def test_starting_it_again_gives_the_one_that_runs(home: Path) -> None:
    first = cloud.up(home)

    assert cloud.up(home, Settings(region="eu-central-1")) == first


def test_two_starts_at_once_give_one_cloud(home: Path) -> None:
    program = (
        "import sys, pathlib; from orchestrator.local import cloud; print(cloud.up(pathlib.Path(sys.argv[1])).pid)"
    )

    def start(_: int) -> str:
        command = [sys.executable, "-c", program, str(home)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    with ThreadPoolExecutor(3) as pool:
        pids = set(pool.map(start, range(3)))

    running = cloud.find(home)
    assert running
    assert pids == {f"{running.pid}\n"}
    assert processes.marked(running.nonce) == [running.pid]


def test_it_stops_with_its_workers_and_leaves_only_its_log(home: Path) -> None:
    running = cloud.up(home)
    clients = clients_of(running)
    function = deploy(clients, "import time\ndef handler(event, context):\n    time.sleep(60)\n", Timeout=90)
    clients("lambda").invoke(FunctionName=function, InvocationType="Event")
    eventually(lambda: processes.marked(running.nonce)[1:] or None)

    stopped = cloud.down(home)

    assert stopped
    assert processes.marked(running.nonce) == []
    assert sorted(path.name for path in home.iterdir()) == ["cloud.lock", "cloud.log"]
    assert cloud.find(home) is None


def test_stopping_what_does_not_run_is_no_error(home: Path) -> None:
    assert not cloud.down(home)

    cloud.up(home)

    assert cloud.down(home)
    assert not cloud.down(home)


def test_what_was_in_it_is_gone_after_a_stop(home: Path) -> None:
    clients_of(cloud.up(home))("s3").create_bucket(Bucket="artifacts")
    cloud.down(home)

    assert clients_of(cloud.up(home))("s3").list_buckets()["Buckets"] == []


def test_it_and_its_workers_listen_on_one_loopback_port_and_nowhere_else(home: Path) -> None:
    running = cloud.up(home)
    clients = clients_of(running)
    deploy(clients, "def handler(event, context):\n    return 1\n")
    for service in ("lambda", "iot", "stepfunctions", "s3", "sqs", "dynamodb", "events", "logs"):
        clients(service)
    function = deploy(clients, "def handler(event, context):\n    return 1\n")
    clients("lambda").invoke(FunctionName=function)
    clients("iot").list_topic_rules()

    members = processes.marked(running.nonce)

    assert len(members) == 2
    assert listeners.addresses(members) == {running.endpoint.removeprefix("http://")}


def test_the_state_is_for_its_owner_alone(home: Path) -> None:
    cloud.up(home)

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in [home, *home.glob("cloud.[jl]*")]}

    assert modes == {"my home": 0o700, "cloud.json": 0o600, "cloud.log": 0o600, "cloud.lock": 0o600}


def test_a_killed_server_is_recognised_and_replaced(home: Path) -> None:
    first = cloud.up(home)
    os.kill(first.pid, signal.SIGKILL)
    eventually(has_ended(first.pid))

    assert cloud.find(home) is None
    second = cloud.up(home)

    assert second.nonce != first.nonce
    assert [path.name for path in home.glob("cloud-*")] == [f"cloud-{second.nonce}"]


def test_the_workers_of_a_killed_server_are_ended_with_the_next_start(home: Path) -> None:
    first = cloud.up(home)
    clients = clients_of(first)
    source = "def handler(event, context):\n    while True:\n        pass\n"
    clients("lambda").invoke(FunctionName=deploy(clients, source, Timeout=90), InvocationType="Event")
    eventually(lambda: processes.marked(first.nonce)[1:] or None)
    os.kill(first.pid, signal.SIGKILL)
    eventually(has_ended(first.pid))

    cloud.up(home)

    assert processes.marked(first.nonce) == []


def test_a_hanging_server_is_replaced(home: Path) -> None:
    first = cloud.up(home)
    os.kill(first.pid, signal.SIGSTOP)

    second = cloud.up(home)

    assert second.pid != first.pid
    assert processes.marked(first.nonce) == []


def test_somebody_elses_server_on_the_port_is_not_taken_for_ours(home: Path) -> None:
    first = cloud.up(home)
    state = home / "cloud.json"
    remembered = state.read_text()
    cloud.down(home)

    with somebody_else() as stranger:
        state.write_text(remembered.replace(first.endpoint, stranger))
        found = cloud.find(home)
        second = cloud.up(home)

        assert found is None
        assert second.endpoint != stranger
        assert answers(stranger)


def test_another_cloud_of_ours_on_the_port_is_not_taken_for_this_one(home: Path, tmp_path: Path) -> None:
    other_home = tmp_path / "other"
    other = cloud.up(other_home)
    try:
        home.mkdir()
        state = json.loads((other_home / "cloud.json").read_text())
        (home / "cloud.json").write_text(json.dumps({**state, "nonce": "0" * 32}))

        found = cloud.find(home)
        cloud.down(home)

        assert found is None
        assert cloud.find(other_home) == other
    finally:
        cloud.down(other_home)


@pytest.mark.parametrize(
    "state",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"endpoint": 1, "nonce": 2}',
        '{"nonce": "", "endpoint": ""}',
        '{"endpoint": "h:x", "nonce": ""}',
    ],
)
def test_a_state_that_cannot_be_read_is_no_cloud(home: Path, state: str) -> None:
    home.mkdir()
    (home / "cloud.json").write_text(state)

    assert cloud.find(home) is None
    assert not cloud.down(home)


def test_a_wanted_port_is_used(home: Path) -> None:
    with listen(0) as free:
        port = free.getsockname()[1]

    assert cloud.up(home, Settings(port=port)).endpoint == f"http://127.0.0.1:{port}"


def test_a_wanted_port_that_is_taken_is_told_with_a_way_out(home: Path) -> None:
    with listen(0) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(cloud.PortTaken, match=f"Port {port} on 127.0.0.1 is in use") as refusal:
            cloud.up(home, Settings(port=port))

    assert "Leave the port out" in refusal.value.remedy
    assert cloud.find(home) is None


def test_a_server_that_cannot_start_is_told_with_the_end_of_its_log(home: Path) -> None:
    with pytest.raises(cloud.DidNotStart, match="max_workers must be greater than 0") as failure:
        cloud.up(home, Settings(async_workers=0))

    assert str(home / "cloud.log") in failure.value.remedy
    assert cloud.find(home) is None


def test_region_and_account_are_as_asked(home: Path) -> None:
    running = cloud.up(home, Settings(region="eu-central-1", account="123456789012"))

    arn = clients_of(running)("stepfunctions").create_state_machine(
        name="m", definition='{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}', roleArn="arn:aws:iam::1:role/any"
    )["stateMachineArn"]

    assert arn == "arn:aws:states:eu-central-1:123456789012:stateMachine:m"


def test_with_iam_enforced_a_function_may_do_what_its_role_allows_and_no_more(home: Path) -> None:
    running = cloud.up(home, Settings(enforce_iam=True))
    clients = clients_of(running)
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:ListQueues", "Resource": "*"}]}
    trust = {"Version": "2012-10-17", "Statement": []}
    role = clients("iam").create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    clients("iam").put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=json.dumps(policy))
    source = """
import boto3

def handler(event, context):
    boto3.client("sqs").list_queues()
    boto3.client("dynamodb").list_tables()
"""
    function = deploy(clients, source, Role=role)

    answer = json.loads(clients("lambda").invoke(FunctionName=function)["Payload"].read())

    assert running.enforces_iam
    assert answer["errorType"] == "ClientError"
    assert "AccessDeniedException" in answer["errorMessage"]
    assert "dynamodb:ListTables" in answer["errorMessage"]
    assert "Denied: dynamodb:ListTables on * to arn:aws:" in running.log_file.read_text()


def test_with_iam_enforced_a_batch_of_sqs_needs_the_right_to_the_single_call(home: Path) -> None:
    clients = clients_of(cloud.up(home, Settings(enforce_iam=True)))
    queue = clients("sqs").create_queue(QueueName="q")["QueueUrl"]
    as_somebody = clients_as_user(clients, [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}])

    sent = as_somebody("sqs").send_message_batch(QueueUrl=queue, Entries=[{"Id": "1", "MessageBody": "m"}])

    assert [each["Id"] for each in sent["Successful"]] == ["1"]
    with pytest.raises(ClientError, match="perform: sqs:ChangeMessageVisibility because"):
        as_somebody("sqs").change_message_visibility_batch(
            QueueUrl=queue, Entries=[{"Id": "1", "ReceiptHandle": "r", "VisibilityTimeout": 1}]
        )


def test_with_iam_enforced_a_policy_scoped_to_a_name_allows_creating_it(home: Path) -> None:
    clients = clients_of(cloud.up(home, Settings(enforce_iam=True)))
    clients("iam").create_role(RoleName="any", AssumeRolePolicyDocument='{"Version": "2012-10-17", "Statement": []}')
    statements = [
        ("lambda:CreateFunction", "arn:aws:lambda:*:*:function:twin-*"),
        ("events:PutRule", "arn:aws:events:*:*:rule/twin-*"),
    ]
    as_somebody = clients_as_user(clients, [{"Effect": "Allow", "Action": a, "Resource": r} for a, r in statements])

    created = as_somebody("lambda").create_function(**function_named("twin-writer"))
    rule = as_somebody("events").put_rule(Name="twin-rule", ScheduleExpression="rate(1 day)")

    assert created["FunctionName"] == "twin-writer"
    assert rule["RuleArn"].endswith(":rule/twin-rule")
    with pytest.raises(ClientError, match="AccessDenied"):
        as_somebody("lambda").create_function(**function_named("other-writer"))
    with pytest.raises(ClientError, match="AccessDenied"):
        as_somebody("events").put_rule(Name="other-rule", ScheduleExpression="rate(1 day)")


def test_the_server_runs_in_the_foreground_as_a_command(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "orchestrator.local.server"]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": str(tmp_path)})
    try:
        assert server.stderr
        endpoint = server.stderr.readline().split()[-1]

        assert endpoint.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(endpoint + IDENTITY_PATH) as identity:
            assert json.loads(identity.read())["pid"] == server.pid
    finally:
        server.terminate()
        server.communicate()
    assert server.returncode == 0
    assert list(tmp_path.iterdir()) == []


def clients_as_user(clients: Callable[[str], Any], statements: list[dict[str, str]]) -> Callable[[str], Any]:
    """Clients of a new user who may do what the statements say."""
    iam = clients("iam")
    iam.create_user(UserName="somebody")
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_user_policy(UserName="somebody", PolicyName="p", PolicyDocument=policy)
    key = iam.create_access_key(UserName="somebody")["AccessKey"]
    session = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name=iam.meta.region_name)
    return lambda service: session.client(service, endpoint_url=iam.meta.endpoint_url)  # type: ignore[call-overload]  # data


def function_named(name: str) -> dict[str, Any]:
    """What CreateFunction takes."""
    code = {"ZipFile": zipped({"app.py": ""})}
    role = "arn:aws:iam::000000000000:role/any"
    return {"FunctionName": name, "Runtime": "python3.13", "Role": role, "Handler": "app.handler", "Code": code}


class somebody_else:  # noqa: N801  # reads as a phrase: `with somebody_else() as stranger`
    """A web server that answers everything with 200 and a page. Entering gives its URL."""

    def __enter__(self) -> str:
        class Page(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b'{"nonce": "mine", "pid": 1, "version": "1"}')

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = HTTPServer(("127.0.0.1", 0), Page)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        return f"http://127.0.0.1:{self._server.server_port}"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def answers(endpoint: str) -> bool:
    """Whether anything accepts connections there."""
    host, _, port = endpoint.removeprefix("http://").partition(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        return False
    return True
