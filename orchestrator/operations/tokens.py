"""Keeps the tokens of a project's connections in Secrets Manager, so that its files can travel without them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from deploy_steps.aws import translated
from deploy_steps.contract import Result
from deploy_steps.errors import ForeignResource
from deploy_steps.kinds import secret
from deploy_steps.state.record import owner_of_secret
from orchestrator.core.config import Project
from orchestrator.core.names import TwinNames
from orchestrator.core.specs import Owner, SecretSpec


def keep(
    aws: Any,
    project: Project,
    tokens: Mapping[str, str],
    owner: Owner,
    *,
    record: Callable[[], Mapping[str, Any] | None] = lambda: None,
    dry_run: bool = False,
) -> dict[str, Result]:
    """Put each token into its connection's secret, unless it is there already. Returns what was done, by connection.

    `record` is asked for the twin's record, should a secret lack tags. Tokens of connections that AWS takes no part in
    are left out. Raises StepError.
    """
    client, names = aws.client("secretsmanager"), TwinNames(project.twin)

    def put(connection: str, owner: Owner) -> Result:
        with translated():
            spec = SecretSpec(names.secret(connection), owner)
            return secret.put(client, spec, tokens[connection], dry_run=dry_run)

    results = {}
    for connection in [each.id for each in project.connections if each.id in tokens]:
        try:
            results[connection] = put(connection, owner)
        except ForeignResource:
            known = owner_of_secret(owner, record(), connection)
            if known == owner:
                raise
            results[connection] = put(connection, known)
    return results


def known(aws: Any, twin: str, connections: Iterable[str]) -> tuple[str, ...]:
    """Those of the connections whose token lies in Secrets Manager already."""
    client, names = aws.client("secretsmanager"), TwinNames(twin)
    found = []
    for connection in connections:
        try:
            client.describe_secret(SecretId=names.secret(connection))
        except client.exceptions.ResourceNotFoundException:
            continue
        found.append(connection)
    return tuple(found)
