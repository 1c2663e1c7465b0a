"""Rotates the token of a connection without refusing a single message: the receiver always learns the new one first.

Where AWS receives, the new token becomes AWSCURRENT, the one before AWSPREVIOUS, and the functions accept both until
the rotation is finished, which takes AWSPREVIOUS away. Where AWS sends, the new token waits as AWSPENDING until the
other side accepts it; finishing makes it AWSCURRENT. Every step can be repeated.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from deploy_steps.aws import tag_map
from deploy_steps.kinds.secret import KIND
from deploy_steps.ownership import ensure_ours
from deploy_steps.state.record import owner_of_secret
from lambda_functions.shared.tokens import CACHED_SECONDS, REFETCH_SECONDS
from orchestrator.core.errors import GluecodeError, UsageError
from orchestrator.core.names import Installation, TwinNames
from orchestrator.core.specs import Owner

Role = Literal["receiving", "sending"]

OLD_WORKS_SECONDS = CACHED_SECONDS
"""How long a function may go on with a token that it has read before: it accepts it, or sends it."""

NEW_WORKS_SECONDS = REFETCH_SECONDS
"""How long a receiver may refuse a new token: it looks for one at most this often."""


@dataclass(frozen=True)
class Connection:
    """A connection of a deployed twin, seen from AWS."""

    id: str
    secret: str
    role: Role
    owner: Owner

    @property
    def other(self) -> str:
        """The cloud on the other side: `azure` or `gcp`."""
        sender, receiver = self.id.split("_to_")
        return (sender if self.role == "receiving" else receiver).partition("_")[0]


@dataclass(frozen=True)
class Versions:
    """The ids of the secret's versions at each stage that it has."""

    current: str | None
    previous: str | None
    pending: str | None


def connection(installation: Installation, record: Mapping[str, Any], twin: str, connection_id: str) -> Connection:
    """One of the twin's connections, by its id. Raises UsageError when it has no such connection."""
    known = sorted(record.get("connections") or ())
    wanted = connection_id.replace("google_", "gcp_")
    if wanted not in known:
        there = f"It has {', '.join(known)}." if known else "Its data crosses no boundary, so there is no token."
        raise UsageError(f"The twin '{twin}' has no connection '{connection_id}'.", there)
    role: Role = "sending" if wanted.startswith("aws_") else "receiving"
    owner = owner_of_secret(Owner(twin, installation=installation.scope), record, wanted)
    return Connection(wanted, TwinNames(twin).secret(wanted), role, owner)


def versions(aws: Any, of: Connection) -> Versions:
    """What the secret holds. Raises GluecodeError when there is none, ForeignResource when it is not the twin's."""
    client = aws.client("secretsmanager")
    try:
        live = client.describe_secret(SecretId=of.secret)
    except client.exceptions.ResourceNotFoundException:
        raise GluecodeError(f"The secret '{of.secret}' is not there.", "`gluecode deploy` makes it anew.") from None
    ensure_ours(KIND, of.secret, of.owner, tag_map(live.get("Tags", [])))
    at = {stage: version for version, stages in live.get("VersionIdsToStages", {}).items() for stage in stages}
    current, pending = at.get("AWSCURRENT"), at.get("AWSPENDING")
    return Versions(current, at.get("AWSPREVIOUS"), pending if pending != current else None)


def put_current(aws: Any, of: Connection, found: Versions, token: str | None = None) -> str:
    """Make a token the current one (a new one unless given); the one before becomes the previous. Returns it.

    A token that waited to be the next one waits no more.
    """
    made = token or _generated()
    aws.client("secretsmanager").put_secret_value(SecretId=of.secret, SecretString=made)
    if found.pending:
        _move(aws, of, "AWSPENDING", RemoveFromVersionId=found.pending)
    return made


def put_pending(aws: Any, of: Connection, found: Versions) -> str:
    """The new token that waits for the other side; made now unless one waits already. Nothing uses it yet."""
    client = aws.client("secretsmanager")
    if found.pending:
        return str(client.get_secret_value(SecretId=of.secret, VersionId=found.pending)["SecretString"])
    made = _generated()
    client.put_secret_value(SecretId=of.secret, SecretString=made, VersionStages=["AWSPENDING"])
    return made


def retire_previous(aws: Any, of: Connection, found: Versions) -> bool:
    """Take the previous token away. False when there is none."""
    if found.previous:
        _move(aws, of, "AWSPREVIOUS", RemoveFromVersionId=found.previous)
    return found.previous is not None


def promote_pending(aws: Any, of: Connection, found: Versions) -> bool:
    """Make the token that waits the current one. False when none waits."""
    if found.pending:
        source = {"RemoveFromVersionId": found.current} if found.current else {}
        _move(aws, of, "AWSCURRENT", MoveToVersionId=found.pending, **source)
        _move(aws, of, "AWSPENDING", RemoveFromVersionId=found.pending)
    return found.pending is not None


def _move(aws: Any, of: Connection, stage: str, **versions_: str) -> None:
    aws.client("secretsmanager").update_secret_version_stage(SecretId=of.secret, VersionStage=stage, **versions_)


def _generated() -> str:
    return secrets.token_urlsafe(32)
