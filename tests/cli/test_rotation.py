"""A token is rotated so that the receiver knows the new one before anybody sends it, and nobody is told it unasked."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from deploy_steps.errors import ForeignResource
from deploy_steps.kinds.secret import put
from lambda_functions.aws.cloud import fetch_secret
from orchestrator.cli import main
from orchestrator.core.errors import GluecodeError, UsageError
from orchestrator.core.names import Installation
from orchestrator.core.specs import Owner, SecretSpec
from orchestrator.operations import rotation
from orchestrator.operations.session import Aws

OLD = "the-token-before"
RECEIVES, SENDS = "azure_l2_to_aws_l3", "aws_l1_to_azure_l2"
HERE = Installation("gluecode", "aws", "eu-central-1", "123456789012")
RECORD = {"connections": [SENDS, RECEIVES]}

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def twin(aws: Aws, installation: Installation) -> str:
    """A twin as its deployment leaves it: a record, and a secret for each of two connections."""
    aws.client("dynamodb").create_table(
        TableName=installation.state_table,
        KeySchema=[{"AttributeName": "twin", "KeyType": "HASH"}, {"AttributeName": "item", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("twin", "item")],
        BillingMode="PAY_PER_REQUEST",
    )
    connections = {"L": [{"S": connection} for connection in RECORD["connections"]]}
    aws.client("dynamodb").put_item(
        TableName=installation.state_table,
        Item={"twin": {"S": "plant"}, "item": {"S": "record"}, "connections": connections},
    )
    for connection in RECORD["connections"]:
        put(aws.client("secretsmanager"), SecretSpec(f"plant/{connection}", Owner("plant")), OLD)
    return "plant"


@pytest.fixture
def run(
    aws: Aws, installation: Installation, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Run:
    """Runs `gluecode rotate-token plant …`: the exit code, standard output, standard error."""
    monkeypatch.setenv("GLUECODE_PREFIX", installation.prefix)
    assert aws.account == installation.account

    def run(*arguments: str, stdin: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        code = main(["rotate-token", "plant", *arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def _stages(aws: Aws, connection: str) -> dict[str, str]:
    """The secret's value at each stage that it has."""
    client, stages = aws.client("secretsmanager"), ("AWSCURRENT", "AWSPREVIOUS", "AWSPENDING")
    found = {stage: fetch_secret(client, f"plant/{connection}", (stage,)) for stage in stages}
    return {stage: values[0] for stage, values in found.items() if values}


def test_a_receiver_accepts_both_tokens_until_the_rotation_is_finished(aws: Aws, twin: str, run: Run) -> None:
    code, out, _ = run(RECEIVES, "--yes", "--show-token", "--json")
    new = json.loads(out)["token"]
    assert (code, json.loads(out)["state"]) == (0, "both accepted")
    assert _stages(aws, RECEIVES) == {"AWSCURRENT": new, "AWSPREVIOUS": OLD}

    code, out, _ = run(RECEIVES, "--finish", "--yes", "--json")

    assert (code, json.loads(out)["state"]) == (0, "finished")
    assert _stages(aws, RECEIVES) == {"AWSCURRENT": new}


def test_a_sender_sends_the_old_token_until_the_rotation_is_finished(aws: Aws, twin: str, run: Run) -> None:
    _, out, _ = run(SENDS, "--yes", "--show-token", "--json")
    new = json.loads(out)["token"]
    assert json.loads(out)["state"] == "waiting for the other side"
    assert _stages(aws, SENDS) == {"AWSCURRENT": OLD, "AWSPENDING": new}

    code, out, _ = run(SENDS, "--finish", "--yes", "--json")

    assert (code, json.loads(out)["state"]) == (0, "finished")
    assert _stages(aws, SENDS) == {"AWSCURRENT": new, "AWSPREVIOUS": OLD}


def test_a_token_that_waits_is_offered_again_and_not_made_anew(aws: Aws, twin: str, run: Run) -> None:
    first = json.loads(run(SENDS, "--yes", "--show-token", "--json")[1])["token"]

    second = json.loads(run(SENDS, "--yes", "--show-token", "--json")[1])["token"]

    assert second == first


def test_a_sender_takes_the_token_that_the_other_side_made(aws: Aws, twin: str, run: Run) -> None:
    code, _, _ = run(SENDS, "--token-from-stdin", "--yes", stdin="made-by-azure\n")

    assert (code, _stages(aws, SENDS)) == (0, {"AWSCURRENT": "made-by-azure", "AWSPREVIOUS": OLD})


def test_a_given_token_replaces_one_that_waits(aws: Aws, twin: str, run: Run) -> None:
    run(SENDS, "--yes")

    run(SENDS, "--token-from-stdin", "--yes", stdin="made-by-azure")

    assert _stages(aws, SENDS) == {"AWSCURRENT": "made-by-azure", "AWSPREVIOUS": OLD}


def test_a_receiver_takes_a_given_token_as_well(aws: Aws, twin: str, run: Run) -> None:
    run(RECEIVES, "--token-from-stdin", "--yes", stdin="made-by-azure")

    assert _stages(aws, RECEIVES) == {"AWSCURRENT": "made-by-azure", "AWSPREVIOUS": OLD}


def test_a_second_rotation_retires_the_first_token(aws: Aws, twin: str, run: Run) -> None:
    run(RECEIVES, "--yes")

    run(RECEIVES, "--yes")

    assert OLD not in _stages(aws, RECEIVES).values()


@pytest.mark.parametrize("connection", [RECEIVES, SENDS])
def test_finishing_what_was_not_begun_changes_nothing(aws: Aws, twin: str, run: Run, connection: str) -> None:
    code, out, _ = run(connection, "--finish", "--yes")

    assert (code, _stages(aws, connection)) == (0, {"AWSCURRENT": OLD})
    assert "there was nothing to finish" in out


def test_finishing_twice_is_finishing_once(aws: Aws, twin: str, run: Run) -> None:
    run(SENDS, "--yes")
    run(SENDS, "--finish", "--yes")
    once = _stages(aws, SENDS)

    code, _, _ = run(SENDS, "--finish", "--yes")

    assert (code, _stages(aws, SENDS)) == (0, once)


@pytest.mark.parametrize("connection", [RECEIVES, SENDS])
def test_no_token_is_told_unasked(aws: Aws, twin: str, run: Run, connection: str) -> None:
    printed = [run(connection, "--yes"), run(connection, "--finish", "--yes", "--json")]

    told = "".join(out + err for _, out, err in printed)
    assert [token for token in (*_stages(aws, connection).values(), OLD) if token in told] == []


def test_the_steps_name_the_other_cloud_the_command_and_the_times(twin: str, run: Run) -> None:
    _, out, _ = run(RECEIVES, "--yes")

    assert "the sender on azure" in out
    assert f"gluecode rotate-token plant {RECEIVES} --finish" in out
    assert out.count(" UTC") == 1


def test_nothing_happens_where_nobody_can_be_asked(aws: Aws, twin: str, run: Run) -> None:
    code, _, err = run(RECEIVES)

    assert (code, _stages(aws, RECEIVES)) == (2, {"AWSCURRENT": OLD})
    assert "Add --yes" in err


@pytest.mark.parametrize("text", ["", "two words", "grün", "x" * 4097])
def test_what_no_header_can_carry_is_no_token(aws: Aws, twin: str, run: Run, text: str) -> None:
    code, _, err = run(SENDS, "--token-from-stdin", "--yes", stdin=text)

    assert (code, _stages(aws, SENDS)) == (2, {"AWSCURRENT": OLD})
    assert "is no token" in err


def test_finishing_takes_no_token(twin: str, run: Run) -> None:
    assert run(SENDS, "--finish", "--token-from-stdin", "--yes", stdin="made-by-azure")[0] == 2


def test_a_connection_that_the_twin_does_not_have_is_named_with_those_it_has() -> None:
    with pytest.raises(UsageError, match="no connection 'aws_l2_to_gcp_l3'") as raised:
        rotation.connection(HERE, RECORD, "plant", "aws_l2_to_gcp_l3")

    assert raised.value.remedy == f"It has {SENDS}, {RECEIVES}."


def test_google_and_gcp_are_the_same_cloud() -> None:
    record: dict[str, Any] = {"connections": ["gcp_l1_to_aws_l2"]}

    found = rotation.connection(HERE, record, "plant", "google_l1_to_aws_l2")

    assert (found.id, found.role, found.other) == ("gcp_l1_to_aws_l2", "receiving", "gcp")


def test_a_secret_that_is_not_the_twin_s_is_left_alone(aws: Aws) -> None:
    aws.client("secretsmanager").create_secret(Name=f"plant/{SENDS}", SecretString=OLD)

    with pytest.raises(ForeignResource):
        rotation.versions(aws, rotation.connection(HERE, RECORD, "plant", SENDS))


def test_a_missing_secret_is_made_by_a_deployment(aws: Aws) -> None:
    with pytest.raises(GluecodeError, match=r"is not there") as raised:
        rotation.versions(aws, rotation.connection(HERE, RECORD, "plant", SENDS))

    assert "gluecode deploy" in raised.value.remedy
