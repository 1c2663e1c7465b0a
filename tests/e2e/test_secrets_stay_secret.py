"""After a full run with tokens set, no token is anywhere but in Secrets Manager, and on the other clouds."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from lambda_functions.aws.cloud import fetch_secret
from orchestrator.cli import main
from orchestrator.local.remote_client import envelope
from orchestrator.local.remote_cloud import RemoteCloud
from orchestrator.operations.rotation import NEW_WORKS_SECONDS
from tests.e2e import secret_search
from tests.e2e.secret_search import Place
from tests.local.functions import deploy, eventually, run_machine
from tests.loss import ledger
from tests.loss.world import Layers, World, world

pytestmark = pytest.mark.timeout(600)  # the first one waits for five executions and all that is done between them

TWIN = "secretive"
IN_THE_FILE, IN_THE_NEXT_FILE = "the-token-in-the-project-file", "the-token-in-the-next-project-file"
OVER_AZURE: Layers = ("aws", "azure", "aws")
FROM_AND_TO_AZURE: Layers = ("azure", "aws", "azure")


@dataclass
class Run:
    """A full run: every token there was, everything that was printed, where it was looked for, where tokens are."""

    world: World
    azure: RemoteCloud
    tokens: set[str] = field(default_factory=lambda: {IN_THE_FILE, IN_THE_NEXT_FILE})
    printed: str = ""
    places: set[str] = field(default_factory=set)
    hits: list[str] = field(default_factory=list)

    def gluecode(self, *arguments: str) -> None:
        """Run a command, as a person does."""
        told = io.StringIO()
        with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
            code = main([*arguments, "--local"])
        self.printed += told.getvalue()
        assert code == 0, told.getvalue()

    def learn_tokens(self) -> None:
        """Note what Secrets Manager holds now."""
        client = self.world.aws.client("secretsmanager")
        for secret in client.list_secrets()["SecretList"]:
            self.tokens |= set(fetch_secret(client, secret["Name"], ("AWSCURRENT", "AWSPREVIOUS", "AWSPENDING")))

    def look(self, places: Iterable[Place]) -> None:
        """Look for every token in these places."""

        def noted() -> Iterator[Place]:
            for where, content in places:
                self.places.add(where)
                yield where, content

        self.hits += secret_search.found(self.tokens, noted())


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """A twin deployed, used, refused, rotated, replayed, and deployed under another mapping to go through it again."""
    with (
        world(tmp_path_factory.mktemp("secrets")) as there,
        RemoteCloud("azure", retry_seconds=0.05) as azure,
        pytest.MonkeyPatch.context() as environment,
    ):
        environment.setenv("GLUECODE_HOME", str(there.running.log_file.parent))
        made = Run(there, azure)
        _live(made, OVER_AZURE, "aws_l1_to_azure_l2", "azure_l2_to_aws_l3", IN_THE_FILE)
        made.look(secret_search.functions(there.aws))
        _live(made, FROM_AND_TO_AZURE, "aws_l2_to_azure_l3", "azure_l1_to_aws_l2", IN_THE_NEXT_FILE)
        made.gluecode("inspect", TWIN)
        made.gluecode("logs", TWIN, "--level", "DEBUG")
        made.look(secret_search.everywhere(there.aws))
        yield made


def _live(run: Run, layers: Layers, sending: str, receiving: str, token: str) -> None:
    """Take the twin through everything that touches a token."""
    url = run.azure.ingestion_url if layers == OVER_AZURE else run.azure.writer_url
    folder = str(run.world.write_project(TWIN, layers, {sending: {"url": url, "token": token}, receiving: {}}))
    run.gluecode("plan", folder)
    run.gluecode("deploy", folder)
    run.learn_tokens()
    run.azure.accept(token)
    _use(run, layers, receiving)
    run.azure.accept("another-token")
    _have_one_refused(run, layers, receiving)
    for connection in (sending, receiving):
        run.gluecode("rotate-token", TWIN, connection, "--yes")
        run.learn_tokens()
        run.gluecode("rotate-token", TWIN, connection, "--finish", "--yes", "--json")
    run.azure.accept(*run.tokens)
    time.sleep(NEW_WORKS_SECONDS)  # "From … on every function accepts it": a wrong token was tried just before
    run.gluecode("replay", TWIN)
    _use(run, layers, receiving)


def _use(run: Run, layers: Layers, receiving: str) -> None:
    """Send an event all the way, and another one with a wrong token."""
    url, token, before = _url(run, layers), run.world.token(TWIN, receiving), len(run.azure.received)
    wrong = run.azure.send(url, f"not-{token}", envelope("azure", "L2", {}))
    assert wrong.status == 403
    if layers == OVER_AZURE:
        run.azure.forward_to(url, token)
        run.gluecode("send", TWIN, json.dumps(ledger.event(1)), "--wait")
    else:
        assert run.azure.send(url, token, envelope("azure", "L2", ledger.event(1))).accepted
        eventually(lambda: len(run.azure.received) > before or None, seconds=60)


def _have_one_refused(run: Run, layers: Layers, receiving: str) -> None:
    """Send an event that the other cloud refuses, so that it ends in the failure queue; look at it there."""
    if layers == OVER_AZURE:
        run.gluecode("send", TWIN, json.dumps(ledger.event(2)))
    else:
        token = run.world.token(TWIN, receiving)
        assert run.azure.send(_url(run, layers), token, envelope("azure", "L2", ledger.event(2))).accepted
    eventually(lambda: ledger.queued(run.world.aws, TWIN) or None, seconds=60)
    run.look(secret_search.messages(run.world.aws))
    run.gluecode("replay", TWIN, "--dry-run", "--json")


def _url(run: Run, layers: Layers) -> str:
    receiver = "writer" if layers == OVER_AZURE else "ingestion"
    found = run.world.aws.client("lambda").get_function_url_config(FunctionName=f"{TWIN}-{receiver}")
    return str(found["FunctionUrl"])


def test_no_token_is_in_the_account_but_in_secrets_manager(run: Run) -> None:
    assert run.hits == []
    assert len(run.tokens) == 8  # two in files; under each mapping one that was generated and two rotated in


def test_the_search_went_over_everything_there_is(run: Run) -> None:
    kinds = {where.split()[0] for where in run.places}
    named = {f"object projects/{TWIN}/config_inter_cloud.json", f"queue {TWIN}-failures"}
    named |= {f"log group {name}" for name in (f"/gluecode/{TWIN}", "/gluecode/steps")}
    named |= {f"function {TWIN}-{name}" for name in ("connector", "writer", "ingestion", "persister")}

    assert kinds == {"function", "log", "machine", "execution", "history", "object", "table", "queue", "stack"}
    assert named <= run.places


def test_no_token_is_printed_unasked(run: Run) -> None:
    assert secret_search.found(run.tokens, [("standard output and error", run.printed.encode())]) == []
    assert "AWS sends the new token of aws_l2_to_azure_l3." in run.printed


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
    run: Run, plant: Callable[[Any], list[str]], places: Callable[[Any], Iterator[Place]]
) -> None:
    planted = plant(run.world.aws)

    found = secret_search.found([PLANTED], places(run.world.aws))

    assert sorted(set(found)) == sorted(planted)
