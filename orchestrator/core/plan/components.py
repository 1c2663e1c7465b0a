"""The specs of a twin's functions: each with its role, settings, permissions and, where it is public, its URL."""

from __future__ import annotations

import copy
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchestrator.core.names import Installation, TwinNames
from orchestrator.core.plan.errors import PlanTooLarge
from orchestrator.core.plan.mapping import FUNCTIONS, PUBLIC
from orchestrator.core.plan.policies import INLINE_LIMIT, Statement, document
from orchestrator.core.plan.wiring import Wirings

if TYPE_CHECKING:
    from orchestrator.core.config import Project

Json = dict[str, Any]

ASYNC_RETRIES = 2  # the most that Lambda makes
ASYNC_MAX_AGE_SECONDS = 21_600  # six hours, the longest that Lambda keeps an event


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


@dataclass(frozen=True)
class _Shape:
    """What does not depend on the mapping."""

    layer: str
    timeout_seconds: int
    description: str


# A sender's four attempts, with 1, 2 and 4 seconds between them, fit a minute. A public function's caller waits for it.
_SHAPES = {
    "dispatcher": _Shape("L1", 15, "Passes each device's telemetry on to where L2 runs."),
    "connector": _Shape("L1", 60, "Sends telemetry to the Ingestion function on another cloud."),
    "ingestion": _Shape("L2", 15, "Takes in telemetry from the Connector on another cloud."),
    "processor": _Shape("L2", 30, "Processes telemetry."),
    "persister": _Shape("L2", 60, "Stores telemetry in the hot table, or sends it to the Writer on another cloud."),
    "event_checker": _Shape("L2", 30, "Starts the actions of the events whose condition holds."),
    "writer": _Shape("L3", 15, "Stores telemetry from the Persister on another cloud."),
}
_MEMORY_MB = 256  # processor time comes with memory: at 128 MB a cold start takes twice as long


class Components:
    """Makes the specs of one project's functions for one installation.

    Those in `adopt` take over namesakes; those in `recorded` were left there by the last successful deployment.
    """

    def __init__(
        self,
        project: Project,
        installation: Installation,
        code: Code,
        *,
        adopt: Collection[str] = (),
        recorded: Collection[str] = (),
    ) -> None:
        self._installation = installation
        self._code = code
        self._adopt = adopt
        self._recorded = recorded
        self._twin = TwinNames(project.twin)
        self._wirings = Wirings(project, installation)

    def functions(self) -> dict[str, Json]:
        """Every component by its function's short name, whether the mapping needs it or not."""
        return {component: self._component(component) for component in FUNCTIONS}

    def owner(self, layer: str, *components: str) -> Json:
        """Whose a resource is. Only what is asked for is adopted: what is to be removed must be ours already."""
        owner: Json = {"twin": self._twin.twin, "layer": layer}
        flags = {"adopt": self._adopt, "recorded": self._recorded}
        return owner | {flag: True for flag, those in flags.items() if components and {*components} <= {*those}}

    @staticmethod
    def timeout_seconds(component: str) -> int:
        """How long a function may take."""
        return _SHAPES[component].timeout_seconds

    def _component(self, component: str) -> Json:
        shape, wiring = _SHAPES[component], self._wirings.of(component)
        name, owner = self._twin.function(component), self.owner(shape.layer, component)
        made: Json = {
            "name": name,
            "owner": owner,
            "role": role(name, owner, "lambda.amazonaws.com", wiring.rights),
            "function": {"name": name, "owner": owner, **self._settings(component, name, wiring.environment)},
            "permissions": {"name": name, "owner": owner, "statements": list(wiring.callers)},
        }
        if wiring.queue:
            queue_arn = self._installation.queue_arn(wiring.queue)
            made["event_source"] = {"name": name, "owner": owner, "queue_arn": queue_arn}
        if component not in PUBLIC:
            made["invoke_config"] = {
                "name": name,
                "owner": owner,
                "max_retries": ASYNC_RETRIES,
                "max_event_age_seconds": ASYNC_MAX_AGE_SECONDS,
                "on_failure_arn": self._installation.queue_arn(self._twin.failure_queue),
            }
            return made
        made["url"] = {"name": name, "owner": owner}
        if wiring.secret:  # with its token the URL is proven from outside
            made["secret_name"] = wiring.secret
        return made

    def _settings(self, component: str, name: str, environment: Mapping[str, str]) -> Json:
        shape, code = _SHAPES[component], self._code
        return {
            "role_arn": self._installation.role_arn(name),
            "handler": f"lambda_functions.{component}.handler.lambda_handler",
            "code": {"bucket": code.bucket, "key": code.key, "sha256": code.sha256},
            "environment": dict(environment),
            "layers": list(code.layers),
            "configuration_layer": None,  # its version is known once the layer is published
            "memory_mb": _MEMORY_MB,
            "timeout_seconds": shape.timeout_seconds,
            "runtime": code.runtime,
            "architecture": code.architecture,
            "log_group": self._twin.log_group,
            "description": shape.description,
        }


def role(name: str, owner: Json, service: str, statements: Iterable[Statement]) -> Json:
    """The spec of a role. Raises PlanTooLarge when IAM would not take its policy."""
    policy = document(statements)
    if len(json.dumps(policy, separators=(",", ":"))) > INLINE_LIMIT:
        raise PlanTooLarge(
            f"The role '{name}' would need a policy of more than {INLINE_LIMIT} characters, which IAM refuses: "
            "let the events in config_events.json invoke fewer different functions."
        )
    return {"name": name, "owner": owner, "trusted_service": service, "policy": policy}


def device_component(
    device: str, name: str, package: Mapping[str, str], template: Mapping[str, Any], *, recorded: bool = False
) -> Json:
    """The component of a device's own processor: the default processor's, with a name and a package of its own.

    `package` is the device's zip: bucket, key and base64 SHA-256. `template` is the default processor's component.
    `recorded`: the last successful deployment left it there, whatever it did about the default one.
    """
    made: Json = copy.deepcopy(dict(template))
    owner = {key: value for key, value in made["owner"].items() if key != "recorded"}
    for part in (made, made["role"], made["function"], made["permissions"], made["invoke_config"]):
        part["name"] = name
        part["owner"] = owner | ({"recorded": True} if recorded else {})
    function = made["function"]
    function["role_arn"] = f"{function['role_arn'].rpartition('/')[0]}/{name}"
    function["code"] = dict(package)
    function["description"] = f"Processes telemetry of {device} with its own process.py."
    return made
