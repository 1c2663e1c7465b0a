"""What lies under a project's prefix: a digest of every file's version, and since when nothing has changed.

The digest is part of a deployment's name, so that the command line, a script and an event that mean the same files
start one execution. Versions, not contents, are what it is made of: a listing tells them, whoever asks needs no right
to read the files, and going back to an earlier configuration is a deployment of its own. In a shell it is

    aws s3api list-object-versions --bucket B --prefix projects/P/ --output text \\
      --query 'Versions[?IsLatest].[Key,VersionId,ETag]' | LC_ALL=C sort | sha256sum
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class ProjectState:
    """The keys of a project's files, the digest of their versions (hexadecimal SHA-256), and the last change.

    `changed` is None where nothing has ever been; a deletion is a change.
    """

    keys: tuple[str, ...]
    digest: str
    changed: datetime | None


def read(s3: Any, prefix: str, **bucket: str) -> ProjectState:
    """The state of what lies under `prefix`. `bucket` is what S3's calls take: Bucket, and ExpectedBucketOwner."""
    found: list[Mapping[str, Any]] = []
    changes: list[datetime] = []
    for page in s3.get_paginator("list_object_versions").paginate(**bucket, Prefix=prefix):
        found += [version for version in page.get("Versions", ()) if version["IsLatest"]]
        changes += [each["LastModified"] for each in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))]
    lines = sorted(f"{each['Key']}\t{each['VersionId']}\t{each['ETag']}\n".encode() for each in found)
    keys = tuple(sorted(each["Key"] for each in found))
    return ProjectState(keys, hashlib.sha256(b"".join(lines)).hexdigest(), max(changes, default=None))
