"""After a full run with tokens set, no token is anywhere but in Secrets Manager, and on the other clouds."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from lambda_functions.shared.tokens import fetch_secret
from orchestrator.cli import main
from orchestrator.local.remote_client import envelope
from orchestrator.local.remote_cloud import RemoteCloud
from tests.e2e import secret_search
from tests.local.functions import deploy, eventually, run_machine
from tests.loss import ledger
from tests.loss.world import World, world

IN_THE_FILE, IN_THE_NEXT_FILE = "the-token-in-the-project-file", "the-token-in-the-next-project-file"
OUT, BACK = "secret-out", "secret-in"  # one twin in the middle of whose way is Azure, one at whose ends it is
SENDING = {OUT: "aws_l1_to_azure_l2", BACK: "aws_l2_to_azure_l3"}
RECEIVING = {OUT: "azure_l2_to_aws_l3", BACK: "azure_l1_to_aws_l2"}


@dataclass(frozen=True)
class Search:
    """Where it was looked for the tokens, and where they are."""

    places: set[str]
    hits: list[str]


@dataclass
class Run:
    """What is left of a full run: the account, every token there was, and everything that was printed."""

    world: World
    azure: RemoteCloud
    tokens: set[str] = field(default_factory=lambda: {IN_THE_FILE, IN_THE_NEXT_FILE})
    printed: str = ""
    search: Search = field(default_factory=lambda: Search(set(), []))

    def gluecode(self, *arguments: str, code: int = 0) -> None:
        """Run a command, as a person does."""
        told = io.StringIO()
        with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
            ended = main([*arguments, "--local"])
        self.printed += told.getvalue()
        assert ended == code, told.getvalue()

    def learn_tokens(self) -> None:
        """Note what Secrets Manager holds now."""
        client = self.world.aws.client("secretsmanager")
        for secret in client.list_secrets()["SecretList"]:
            self.tokens |= set(fetch_secret(client, secret["Name"], ("AWSCURRENT", "AWSPREVIOUS", "AWSPENDING")))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Both twins deployed, used, refused, replayed, rotated and deployed again."""
    with (
        world(tmp_path_factory.mktemp("secrets")) as there,
        RemoteCloud("azure", IN_THE_FILE, IN_THE_NEXT_FILE, retry_seconds=0.05) as azure,
        pytest.MonkeyPatch.context() as environment,
    ):
        environment.setenv("GLUECODE_HOME", str(there.running.log_file.parent))
        made = Run(there, azure)
        for twin in (OUT, BACK):
            _live(made, twin)
        made.search = _searched(made)
        yield made


def _searched(run: Run) -> Search:
    seen: set[str] = set()

    def noted() -> Iterator[secret_search.Place]:
        for where, content in secret_search.everywhere(run.world.aws):
            seen.add(where)
            yield where, content

    return Search(seen, secret_search.found(run.tokens, noted()))


def _live(run: Run, twin: str) -> None:
    """Take a twin through everything that touches a token."""
    folder = str(_project(run, twin, IN_THE_FILE))
    run.gluecode("plan", folder)
    run.gluecode("deploy", folder)
    run.learn_tokens()
    _use(run, twin)
    _fail(run, twin)
    for connection in (SENDING[twin], RECEIVING[twin]):
        run.gluecode("rotate-token", twin, connection, "--yes")
        run.learn_tokens()
        run.gluecode("rotate-token", twin, connection, "--finish", "--yes", "--json")
        run.learn_tokens()
    folder = str(_project(run, twin, IN_THE_NEXT_FILE))
    run.gluecode("plan", folder)
    run.gluecode("deploy", folder)
    run.azure.accept(*run.tokens)
    run.gluecode("replay", twin)
    _use(run, twin)
    run.gluecode("inspect", twin)
    run.gluecode("logs", twin, "--level", "DEBUG")


def _project(run: Run, twin: str, token: str) -> Path:
    if twin == OUT:
        layers, url = ("aws", "azure", "aws"), run.azure.ingestion_url
    else:
        layers, url = ("azure", "aws", "azure"), run.azure.writer_url
    connections = {SENDING[twin]: {"url": url, "token": token}, RECEIVING[twin]: {}}
    return run.world.write_project(twin, layers, connections)


def _use(run: Run, twin: str) -> None:
    """Send an event all the way, and show what the other cloud's wrong tokens are told."""
    token = run.world.token(twin, RECEIVING[twin])
    client = run.world.aws.client("lambda")
    receiver = f"{twin}-{'writer' if twin == OUT else 'ingestion'}"
    url = client.get_function_url_config(FunctionName=receiver)["FunctionUrl"]
    assert run.azure.send(url, f"not-{token}", envelope("azure", "L3" if twin == OUT else "L2", {})).status == 403
    if twin == OUT:
        run.azure.forward_to(url, token)
        run.gluecode("send", twin, json.dumps(ledger.event(1)), "--wait")
    else:
        before = len(run.azure.received)
        assert run.azure.send(url, token, envelope("azure", "L2", ledger.event(1))).accepted
        eventually(lambda: len(run.azure.received) > before or None, seconds=60)


def _fail(run: Run, twin: str) -> None:
    """Have an event refused by the other cloud, so that it ends in the failure queue."""
    run.azure.accept("another-token")
    if twin == OUT:
        run.gluecode("send", twin, json.dumps(ledger.event(2)))
    else:
        url = run.world.aws.client("lambda").get_function_url_config(FunctionName=f"{twin}-ingestion")["FunctionUrl"]
        run.azure.send(url, run.world.token(twin, RECEIVING[twin]), envelope("azure", "L2", ledger.event(2)))
    eventually(lambda: len(ledger.queued(run.world.aws, twin)) == 1 or None, seconds=60)
    run.gluecode("replay", twin, "--dry-run", "--json")


def test_no_token_is_in_the_account_but_in_secrets_manager(run: Run) -> None:
    assert run.search.hits == []
    assert len(run.tokens) == 8  # two in files, and for each twin one generated and two that were rotated in


def test_the_search_went_over_everything_there_is(run: Run) -> None:
    kinds = {where.split()[0] for where in run.search.places}
    uploaded = {f"object projects/{twin}/config_inter_cloud.json" for twin in (OUT, BACK)}
    grouped = {f"log group {name}" for name in (f"/gluecode/{OUT}", f"/gluecode/{BACK}", "/gluecode/steps")}

    assert kinds == {"function", "log", "machine", "execution", "history", "object", "table", "stack"}
    assert uploaded | grouped <= run.search.places


def test_no_token_is_printed_unasked(run: Run) -> None:
    assert secret_search.found(run.tokens, [("standard output and error", run.printed.encode())]) == []
    assert "rotate-token" in run.printed


def test_the_tokens_are_where_they_belong(run: Run) -> None:
    client = run.world.aws.client("secretsmanager")
    names = {secret["Name"] for secret in client.list_secrets()["SecretList"]}

    assert names == {f"{twin}/{connection[twin]}" for twin in (OUT, BACK) for connection in (SENDING, RECEIVING)}
    assert {run.world.token(twin, SENDING[twin]) for twin in (OUT, BACK)} == {IN_THE_NEXT_FILE}


PLANTED = "a-secret-planted-for-the-search"


def _in_a_function(aws: Any) -> list[str]:
    name = deploy(aws.client, "handler = None", Environment={"Variables": {"LEAK": PLANTED}})
    return [f"function {name}"]


def _in_a_log(aws: Any) -> list[str]:
    group = {"logGroupName": "/leak"}
    aws.client("logs").create_log_group(**group)
    aws.client("logs").create_log_stream(**group, logStreamName="leak")
    event = {"timestamp": 1_800_000_000_000, "message": f"it is {PLANTED}!"}
    aws.client("logs").put_log_events(**group, logStreamName="leak", logEvents=[event])
    return ["log group /leak"]


def _in_an_execution(aws: Any) -> list[str]:
    definition = {"StartAt": "Done", "States": {"Done": {"Type": "Pass", "End": True}}}
    machine = run_machine(aws.client, definition, {"leak": PLANTED})["stateMachineArn"].rpartition(":")[2]
    return [f"execution of {machine}", f"history of {machine}"]


def _in_objects(aws: Any) -> list[str]:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("leak.json", PLANTED * 20)
    encoded = {f"leak.{n}": base64.b64encode(f"{'x' * n}{PLANTED} and more".encode()) for n in range(3)}
    bucket = aws.client("s3").list_buckets()["Buckets"][0]["Name"]
    for key, content in {"leak": f"it is {PLANTED}!".encode(), "leak.zip": packed.getvalue(), **encoded}.items():
        aws.client("s3").put_object(Bucket=bucket, Key=key, Body=content)
    return ["object leak", *(f"object {key}" for key in encoded), "object leak.zip!leak.json"]


def _in_a_table(aws: Any) -> list[str]:
    aws.client("dynamodb").create_table(
        TableName="leak",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    aws.client("dynamodb").put_item(TableName="leak", Item={"id": {"S": PLANTED}})
    return ["table leak"]


def _in_a_queue(aws: Any) -> list[str]:
    url = aws.client("sqs").create_queue(QueueName="leak")["QueueUrl"]
    aws.client("sqs").send_message(QueueUrl=url, MessageBody=json.dumps({"leak": PLANTED}))
    return ["queue leak"]


@pytest.mark.parametrize(
    ("plant", "places"),
    [
        (_in_a_function, secret_search.functions),
        (_in_a_log, secret_search.logs),
        (_in_an_execution, secret_search.executions),
        (_in_objects, secret_search.objects),
        (_in_a_table, secret_search.tables),
        (_in_a_queue, secret_search.messages),
    ],
)
def test_the_search_finds_what_is_there_to_be_found(
    run: Run, plant: Callable[[Any], list[str]], places: Callable[[Any], Iterator[secret_search.Place]]
) -> None:
    planted = plant(run.world.aws)

    found = secret_search.found([PLANTED], places(run.world.aws))

    assert sorted(set(found)) == sorted(planted)
