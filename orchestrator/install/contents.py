"""What an installation keeps outside its stacks: the objects in the artifact bucket, and old versions of its layers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from orchestrator.install.packages import Package

_CODE = "code/"


def upload(s3: Any, bucket: str, packages: Iterable[Package]) -> list[str]:
    """Put the packages into the bucket that are not there yet. Returns the keys written."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=_CODE)
    there = set(pages.search("Contents[].Key"))
    missing = [package for package in packages if package.key not in there]
    for package in missing:
        s3.put_object(Bucket=bucket, Key=package.key, Body=package.content, ContentType="application/zip")
    return [package.key for package in missing]


def upload_template(s3: Any, bucket: str, text: str) -> str:
    """Put a template into the bucket, named by its content. Returns the address at which CloudFormation finds it."""
    content = text.encode()
    key = f"templates/{hashlib.sha256(content).hexdigest()[:32]}.json"
    s3.put_object(Bucket=bucket, Key=key, Body=content, ContentType="application/json")
    return f"{s3.meta.endpoint_url}/{bucket}/{key}"


def empty(s3: Any, bucket: str) -> int:
    """Remove every object with all its versions. Returns how many versions there were."""
    removed = 0
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        if found:
            batch = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in found]
            s3.delete_objects(Bucket=bucket, Delete={"Objects": batch, "Quiet": True})
        removed += len(found)
    return removed


def remove_layer(client: Any, name: str) -> int:
    """Remove all versions of a layer. Returns how many there were."""
    pages = client.get_paginator("list_layer_versions").paginate(LayerName=name)
    numbers = list(pages.search("LayerVersions[].Version"))
    for number in numbers:
        client.delete_layer_version(LayerName=name, VersionNumber=number)
    return len(numbers)
