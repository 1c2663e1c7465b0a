"""A project's files in the bucket, as their versions tell: what they are, and when they last changed."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deploy_steps.shared import project_state
from deploy_steps.shared.project_state import ProjectState
from tests.unit.deploy_steps.conftest import BUCKET, Account

PREFIX = "projects/plant/"


@pytest.fixture
def versioned(account: Account) -> Account:
    """The account, with versions in its bucket as the installation has it."""
    enabled = {"Status": "Enabled"}
    account.client("s3").put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration=enabled)
    return account


def state(account: Account) -> ProjectState:
    return project_state.read(account.client("s3"), PREFIX, Bucket=BUCKET)


def put(account: Account, **files: str) -> None:
    account.upload({f"{name}.json": content.encode() for name, content in files.items()}, PREFIX)


def test_where_nothing_is_there_is_no_change(versioned: Account) -> None:
    assert (state(versioned).keys, state(versioned).changed) == ((), None)


def test_the_same_files_have_the_same_digest_however_often_one_looks(versioned: Account) -> None:
    put(versioned, config="1", config_providers="2")
    before = state(versioned)

    versioned.upload({"config.json": b"of another project"}, "projects/plant-2/")

    assert state(versioned) == before
    assert before.keys == ("projects/plant/config.json", "projects/plant/config_providers.json")


@pytest.mark.parametrize("change", ["added", "altered", "removed", "put back as it was before"])
def test_every_change_is_another_state(versioned: Account, change: str) -> None:
    put(versioned, config="1", config_providers="2")
    before = state(versioned)

    if change == "removed":
        versioned.client("s3").delete_object(Bucket=BUCKET, Key=f"{PREFIX}config.json")
    else:
        put(versioned, **{"added": {"config_events": "3"}, "altered": {"config": "2"}}.get(change, {"config": "1"}))

    assert state(versioned).digest != before.digest


def test_a_deletion_is_the_last_change(versioned: Account) -> None:
    put(versioned, config="1")
    versioned.client("s3").delete_object(Bucket=BUCKET, Key=f"{PREFIX}config.json")

    now = state(versioned)

    assert now.keys == ()
    assert now.changed is not None
    assert datetime.now(UTC) - now.changed < timedelta(minutes=1)


def test_many_files_over_many_pages_are_all_seen(versioned: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    put(versioned, **{f"n{number}": "x" for number in range(7)})
    whole = state(versioned)
    s3 = versioned.client("s3")
    listed = s3.list_object_versions

    def by_two(**request: Any) -> Any:
        return listed(**request, MaxKeys=2)

    monkeypatch.setattr(s3, "list_object_versions", by_two)

    assert state(versioned) == whole
    assert len(whole.keys) == 7


def test_a_shell_comes_to_the_same_digest(versioned: Account) -> None:
    put(versioned, config="1", ä_file="2", config_providers="3", Config="4")
    latest = [
        each
        for each in versioned.client("s3").list_object_versions(Bucket=BUCKET, Prefix=PREFIX)["Versions"]
        if each["IsLatest"]
    ]
    as_aws_prints = "".join(f"{each['Key']}\t{each['VersionId']}\t{each['ETag']}\n" for each in reversed(latest))

    shell = ["sh", "-c", "LC_ALL=C sort | { sha256sum || shasum -a 256; }"]
    told = subprocess.run(shell, input=as_aws_prints.encode(), capture_output=True, check=True)

    assert told.stdout.decode().split()[0] == state(versioned).digest
