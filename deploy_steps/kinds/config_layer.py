"""The layer that carries the twin's configuration document to its functions: an environment has room for 4 KB only."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from deploy_steps.contract import UNKNOWN, Change, Result, differences, tag_differences
from deploy_steps.ownership import decode_tags, encode_tags, ensure_ours, is_ours
from deploy_steps.task import Actions, Kind
from orchestrator.core.specs import ConfigLayerIdentity, ConfigLayerSpec, Owner

KIND = "config-layer"
DOCUMENT = "python/digital_twin_info.json"
_EPOCH = (1980, 1, 1, 0, 0, 0)


def packed(document: bytes) -> bytes:
    """The layer's zip for a configuration document."""
    made = io.BytesIO()
    entry = zipfile.ZipInfo(DOCUMENT, _EPOCH)
    entry.external_attr = 0o644 << 16
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(entry, document, zipfile.ZIP_DEFLATED)
    return made.getvalue()


def create(client: Any, spec: ConfigLayerSpec, *, dry_run: bool = False) -> Result:
    """Publish a version unless our newest one is as specified. A version never changes: an update is a new one."""
    ours = _read(client, spec.name, spec.owner)
    changes = _changes(spec, ours[0]) if ours else ()
    if ours and not changes:
        return Result(KIND, spec.name, "unchanged", outputs={"arn": ours[0]["arn"]})
    arn = UNKNOWN if dry_run else _publish(client, spec)
    return Result(KIND, spec.name, "updated" if ours else "created", changes, {"arn": arn})


def destroy(client: Any, identity: ConfigLayerIdentity, *, dry_run: bool = False) -> Result:
    """Remove our versions; a function that uses one keeps working.

    `absent` means that nothing is left to remove, which with `keep_latest` is the newest version standing alone.
    """
    ours = _read(client, identity.name, identity.owner)
    doomed = ours[1:] if identity.keep_latest else ours
    if not dry_run:
        for version in doomed:
            client.delete_layer_version(LayerName=identity.name, VersionNumber=version["number"])
    return Result(KIND, identity.name, "deleted" if doomed else "absent")


def info(client: Any, spec: ConfigLayerSpec) -> Result:
    """Compare our newest version with the spec."""
    ours = _read(client, spec.name, spec.owner)
    if not ours:
        return Result(KIND, spec.name, "absent")
    changes = _changes(spec, ours[0])
    return Result(KIND, spec.name, "drifted" if changes else "present", changes, {"arn": ours[0]["arn"]})


def _changes(spec: ConfigLayerSpec, live: dict[str, Any]) -> tuple[Change, ...]:
    desired = {"content_sha256": spec.content.sha256, "runtimes": sorted(spec.runtimes)}
    return differences(desired, live) + tag_differences(spec.owner, live["marks"])


def _publish(client: Any, spec: ConfigLayerSpec) -> str:
    made = client.publish_layer_version(
        LayerName=spec.name,
        Description=_description(spec),
        Content={"S3Bucket": spec.content.bucket, "S3Key": spec.content.key},
        CompatibleRuntimes=list(spec.runtimes),
    )
    return str(made["LayerVersionArn"])


def _description(spec: ConfigLayerSpec) -> str:
    # Layers carry no tags, so a version's description says whose it is and what is in it (256 characters at most).
    return encode_tags({**spec.owner.tags, "sha256": spec.content.sha256})


def _read(client: Any, name: str, owner: Owner) -> list[dict[str, Any]]:
    """Our versions, newest first; none when there is no layer.

    Raises ForeignResource when the layer has versions and none is ours. Versions that someone else published next to
    ours are left alone: a function names the version it uses.
    """
    pages = client.get_paginator("list_layer_versions").paginate(LayerName=name)
    listed = [_version(item) for page in pages for item in page["LayerVersions"]]
    ours = [version for version in listed if is_ours(owner, version["marks"])]
    if listed and not ours:
        ensure_ours("layer", name, owner, listed[0]["marks"])
    return sorted(ours, key=lambda version: -version["number"])


def _version(item: dict[str, Any]) -> dict[str, Any]:
    marks = decode_tags(item.get("Description", ""))
    return {
        "arn": item["LayerVersionArn"],
        "number": int(item["Version"]),
        "content_sha256": marks.get("sha256"),
        "runtimes": sorted(item.get("CompatibleRuntimes", [])),
        "marks": marks,
    }


kind = Kind(
    name=KIND,
    service="lambda",
    spec=ConfigLayerSpec,
    identity=ConfigLayerIdentity,
    create=create,
    destroy=destroy,
    info=info,
    actions=Actions(
        create=("lambda:ListLayerVersions", "lambda:PublishLayerVersion", "s3:GetObject"),
        destroy=("lambda:ListLayerVersions", "lambda:DeleteLayerVersion"),
        info=("lambda:ListLayerVersions",),
    ),
)
create_task = kind.task("create")
destroy_task = kind.task("destroy")
info_task = kind.task("info")
