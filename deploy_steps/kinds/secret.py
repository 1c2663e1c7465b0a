"""The token of one connection between clouds, in Secrets Manager, where sender or receiver reads it.

The token itself is never in an event, an answer, the journal or an error: a spec says where to find it.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from typing import Any

from deploy_steps.aws import tag_list, tag_map
from deploy_steps.contract import NOT_SHOWN, UNKNOWN, Change, Changes, Result, tag_differences
from deploy_steps.errors import InvalidInput, MissingToken
from deploy_steps.ownership import ensure_ours
from deploy_steps.task import Actions, Kind
from orchestrator.core.specs import Identity, SecretSpec, TokenSource

KIND = "secret"
_DIFFERS = "(another value)"


def create(client: Any, spec: SecretSpec, *, s3: Any, dry_run: bool = False) -> Result:
    """Make the secret, restore it from a scheduled deletion, or put in the project's token if it differs.

    Raises MissingToken when there is no value and none to put in.
    """
    return put(client, spec, _token(s3, spec.source), dry_run=dry_run)


def put(client: Any, spec: SecretSpec, token: str | None, *, dry_run: bool = False) -> Result:
    """`create` for whoever has the token in hand: the command line, which takes it out of the project's files."""
    live = _read(client, spec.name)
    if live is None:
        first = token or _generated(spec)
        arn = UNKNOWN if dry_run else _create(client, spec, first)
        return Result(KIND, spec.name, "created", outputs={"arn": arn})
    ensure_ours(KIND, spec.name, spec.owner, live["tags"])
    if live["deletion"] and not dry_run:
        client.restore_secret(SecretId=spec.name)
    changes = _changes(client, spec, live, token, readable=not live["deletion"] or not dry_run)
    value = (token or _generated(spec)) if "value" in changes.fields else None
    if not dry_run:
        if value:
            client.put_secret_value(SecretId=spec.name, SecretString=value)
        if changes.tags:
            client.tag_resource(SecretId=spec.name, Tags=tag_list(changes.tags))
    return Result(KIND, spec.name, "updated" if changes else "unchanged", changes, {"arn": live["arn"]})


def destroy(client: Any, identity: Identity, *, dry_run: bool = False) -> Result:
    """Remove the secret at once: within a recovery window, its name could not be used again."""
    live = _read(client, identity.name)
    if live is None:
        return Result(KIND, identity.name, "absent")
    ensure_ours(KIND, identity.name, identity.owner, live["tags"])
    if not dry_run:
        client.delete_secret(SecretId=identity.name, ForceDeleteWithoutRecovery=True)
    return Result(KIND, identity.name, "deleted")


def info(client: Any, spec: SecretSpec, *, s3: Any) -> Result:
    """Compare the live secret with the spec."""
    live = _read(client, spec.name)
    if live is None:
        return Result(KIND, spec.name, "absent")
    changes = _changes(client, spec, live, _token(s3, spec.source), readable=not live["deletion"])
    return Result(KIND, spec.name, "drifted" if changes else "present", changes, {"arn": live["arn"]})


def _changes(client: Any, spec: SecretSpec, live: Mapping[str, Any], token: str | None, *, readable: bool) -> Changes:
    """What differs. The value of a secret that is scheduled for deletion cannot be read, so it is not compared."""
    changes = list(tag_differences(spec.owner, live["tags"]))
    if not live["has_value"]:
        changes.insert(0, Change("value", None, NOT_SHOWN))
    elif token and readable and token != _value(client, spec.name):
        changes.insert(0, Change("value", NOT_SHOWN, _DIFFERS))
    if live["deletion"]:
        changes.insert(0, Change("scheduled_deletion", live["deletion"], None))
    return Changes(changes)


def _generated(spec: SecretSpec) -> str:
    if spec.generate:
        return secrets.token_urlsafe(32)
    connection = spec.source.connection if spec.source else spec.name.rpartition("/")[2]
    raise MissingToken(
        f"The connection '{connection}' has no token: the secret '{spec.name}' holds none, and the project's "
        f"config_inter_cloud.json gives none. Put the other cloud's token under connections.{connection}.token."
    )


def _create(client: Any, spec: SecretSpec, value: str) -> str:
    made = client.create_secret(Name=spec.name, SecretString=value, Tags=tag_list(spec.owner.tags))
    return str(made["ARN"])


def _token(s3: Any, source: TokenSource | None) -> str | None:
    """The token in the project's file, if there is one."""
    if source is None:
        return None
    try:
        text = s3.get_object(Bucket=source.bucket, Key=source.key)["Body"].read()
    except s3.exceptions.NoSuchKey:
        return None
    try:
        token = json.loads(text).get("connections", {}).get(source.connection, {}).get("token") or ""
        return token.strip() or None
    except (ValueError, AttributeError):  # their texts and contexts could quote the file
        raise InvalidInput(
            f"s3://{source.bucket}/{source.key} is not a list of connections with tokens: run `gluecode validate`."
        ) from None


def _value(client: Any, name: str) -> str | None:
    value = client.get_secret_value(SecretId=name).get("SecretString")
    return None if value is None else str(value)


def _read(client: Any, name: str) -> dict[str, Any] | None:
    try:
        live = client.describe_secret(SecretId=name)
    except client.exceptions.ResourceNotFoundException:
        return None
    return {
        "arn": live["ARN"],
        "deletion": str(live["DeletedDate"]) if live.get("DeletedDate") else None,
        "has_value": any("AWSCURRENT" in stages for stages in live.get("VersionIdsToStages", {}).values()),
        "tags": tag_map(live.get("Tags", [])),
    }


kind = Kind(
    name=KIND,
    service="secretsmanager",
    spec=SecretSpec,
    identity=Identity,
    create=create,
    destroy=destroy,
    info=info,
    reads_s3=("create", "info"),
    actions=Actions(
        create=(
            "s3:GetObject",
            "secretsmanager:DescribeSecret",
            "secretsmanager:GetSecretValue",
            "secretsmanager:CreateSecret",
            "secretsmanager:RestoreSecret",
            "secretsmanager:PutSecretValue",
            "secretsmanager:TagResource",
        ),
        destroy=("secretsmanager:DescribeSecret", "secretsmanager:DeleteSecret"),
        info=("s3:GetObject", "secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"),
    ),
)
create_task, destroy_task, info_task = kind.handlers()
