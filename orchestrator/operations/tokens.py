"""Keeps the tokens of a project's connections in Secrets Manager, so that its files can travel without them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from deploy_steps.aws import translated
from deploy_steps.contract import Result
from deploy_steps.errors import ForeignResource
from deploy_steps.kinds import secret
from orchestrator.core.config import Project
from orchestrator.core.names import TwinNames
from orchestrator.core.plan import Footprint
from orchestrator.core.specs import Owner, SecretSpec


def keep(
    aws: Any,
    project: Project,
    tokens: Mapping[str, str],
    *,
    ours: Callable[[], Footprint] = Footprint,
    adopt: bool = False,
    dry_run: bool = False,
) -> dict[str, Result]:
    """Put each token into its connection's secret, unless it is there already. Returns what was done, by connection.

    `ours` is asked for what the last deployment left, should a secret have no tags. Tokens of connections that AWS
    takes no part in are left out. Raises StepError.
    """
    client, names, owner = aws.client("secretsmanager"), TwinNames(project.twin), Owner(project.twin, adopt=adopt)

    def put(connection: str, owner: Owner) -> Result:
        with translated():
            spec = SecretSpec(names.secret(connection), owner)
            return secret.put(client, spec, tokens[connection], dry_run=dry_run)

    results = {}
    for connection in [each.id for each in project.connections if each.id in tokens]:
        try:
            results[connection] = put(connection, owner)
        except ForeignResource:
            if connection not in ours().connections:
                raise
            results[connection] = put(connection, replace(owner, recorded=True))
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
