"""The specs of a twin's functions: each with its role, settings, permissions and, where it is public, its URL."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.core import specs
from orchestrator.core.catalogue import FUNCTIONS, OF, SHAPES
from orchestrator.core.inline_policy import INLINE_LIMIT
from orchestrator.core.names import Installation, TwinNames
from orchestrator.core.plan.errors import PlanTooLarge
from orchestrator.core.plan.model import FunctionComponent
from orchestrator.core.plan.policies import Statement, document
from orchestrator.core.plan.wiring import Wirings
from orchestrator.core.specs import Owner

if TYPE_CHECKING:
    from orchestrator.core.config import Project

ASYNC_RETRIES = 2  # the most that Lambda makes
ASYNC_MAX_AGE_SECONDS = 21_600  # six hours, the longest that Lambda keeps an event
_MEMORY_MB = 256  # processor time comes with memory: at 128 MB a cold start takes twice as long


@dataclass(frozen=True)
class Code:
    """What functions are deployed from, and what runs them.

    `bucket` and `key` say where the zip lies; `sha256` is in base64, as Lambda's CodeSha256; `layers` are the ARNs of
    the layer versions with the functions' dependencies.
    """

    bucket: str
    key: str
    sha256: str
    layers: tuple[str, ...] = ()
    runtime: str = "python3.13"
    architecture: str = "arm64"


def functions(
    project: Project, installation: Installation, code: Code, boundary: str | None
) -> dict[str, FunctionComponent]:
    """Every function by its short name, whether the mapping needs it or not."""
    twin, wirings = TwinNames(project.twin), Wirings(project, installation)

    def made(component: str) -> FunctionComponent:
        row, shape, wiring = OF[component], SHAPES[component], wirings.of(component)
        name, owner = twin.function(component), Owner(project.twin, row.layer, installation=installation.scope)
        function = specs.FunctionSpec(
            name,
            owner,
            role_arn=installation.twin_role_arn(name),
            handler=row.handler,
            code=specs.StoredObject(code.bucket, code.key, code.sha256),
            environment=dict(wiring.environment),
            layers=code.layers,
            configuration_layer=None,  # its version is known once the layer is published
            memory_mb=_MEMORY_MB,
            timeout_seconds=shape.timeout_seconds,
            runtime=code.runtime,
            architecture=code.architecture,
            log_group=twin.log_group,
            description=shape.description,
        )
        gives_up_to = installation.queue_arn(twin.failure_queue)
        invoked = specs.InvokeConfigSpec(name, owner, ASYNC_RETRIES, ASYNC_MAX_AGE_SECONDS, gives_up_to)
        return FunctionComponent(
            name,
            owner,
            role(name, owner, "lambda.amazonaws.com", wiring.rights, boundary),
            function,
            specs.PermissionsSpec(name, owner, wiring.callers),
            event_source=specs.EventSourceSpec(name, owner, wiring.queue_arn) if wiring.queue_arn else None,
            invoke_config=None if shape.public else invoked,
            url=specs.FunctionUrlSpec(name, owner) if shape.public else None,
            secret_name=wiring.secret,
        )

    return {component: made(component) for component in FUNCTIONS}


def role(
    name: str, owner: Owner, service: str, statements: Iterable[Statement], boundary: str | None
) -> specs.RoleSpec:
    """The spec of a role. Raises PlanTooLarge when IAM would not take its policy."""
    policy = document(statements)
    if len(json.dumps(policy, separators=(",", ":"))) > INLINE_LIMIT:
        raise PlanTooLarge(
            f"The role '{name}' would need a policy of more than {INLINE_LIMIT} characters, which IAM refuses: "
            "let the events in config_events.json invoke fewer different functions."
        )
    return specs.RoleSpec(name, owner, service, policy, boundary)
