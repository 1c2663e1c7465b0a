"""An emulated AWS account in this process, with the orchestrator's bucket and state table in it."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest

from deploy_steps import aws
from deploy_steps.state import state_table
from tests.emulated import aws_account

REGION, ACCOUNT = "eu-central-1", "123456789012"
BUCKET, TABLE = f"gluecode-artifacts-{ACCOUNT}-{REGION}", "gluecode-state"
TWIN = "factory"
FUNCTIONS = {"FUNCTIONS_KEY": "code/functions.zip", "FUNCTIONS_SHA256": "c2hhMjU2"}


# The clients of all tests: making one takes longer than most of them, and the emulated account behind it is a new one.
_client = functools.cache(aws.client.__wrapped__)
_by_hand = functools.cache(boto3.client)


@dataclass(frozen=True)
class Account:
    """Clients of the account, and short ways to what tests look at."""

    def client(self, service: str) -> Any:
        """The client of whoever does things by hand; the tasks' own know no operation but theirs."""
        return _by_hand(service, REGION)

    def item(self, item: str, twin: str = TWIN) -> dict[str, Any] | None:
        """An item of the state table."""
        return state_table.read(self.client("dynamodb"), TABLE, twin, item)

    def history(self) -> list[dict[str, Any]]:
        """The runs of the twin, oldest first."""
        found = self.client("dynamodb").query(
            TableName=TABLE,
            KeyConditionExpression="twin = :twin AND begins_with(#item, :run)",
            ExpressionAttributeNames={"#item": "item"},
            ExpressionAttributeValues={":twin": {"S": TWIN}, ":run": {"S": "run#"}},
        )
        return [state_table.unpacked(item) for item in found["Items"]]

    def upload(self, files: dict[str, bytes], prefix: str = f"projects/{TWIN}/") -> None:
        """Put files into the artifact bucket."""
        for path, content in files.items():
            self.client("s3").put_object(Bucket=BUCKET, Key=prefix + path, Body=content)

    def keys(self, prefix: str = "") -> list[str]:
        """What lies in the artifact bucket."""
        found = self.client("s3").list_objects_v2(Bucket=BUCKET, Prefix=prefix)
        return [entry["Key"] for entry in found.get("Contents", [])]


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """An account as `gluecode install` leaves it, and the environment that it gives to the tasks."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "INSTALLATION_PREFIX": "gluecode",
        "STATE_TABLE": TABLE,
        "ARTIFACT_BUCKET": BUCKET,
        "DEPENDENCIES_LAYER": f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:gluecode-functions:1",
        "RUNTIME": "python3.13",
        "ARCHITECTURE": "arm64",
        **FUNCTIONS,
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setattr(aws, "client", _client)
    with aws_account():
        boto3.client("s3", REGION).create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        boto3.client("dynamodb", REGION).create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "twin", "KeyType": "HASH"}, {"AttributeName": "item", "KeyType": "RANGE"}],
            AttributeDefinitions=[
                {"AttributeName": "twin", "AttributeType": "S"},
                {"AttributeName": "item", "AttributeType": "S"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        yield Account()
