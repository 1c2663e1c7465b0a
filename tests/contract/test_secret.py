"""What is particular about a secret: where its value comes from, and that nobody is told it."""

from __future__ import annotations

from typing import Any

import pytest

from deploy_steps.contract import NOT_SHOWN, Change
from deploy_steps.errors import InvalidInput, MissingToken
from deploy_steps.kinds import secret
from orchestrator.core.specs import Owner, SecretSpec
from tests.contract import rows_stores as rows
from tests.contract.stubbed import stubbed
from tests.contract.world import World

KIND = rows.SECRET.kind
ARN = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:twin/x-AbCdEf"


def value_of(world: World, stage: str = "AWSCURRENT") -> str:
    """The secret's value, as a function of the twin reads it."""
    answer = world.hand("secretsmanager").get_secret_value(SecretId=rows.secret_name(world), VersionStage=stage)
    return str(answer["SecretString"])


def connections(world: World, **entries: Any) -> dict[str, Any]:
    """Put a project's connections into the bucket and return the spec of the secret that belongs to one of them."""
    rows.prepare_connections(world)
    rows.put_connections(world, entries)
    return rows.secret(world)


def test_the_token_of_the_project_becomes_the_value_as_it_stands(world: World) -> None:
    spec = connections(world, **{rows.CONNECTION: {"token": rows.TOKEN}})

    world.create(KIND, spec)

    assert value_of(world) == rows.TOKEN


def test_a_token_with_blanks_around_it_is_taken_without_them(world: World) -> None:
    spec = connections(world, **{rows.CONNECTION: {"token": f" {rows.TOKEN}\n"}})

    world.create(KIND, spec)

    assert value_of(world) == rows.TOKEN


def test_a_changed_token_takes_effect_and_the_one_before_stays_readable(world: World) -> None:
    spec = connections(world, **{rows.CONNECTION: {"token": rows.TOKEN}})
    world.create(KIND, spec)
    rows.put_connections(world, {rows.CONNECTION: {"token": "the-next-one"}})

    answer = world.create(KIND, spec)

    assert answer["outcome"] == "updated"
    assert (value_of(world), value_of(world, "AWSPREVIOUS")) == ("the-next-one", rows.TOKEN)


def test_no_token_is_ever_told(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    spec = connections(world, **{rows.CONNECTION: {"token": rows.TOKEN}})

    answers = [world.create(KIND, spec)]
    rows.put_connections(world, {rows.CONNECTION: {"token": "the-next-one"}})
    answers += [world.info(KIND, spec), world.create(KIND, spec, dry_run=True), world.create(KIND, spec)]
    with (
        world.failing("InternalError", 500, when=lambda call: call.operation == "DescribeSecret"),
        pytest.raises(Exception, match="InternalError") as failure,
    ):
        world.create(KIND, spec)

    told = capsys.readouterr().out + str(answers) + str(failure.value)
    assert rows.TOKEN not in told
    assert "the-next-one" not in told
    assert answers[1]["changes"] == [{"field": "value", "before": "(not shown)", "after": "(another value)"}]


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param({}, id="the connection is not in the file"),
        pytest.param({rows.CONNECTION: {}}, id="it has no token: the command line took it out"),
        pytest.param({rows.CONNECTION: {"token": "  "}}, id="its token is blank"),
    ],
)
def test_a_receiving_side_without_a_token_gets_one_made_and_keeps_it(world: World, entries: dict[str, Any]) -> None:
    spec = connections(world, **entries)

    first = world.create(KIND, spec)
    token = value_of(world)
    second = world.create(KIND, spec)

    assert (first["outcome"], second["outcome"]) == ("created", "unchanged")
    assert len(token) == 43  # 32 random bytes, base64 without padding
    assert value_of(world) == token


def test_a_project_without_connections_file_is_a_project_without_token(world: World) -> None:
    world.hand("s3").create_bucket(Bucket=world.bucket)

    assert world.create(KIND, rows.secret(world))["outcome"] == "created"


def test_two_twins_get_different_tokens(world: World) -> None:
    spec = {"owner": world.owner, "generate": True}
    for name in ("one", "two"):
        world.create(KIND, {**spec, "name": f"{world.twin}/{name}"})

    one, two = (
        world.hand("secretsmanager").get_secret_value(SecretId=f"{world.twin}/{name}")["SecretString"]
        for name in ("one", "two")
    )
    assert one != two


def test_a_sending_side_without_a_token_says_where_to_put_it(world: World) -> None:
    spec = {**connections(world), "generate": False}

    with pytest.raises(MissingToken, match=f"connections.{rows.CONNECTION}.token"):
        world.create(KIND, spec)

    assert world.writes == []


def test_a_value_that_is_there_is_kept_without_being_read_when_the_project_names_none(world: World) -> None:
    world.create(KIND, {"name": rows.secret_name(world), "owner": world.owner, "generate": True})

    answer = world.create(KIND, {"name": rows.secret_name(world), "owner": world.owner})

    assert answer["outcome"] == "unchanged"
    assert [call.operation for call in world.calls] == ["DescribeSecret"]


def test_a_secret_without_a_current_value_is_drift_and_gets_one() -> None:
    spec = SecretSpec("twin/x", Owner("twin"), generate=True)
    tags = [{"Key": key, "Value": value} for key, value in spec.owner.tags.items()]
    empty = ("describe_secret", {"ARN": ARN, "Name": "twin/x", "Tags": tags})
    client = stubbed("secretsmanager", empty, ("put_secret_value", {"ARN": ARN, "Name": "twin/x"}))

    result = secret.create(client, spec, s3=None)

    client.all_answers_given()
    assert result.changes == (Change("value", None, NOT_SHOWN),)


def test_a_secret_comes_back_from_its_recovery_window_with_the_projects_token(world: World) -> None:
    spec = connections(world, **{rows.CONNECTION: {"token": rows.TOKEN}})
    world.create(KIND, spec)
    rows.put_connections(world, {rows.CONNECTION: {"token": "the-next-one"}})
    world.hand("secretsmanager").delete_secret(SecretId=rows.secret_name(world))

    answer = world.create(KIND, spec)

    assert [change["field"] for change in answer["changes"]] == ["scheduled_deletion", "value"]
    assert value_of(world) == "the-next-one"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b'{"connections": {"gcp_l1_to_aws_l2": {"token": "hush"', id="not JSON"),
        pytest.param(b'["hush"]', id="not an object"),
        pytest.param(b'{"connections": "hush"}', id="connections are not an object"),
        pytest.param(b'{"connections": {"gcp_l1_to_aws_l2": {"token": 471108151623}}}', id="the token is not a text"),
    ],
)
def test_a_malformed_file_is_refused_without_quoting_it(
    world: World, text: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = connections(world)
    world.hand("s3").put_object(Bucket=world.bucket, Key=spec["source"]["key"], Body=text)

    with pytest.raises(InvalidInput, match="gluecode validate") as error:
        world.create(KIND, spec)

    told = capsys.readouterr().out + str(error.value)
    assert error.value.__suppress_context__
    assert ("hush" in told, "471108151623" in told) == (False, False)
