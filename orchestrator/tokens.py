"""Keeps the tokens of a project's connections in Secrets Manager, so that its files can travel without them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from deploy_steps import secret
from deploy_steps.aws import translated
from deploy_steps.contract import Owner, Result
from orchestrator.config import Project
from orchestrator.names import TwinNames


def keep(
    aws: Any, project: Project, tokens: Mapping[str, str], *, adopt: bool = False, dry_run: bool = False
) -> dict[str, Result]:
    """Put each token into its connection's secret, unless it is there already. Returns what was done, by connection.

    Tokens of connections that AWS takes no part in are left out. Raises StepError.
    """
    client, names, owner = aws.client("secretsmanager"), TwinNames(project.twin), Owner(project.twin, adopt=adopt)
    results = {}
    for connection in project.connections:
        if connection.id in tokens:
            spec = secret.SecretSpec(names.secret(connection.id), owner)
            with translated():
                results[connection.id] = secret.put(client, spec, tokens[connection.id], dry_run=dry_run)
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
