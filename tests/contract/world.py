"""An AWS account as a contract test sees it: steps run through their own handlers, and every call they make is seen."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ConnectionClosedError

from deploy_steps import aws
from deploy_steps.task import Kind
from tests.harness.iam import needs

INSTALLATION = "gluecode/us-east-1"
READS = ("Get", "List", "Describe")


class Cut(BaseException):
    """The step's process ends here. Not an Exception: nothing may catch it."""


@dataclass(frozen=True)
class Call:
    """One AWS call of a step."""

    service: str
    operation: str

    @property
    def writes(self) -> bool:
        """Whether it can change anything."""
        return not self.operation.startswith(READS)

    @property
    def needs(self) -> set[str]:
        """The IAM actions that AWS asks for."""
        return needs(self.service, self.operation)


@dataclass
class World:
    """One account and one twin in it. `hand` gives the clients of whoever does things by hand: those are not seen."""

    engine: str
    twin: str
    hand: Callable[[str], Any]
    calls: list[Call] = field(default_factory=list)
    needed: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    _before: Callable[[Call], Any] | None = None
    _after: Callable[[], None] | None = None
    _watched: set[str] = field(default_factory=set)

    @property
    def owner(self) -> dict[str, Any]:
        """The owner of everything a row specifies."""
        return {"twin": self.twin, "layer": "L2", "installation": INSTALLATION}

    @property
    def tags(self) -> dict[str, str]:
        """The tags that this owner's things carry."""
        return {
            "DigitalTwin": self.twin,
            "Layer": "L2",
            "ManagedBy": "multicloud-gluecode",
            "Installation": INSTALLATION,
        }

    @property
    def account(self) -> str:
        """The number of the account that the engine gives."""
        return "123456789012" if self.engine == "moto" else "000000000000"

    @property
    def bucket(self) -> str:
        """The artifact bucket."""
        return f"{self.twin}-artifacts"

    @property
    def writes(self) -> list[str]:
        """The writing calls of the last run, by operation."""
        return [call.operation for call in self.calls if call.writes]

    def create(
        self, kind: Kind, spec: Mapping[str, Any], *, dry_run: bool = False, may_exist: bool = True
    ) -> dict[str, Any]:
        """Run the create task."""
        return self._run(kind, "create", {"spec": spec, "dry_run": dry_run, "may_exist": may_exist})

    def destroy(self, kind: Kind, identity: Mapping[str, Any], *, dry_run: bool = False) -> dict[str, Any]:
        """Run the destroy task."""
        return self._run(kind, "destroy", {"identity": identity, "dry_run": dry_run})

    def info(self, kind: Kind, spec: Mapping[str, Any]) -> dict[str, Any]:
        """Run the info task."""
        return self._run(kind, "info", {"spec": spec})

    def close(self) -> None:
        """Stop seeing the calls: the clients are those of the next test as well."""
        for service in self._watched:
            events = aws.client(service).meta.events
            events.unregister("before-call", self._on_call)
            events.unregister("after-call", self._on_answer)

    @contextmanager
    def failing(
        self, code: str, status: int, message: str = "injected", *, when: Callable[[Call], bool]
    ) -> Iterator[None]:
        """AWS answers every call that `when` picks with this error, without doing it."""

        def answer(call: Call) -> Any:
            if not when(call):
                return None
            told = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
            return AWSResponse("injected", status, HTTPHeaders(), None), told

        with self._hooked(before=answer):
            yield

    @contextmanager
    def interrupted(self, before_first_write: Callable[[], None]) -> Iterator[None]:
        """Somebody else does something between the step's reading and its first write."""
        pending = [before_first_write]

        def act(call: Call) -> None:
            if call.writes and pending:
                pending.pop()()

        with self._hooked(before=act):
            yield

    @contextmanager
    def losing_the_answer_of_write(self, number: int) -> Iterator[None]:
        """The n-th writing call takes effect, then its connection breaks, so that botocore sends it once more."""
        seen = [0]

        def lose(call: Call) -> None:
            seen[0] += call.writes
            if call.writes and seen[0] == number:
                session = aws.client(call.service)._endpoint.http_session
                send = session.send

                def send_and_break(request: Any) -> Any:
                    session.send = send
                    send(request)
                    raise ConnectionClosedError(endpoint_url=request.url)

                session.send = send_and_break

        with self._hooked(before=lose):
            yield

    @contextmanager
    def cut_off_after(self, count: int) -> Iterator[None]:
        """The process ends right after its n-th call: that call took effect, its answer is lost."""
        left = [count]

        def tick() -> None:
            left[0] -= 1
            if left[0] == 0:
                raise Cut

        with self._hooked(after=tick):
            yield

    @contextmanager
    def _hooked(
        self, before: Callable[[Call], Any] | None = None, after: Callable[[], None] | None = None
    ) -> Iterator[None]:
        self._before, self._after = before, after
        try:
            yield
        finally:
            self._before, self._after = None, None

    def _run(self, kind: Kind, verb: str, event: Mapping[str, Any]) -> dict[str, Any]:
        self._watch(kind.service)
        self._watch("s3")
        self.calls.clear()
        try:
            # Through JSON and back, as between two states of a state machine.
            answer = kind.task(verb)(json.loads(json.dumps({"run": "test", **event})), None)
            return dict(json.loads(json.dumps(answer)))
        finally:
            needed = set().union(*(call.needs for call in self.calls))
            self.needed.setdefault((kind.name, verb), set()).update(needed)
            undeclared = needed - set(kind.actions.of(verb))
            assert not undeclared, f"{kind.name} {verb} calls what it does not declare: {undeclared}"

    def _watch(self, service: str) -> None:
        if service in self._watched:
            return
        self._watched.add(service)
        events = aws.client(service).meta.events
        events.register("before-call", self._on_call)
        events.register("after-call", self._on_answer)

    def _on_call(self, model: Any, **_: Any) -> Any:
        call = Call(model.service_model.service_name, model.name)
        self.calls.append(call)
        return self._before(call) if self._before else None

    def _on_answer(self, **_: Any) -> None:
        if self._after:
            self._after()
