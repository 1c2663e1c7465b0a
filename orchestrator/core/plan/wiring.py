"""What each function of a twin is told and what it may do, side by side, so that the two cannot drift apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from orchestrator.core.catalogue import needed
from orchestrator.core.names import Installation, TwinNames
from orchestrator.core.plan.footprint import placement
from orchestrator.core.plan.policies import Rights, Statement, work_off
from orchestrator.core.specs import Statement as Permission

if TYPE_CHECKING:
    from orchestrator.core.config import Connection, Project

# A public URL needs both statements. The second without its condition would open direct Invoke to the world.
_PUBLIC = (
    Permission("gluecode-url", "*", "lambda:InvokeFunctionUrl", function_url_auth_type="NONE"),
    Permission("gluecode-url-invoke", "*", "lambda:InvokeFunction", invoked_via_function_url=True),
)

OUTGOING_ATTEMPTS = 5
"""How often an event that waits to be sent is tried, before it goes to the failure queue."""


@dataclass(frozen=True)
class Wiring:
    """How one function hangs together with the others.

    `callers` are the statements of its resource policy; the twin's own functions need none there, their roles allow it.
    `secret` names the secret of the connection that it receives on, `queue_arn` is the queue that it works off.
    """

    environment: Mapping[str, str]
    rights: tuple[Statement, ...]
    callers: tuple[Permission, ...] = ()
    secret: str | None = None
    queue_arn: str | None = None


class Wirings:
    """Wires the functions of one project; each method is named for its function."""

    def __init__(self, project: Project, installation: Installation) -> None:
        self._project = project
        self._installation = installation
        self._twin = TwinNames(project.twin)
        self._rights = Rights(installation, self._twin)
        self._here = placement(project)
        self._connections = {(connection.role, connection.layer): connection for connection in project.connections}

    def of(self, component: str) -> Wiring:
        """The wiring of a function, with what every function has."""
        wire: Callable[[], Wiring] = getattr(self, f"_{component}")
        own = wire()
        level = "DEBUG" if self._project.settings.mode == "DEBUG" else "INFO"
        environment = {
            "POWERTOOLS_SERVICE_NAME": component,
            "POWERTOOLS_METRICS_NAMESPACE": self._twin.metrics,
            "POWERTOOLS_LOG_LEVEL": level,
            **own.environment,
        }
        rights = (self._rights.write_logs(), self._rights.trace(), *own.rights)
        return replace(own, environment=environment, rights=rights)

    def _dispatcher(self) -> Wiring:
        rule = self._installation.rule_arn(self._twin.iot_rule)
        from_rule = Permission("gluecode-iot-rule", "iot.amazonaws.com", "lambda:InvokeFunction", source_arn=rule)
        if self._here.l2:
            told, right = {"PROCESSOR_LAMBDA_NAME": self._twin.function("processor")}, self._to_processors
        else:
            told, right = self._hand_over("connector")
        return replace(self._asynchronous(told, right), callers=(from_rule,))

    def _connector(self) -> Wiring:
        return self._sending("connector", 1, "REMOTE_INGESTION_URL", {})

    def _ingestion(self) -> Wiring:
        environment = {"PROCESSOR_LAMBDA_NAME": self._twin.function("processor")}
        return self._receiving(1, environment, self._to_processors)

    def _processor(self) -> Wiring:
        return self._asynchronous(*self._hand_over("persister"))

    def _persister(self) -> Wiring:
        environment = {"USE_EVENT_CHECKING": str(self._here.event_checking).lower()}
        rights = []
        if self._here.event_checking:
            checker = self._twin.function("event_checker")
            environment["EVENT_CHECKER_LAMBDA_NAME"] = checker
            rights.append(self._rights.invoke([checker]))
        if not self._here.l3:
            return self._sending("persister", 2, "REMOTE_WRITER_URL", environment, *rights)
        environment["DYNAMODB_TABLE_NAME"] = self._twin.hot_table
        return self._asynchronous(environment, self._rights.store(), *rights)

    def _event_checker(self) -> Wiring:
        actions = [event.action for event in self._project.events]
        functions = sorted({action.functionName for action in actions})
        devices = sorted({action.feedback.iotDeviceId for action in actions if action.feedback})
        return self._asynchronous(
            {},
            *([self._rights.invoke(functions)] if functions else ()),
            *([self._rights.answer_devices(devices)] if devices else ()),
        )

    def _writer(self) -> Wiring:
        return self._receiving(2, {"DYNAMODB_TABLE_NAME": self._twin.hot_table}, self._rights.store())

    @cached_property
    def _to_processors(self) -> Statement:
        return self._rights.invoke_processors(map(self._twin.device_processor, self._project.source_digests))

    def _asynchronous(self, environment: Mapping[str, str], *rights: Statement) -> Wiring:
        """A function that nobody waits for: what it gives up on goes to the failure queue."""
        queue = {"FAILURE_QUEUE_URL": self._installation.queue_url(self._twin.failure_queue)}
        return Wiring({**queue, **environment}, (self._rights.report_failures(), *rights))

    def _hand_over(self, sender: str) -> tuple[dict[str, str], Statement]:
        """How events get to what may be a sender: it is invoked, or has a queue in front of it."""
        name = self._twin.function(sender)
        told = {f"{sender.upper()}_LAMBDA_NAME": name}
        if f"{sender}_queue" not in needed(self._here):
            return told, self._rights.invoke([name])
        queue = self._installation.queue_url(self._twin.outbox(sender))
        return {**told, f"{sender.upper()}_QUEUE_URL": queue}, self._rights.gather(sender)

    def _sending(self, sender: str, layer: int, url: str, environment: Mapping[str, str], *rights: Statement) -> Wiring:
        connection = self._connections.get(("sending", layer))
        if connection is None:  # the mapping does not cross clouds here
            return self._asynchronous(environment, *rights)
        _, told, token = self._token(connection)
        made = self._asynchronous({**environment, url: connection.url, **told}, token, *rights)
        if not connection.batching:
            return made
        environment = {**made.environment, "OUTGOING_ATTEMPTS": str(OUTGOING_ATTEMPTS)}
        queue = self._installation.queue_arn(self._twin.outbox(sender))
        # `starting_state` adds the right to a queue last, too.
        return replace(made, environment=environment, rights=(*made.rights, work_off(queue)), queue_arn=queue)

    def _receiving(self, layer: int, environment: Mapping[str, str], *rights: Statement) -> Wiring:
        connection = self._connections.get(("receiving", layer))
        if connection is None:  # the mapping does not cross clouds here
            return Wiring(environment, rights, _PUBLIC)
        secret, told, token = self._token(connection)
        return Wiring({**environment, **told}, (token, *rights), _PUBLIC, secret)

    def _token(self, connection: Connection) -> tuple[str, dict[str, str], Statement]:
        """The connection's secret: its name, how the function is told of it, and the right to read it."""
        secret = self._twin.secret(connection.id)
        told = {"INTER_CLOUD_TOKEN_SECRET": self._installation.secret_arn(secret)}
        if connection.signing:
            told["INTER_CLOUD_SIGNING"] = "true"
        return secret, told, self._rights.read_token(secret)
