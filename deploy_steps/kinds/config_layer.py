"""The layer that carries the twin's configuration document to its functions: an environment has room for 4 KB only."""

from __future__ import annotations

import base64
import io
import zipfile
from typing import Any

from deploy_steps.contract import Live, Outputs
from deploy_steps.engine import Calls, Facts, plain_kind
from deploy_steps.ownership import decode_tags, encode_tags, ensure_ours, is_ours
from orchestrator.core.specs import ConfigLayerIdentity, ConfigLayerSpec

DOCUMENT = "python/digital_twin_info.json"
_HEX_LENGTH = 64
_EPOCH = (1980, 1, 1, 0, 0, 0)


def packed(document: bytes) -> bytes:
    """The layer's zip for a configuration document."""
    made = io.BytesIO()
    entry = zipfile.ZipInfo(DOCUMENT, _EPOCH)
    entry.external_attr = 0o644 << 16
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(entry, document, zipfile.ZIP_DEFLATED)
    return made.getvalue()


def _read(client: Any, wanted: ConfigLayerSpec | ConfigLayerIdentity) -> Live | None:
    """Our newest version, with the numbers of all that a destroy removes; None if there is no such version.

    Raises ForeignResource when the layer has versions and none is ours. Versions that someone else published next to
    ours are left alone: a function names the version it uses.
    """
    pages = client.get_paginator("list_layer_versions").paginate(LayerName=wanted.name)
    listed = [
        (item, decode_tags(item.get("Description", ""))) for page in pages for item in page.get("LayerVersions", [])
    ]
    ours = [(item, tags) for item, tags in listed if is_ours(wanted.owner, tags)]
    if listed and not ours:
        ensure_ours("layer", wanted.name, wanted.owner, listed[0][1])
    ours.sort(key=lambda version: -int(version[0]["Version"]))
    if isinstance(wanted, ConfigLayerIdentity) and wanted.keep_latest:
        ours = ours[1:]
    if not ours:
        return None
    newest, tags = ours[0]
    sha256 = tags.pop("sha256", "")
    if len(sha256) == _HEX_LENGTH:  # before release 0.3.0
        sha256 = _short(sha256)
    settings = {"content_sha256": sha256 or None, "runtimes": sorted(newest.get("CompatibleRuntimes", []))}
    numbers = [int(item["Version"]) for item, _ in ours]
    tags = {"Layer": wanted.owner.layer, **tags}  # the description has no room for it
    return Live(settings, tags, id=numbers, outputs={"arn": newest["LayerVersionArn"]})


def _desired(spec: ConfigLayerSpec) -> dict[str, Any]:
    return {"content_sha256": _short(spec.content.sha256), "runtimes": sorted(spec.runtimes)}


def _short(sha256: str) -> str:
    return base64.b64encode(bytes.fromhex(sha256)).decode().rstrip("=")


def create(client: Any, spec: ConfigLayerSpec) -> Outputs:
    """Publish a version unless our newest one is as specified. A version never changes: an update is a new one."""
    made = client.publish_layer_version(
        LayerName=spec.name,
        Description=_description(spec),
        Content={"S3Bucket": spec.content.bucket, "S3Key": spec.content.key},
        CompatibleRuntimes=list(spec.runtimes),
    )
    return {"arn": made["LayerVersionArn"]}


def _description(spec: ConfigLayerSpec) -> str:
    # Layers have no tags, so a version's description says whose it is and what is in it (256 characters at most).
    tags = {key: value for key, value in spec.owner.tags.items() if key != "Layer"}
    return encode_tags({**tags, "sha256": _short(spec.content.sha256)})


def delete(client: Any, identity: ConfigLayerIdentity, live: Live) -> None:
    """Remove our versions, or with `keep_latest` the superseded ones; a function that uses one keeps working."""
    for number in live.id:
        client.delete_layer_version(LayerName=identity.name, VersionNumber=number)


kind = plain_kind(
    Facts("config-layer", "lambda", ConfigLayerSpec, ConfigLayerIdentity, outputs=("arn",)),
    Calls(_read, _desired, create, None, delete),
    read=("lambda:ListLayerVersions",),
    create=("lambda:PublishLayerVersion", "s3:GetObject"),
    destroy=("lambda:DeleteLayerVersion",),
)
create_task, destroy_task, info_task = kind.handlers()
