"""What an upload writes, leaves alone and removes."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.core.errors import GluecodeError
from orchestrator.core.names import Installation
from orchestrator.operations.session import Aws
from orchestrator.operations.upload import digest, upload

FILES = {"config.json": b"{}", "processors/press-1/process.py": b"def process(event): ..."}
PREFIX = "projects/plant/"


def _in_bucket(aws: Aws, installation: Installation) -> dict[str, bytes]:
    s3 = aws.client("s3")
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=installation.bucket).get("Contents", [])]
    return {key: s3.get_object(Bucket=installation.bucket, Key=key)["Body"].read() for key in keys}


def test_everything_is_uploaded_the_first_time(aws: Aws, installation: Installation) -> None:
    done = upload(aws, installation, FILES, PREFIX)

    assert (done.written, done.removed, done.current) == (tuple(sorted(FILES)), (), 0)
    assert _in_bucket(aws, installation) == {PREFIX + path: content for path, content in FILES.items()}


def test_nothing_is_written_when_the_bucket_is_current(aws: Aws, installation: Installation) -> None:
    upload(aws, installation, FILES, PREFIX)
    calls: list[str] = []
    aws.client("s3").meta.events.register("before-call", lambda model, **_: calls.append(model.name))

    done = upload(aws, installation, FILES, PREFIX)

    assert (done.written, done.removed, done.current) == ((), (), 2)
    assert calls == ["ListObjectsV2"]


def test_only_what_differs_is_written_and_what_is_gone_is_removed(aws: Aws, installation: Installation) -> None:
    upload(aws, installation, {**FILES, "config_events.json": b"[]", "config_providers.json": b"{}"}, PREFIX)

    done = upload(aws, installation, {**FILES, "config.json": b"[]", "config_providers.json": b"{}"}, PREFIX)

    assert (done.written, done.removed, done.current) == (("config.json",), ("config_events.json",), 2)


def test_files_of_other_projects_are_left_alone(aws: Aws, installation: Installation) -> None:
    other = "projects/plant-2/config.json"
    aws.client("s3").put_object(Bucket=installation.bucket, Key=other, Body=b"theirs")

    upload(aws, installation, FILES, PREFIX)

    assert _in_bucket(aws, installation)[other] == b"theirs"


def test_an_object_whose_etag_is_no_md5_is_compared_by_content(aws: Aws, installation: Installation) -> None:
    # A multipart upload's ETag is not the MD5 of the content, as under a KMS key.
    s3, key = aws.client("s3"), f"{PREFIX}config.json"
    started = s3.create_multipart_upload(Bucket=installation.bucket, Key=key)["UploadId"]
    part: Any = {"Bucket": installation.bucket, "Key": key, "UploadId": started}
    etag = s3.upload_part(**part, PartNumber=1, Body=b"{}")["ETag"]
    s3.complete_multipart_upload(**part, MultipartUpload={"Parts": [{"ETag": etag, "PartNumber": 1}]})

    assert upload(aws, installation, {"config.json": b"{}"}, PREFIX).written == ()
    assert upload(aws, installation, {"config.json": b"[]"}, PREFIX).written == ("config.json",)


def test_a_missing_bucket_says_that_nothing_is_installed(aws: Aws) -> None:
    elsewhere = Installation("other", "aws", "us-east-1", "123456789012")

    with pytest.raises(
        GluecodeError, match="'other' is not installed in account 123456789012, region us-east-1"
    ) as raised:
        upload(aws, elsewhere, FILES, PREFIX)

    assert "gluecode install" in raised.value.remedy


def test_the_digest_depends_on_names_and_content_only() -> None:
    assert digest(FILES) == digest(dict(reversed(FILES.items())))
    assert digest(FILES) != digest({**FILES, "config.json": b"[]"})
    assert digest({"a": b"b"}) != digest({"ab": b""})
