"""With IAM enforced, the embedded cloud says no more than AWS does to whoever is not allowed to know more."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from orchestrator.local import cloud
from orchestrator.local.cloud import Cloud
from orchestrator.local.server import Settings
from tests.conftest import clients_of

BUCKET = "projects"
READ = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{BUCKET}/*"}
LIST = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{BUCKET}"}
Reader = Callable[..., Any]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    home = tmp_path_factory.mktemp("enforcing")
    yield cloud.up(home, Settings(enforce_iam=True))
    cloud.down(home)


@pytest.fixture(scope="module")
def reader(running: Cloud) -> Reader:
    """Makes the S3 client of a new user who may do what the statements say; there is one object."""
    clients = clients_of(running)
    clients("s3").create_bucket(Bucket=BUCKET)
    clients("s3").put_object(Bucket=BUCKET, Key="config.json", Body=b"{}")

    def made(name: str, *statements: dict[str, str]) -> Any:
        iam = clients("iam")
        iam.create_user(UserName=name)
        policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        session = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name=running.region)
        return session.client("s3", endpoint_url=running.endpoint)

    return made


@pytest.mark.parametrize("operation", ["get_object", "head_object"])
def test_who_may_not_list_the_bucket_is_not_told_that_an_object_is_missing(reader: Reader, operation: str) -> None:
    s3 = reader(f"reads-with-{operation}", READ)

    with pytest.raises(ClientError) as refused:
        getattr(s3, operation)(Bucket=BUCKET, Key="missing.json")

    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert s3.get_object(Bucket=BUCKET, Key="config.json")["Body"].read() == b"{}"


def test_who_may_list_the_bucket_is_told_that_an_object_is_missing(reader: Reader) -> None:
    s3 = reader("lists", READ, LIST)

    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket=BUCKET, Key="missing.json")
