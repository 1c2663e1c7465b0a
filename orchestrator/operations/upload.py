"""Makes the artifact bucket's copy of a project equal to its folder, writing only what differs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.core.errors import not_installed
from orchestrator.core.names import Installation

_BATCH = 1000  # keys that one DeleteObjects call takes


@dataclass(frozen=True)
class Uploaded:
    """What an upload did: the files written, the files removed, and how many were current."""

    prefix: str
    written: tuple[str, ...]
    removed: tuple[str, ...]
    current: int


def digest(files: Mapping[str, bytes]) -> str:
    """The same for the same files, whatever folder they are in (hexadecimal SHA-256)."""
    whole = hashlib.sha256()
    for path, content in sorted(files.items()):
        whole.update(f"{path}\0{hashlib.sha256(content).hexdigest()}\n".encode())
    return whole.hexdigest()


def upload(aws: Any, installation: Installation, files: Mapping[str, bytes], prefix: str) -> Uploaded:
    """Make what lies under `prefix` equal to `files` (by their paths below it), which hold no tokens.

    Raises GluecodeError when the installation's bucket is not there.
    """
    s3 = aws.client("s3")
    # Bucket names can be guessed: the expected owner keeps the files from ever going to somebody else's account.
    bucket = {"Bucket": installation.bucket, "ExpectedBucketOwner": installation.account}
    try:
        live = _listed(s3, bucket, prefix)
    except s3.exceptions.NoSuchBucket as error:
        raise not_installed(installation) from error
    written = tuple(path for path in sorted(files) if not _same(s3, bucket, prefix + path, live.get(path), files[path]))
    for path in written:
        s3.put_object(**bucket, Key=prefix + path, Body=files[path])
    removed = tuple(sorted(set(live) - set(files)))
    for start in range(0, len(removed), _BATCH):
        keys = [{"Key": prefix + path} for path in removed[start : start + _BATCH]]
        s3.delete_objects(**bucket, Delete={"Objects": keys, "Quiet": True})
    return Uploaded(prefix, written, removed, len(files) - len(written))


def _listed(s3: Any, bucket: Mapping[str, str], prefix: str) -> dict[str, dict[str, Any]]:
    pages = s3.get_paginator("list_objects_v2").paginate(**bucket, Prefix=prefix)
    return {entry["Key"].removeprefix(prefix): entry for page in pages for entry in page.get("Contents", ())}


def _same(s3: Any, bucket: Mapping[str, str], key: str, live: Mapping[str, Any] | None, content: bytes) -> bool:
    if live is None or live["Size"] != len(content):
        return False
    if live["ETag"].strip('"') == hashlib.md5(content, usedforsecurity=False).hexdigest():
        return True
    # Under a KMS key the ETag is not the content's MD5: then only the content itself can tell.
    return bool(s3.get_object(**bucket, Key=key)["Body"].read() == content)
