"""Builds the zip that a device's own processor runs from: the functions' code, with the device's folder in it."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError

from deploy_steps import aws
from deploy_steps.contract import Outcome, Result
from deploy_steps.errors import InvalidProject
from deploy_steps.task import task
from orchestrator.core.names import package_key
from orchestrator.core.plan import FunctionComponent, device_component, package_digest
from orchestrator.core.spec_json import as_json, read_spec
from orchestrator.core.specs import StoredObject

ACTIONS = ("s3:ListBucket", "s3:GetObject", "s3:PutObject")
NEEDS_PYDANTIC = True
FOLDER = "device_processor"

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold
_MODE = 0o644 << 16  # Lambda needs files that everyone can read


def build(s3: Any, event: Mapping[str, Any]) -> tuple[Outcome, dict[str, Any]]:
    """Make sure that the package is in the bucket; answer `created` or `unchanged`, and the processor's component.

    Event: source (the prefix of the project's files), device (an item of the plan's `device_processors`), template (the
    default processor's component), keep_rights (of the role), dry_run (true: work it out, but do not keep it).
    Raises InvalidProject when the device's files are not those that were planned.
    """
    device, template = event["device"], event["template"]
    bucket, key = where(device, template)
    sha256 = kept(s3, bucket, key)
    outcome: Outcome = "unchanged" if sha256 else "created"
    if sha256 is None:
        content = _packed(s3, template["function"]["code"], event["source"], device)
        sha256 = base64.b64encode(hashlib.sha256(content).digest()).decode()
        if not event["dry_run"]:
            s3.put_object(
                Bucket=bucket, Key=key, Body=content, Metadata={"sha256": sha256}, ContentType="application/zip"
            )
    package, recorded = StoredObject(bucket, key, sha256), device.get("recorded", False)
    read = read_spec(FunctionComponent, template)
    made = device_component(device["device"], device["name"], package, read, recorded=recorded)
    return outcome, as_json(replace(made, role=replace(made.role, keep_rights=event.get("keep_rights", False))))


def where(device: Mapping[str, str], template: Mapping[str, Any]) -> tuple[str, str]:
    """Bucket and key of a device's package, named by what goes into it."""
    twin = template["owner"]["twin"]
    return template["function"]["code"]["bucket"], package_key(twin, device["device"], device["source_digest"])


def packed(functions: bytes, sources: Mapping[str, bytes]) -> bytes:
    """The functions' zip with the device's files under `device_processor/`. The same bytes for the same content."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(functions)) as base, zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        for entry in base.infolist():
            archive.writestr(_entry(entry.filename), base.read(entry))
        for path in sorted(sources):
            archive.writestr(_entry(f"{FOLDER}/{path}"), sources[path])
    return made.getvalue()


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.external_attr = _MODE
    entry.create_system = 3  # Unix, wherever it is built
    return entry


def kept(s3: Any, bucket: str, key: str) -> str | None:
    """The SHA-256 (base64) of the package that is there already."""
    try:
        return str(s3.head_object(Bucket=bucket, Key=key)["Metadata"]["sha256"])
    except ClientError as error:
        if aws.error_code(error) in ("404", "NoSuchKey"):
            return None
        raise


def _packed(s3: Any, code: Mapping[str, str], source: str, device: Mapping[str, str]) -> bytes:
    # Imported here, because configuration needs pydantic, and a package that is there already needs neither.
    from orchestrator.core.config.processors import is_source, source_digest

    bucket, prefix = code["bucket"], f"{source}processors/{device['device']}/"
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    keys = [entry["Key"] for page in pages for entry in page.get("Contents", ())]
    sources = {
        key.removeprefix(prefix): s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        for key in keys
        if is_source(key.removeprefix(source))
    }
    if package_digest(code["sha256"], source_digest(sources)) != device["source_digest"]:
        raise InvalidProject(
            f"The files in s3://{bucket}/{prefix} are not those that the plan was made for: they were changed in the "
            "meantime, or the package of an earlier deployment has expired. Start again with the same input."
        )
    return packed(s3.get_object(Bucket=bucket, Key=code["key"])["Body"].read(), sources)


@task
def handler(event: Mapping[str, Any]) -> tuple[Result, dict[str, Any]]:
    """Handler of `build`. Answers kind, name, outcome and `component`."""
    outcome, component = build(aws.client("s3"), event)
    result = Result("processor-package", event["device"]["name"], outcome)
    return result, {**result.as_dict(), "component": component}
