"""An AWS account with the orchestrator installed, in this process: upload, run, look, start over."""

from __future__ import annotations

import contextlib
import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace, TracebackType
from typing import Any
from unittest import mock

from botocore import endpoint
from botocore.session import Session
from ministack.core.responses import set_request_region
from ministack.services import lambda_svc

from deploy_steps import aws
from orchestrator.core.names import Installation, project_files
from orchestrator.local import shim_roles
from tests.harness import memory
from tests.harness.calls import Call
from tests.harness.engine import Engine, Start
from tests.harness.faults import Faults
from tests.harness.line import Line
from tests.harness.paging import Pages
from tests.harness.parts import Parts, Product
from tests.harness.picture import Photographer, Picture
from tests.harness.receiver import Receivers
from tests.harness.slowness import Slowness
from tests.harness.wire import ACCOUNT, REGION, Wire

PREFIX = "gluecode"
CUT = "CUT"

_NOWHERE = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",  # the discard port: a request that misses the line fails at once
    "GLUECODE_ALLOW_LOOPBACK_HTTP": "1",  # Function URLs are served on loopback here
}

Saved = tuple[memory.Memory, dict[str, Any], int]


@dataclass(frozen=True)
class Execution:
    """How one execution went. `status` is SUCCEEDED, FAILED, or CUT when the process was cut off."""

    name: str
    status: str
    output: Any = None
    error: str = ""
    cause: str = ""
    calls: tuple[Call, ...] = ()
    journal: tuple[Mapping[str, Any], ...] = ()

    @property
    def succeeded(self) -> bool:
        """Whether it did what it was asked for."""
        return self.status == "SUCCEEDED"

    @property
    def writes(self) -> list[Call]:
        """The calls that write, on the twin's resources only."""
        return [call for call in self.calls if call.writes and not call.of_the_orchestrator]

    def outcomes(self, *wanted: str) -> list[str]:
        """`kind name` of every step that ended with one of these outcomes."""
        return [f"{line['step']} {line.get('name', '')}" for line in self.journal if line["outcome"] in wanted]


class Account:
    """Use it as a context manager: only one can be open in a process."""

    def __init__(self, parts: Parts | None = None) -> None:
        self.parts = parts or Product()
        self.installation = Installation(PREFIX, "aws", REGION, ACCOUNT)

    def __enter__(self) -> Account:
        self._open = contextlib.ExitStack()
        self._open.enter_context(_environment({**_NOWHERE, **self.parts.environment(self.installation)}))
        self._receivers, self._wire, self.slowness = Receivers(), Wire(), Slowness()
        self._engine = Engine(self.slowness.functions.begin)
        self._line = Line(self._wire, self._engine, self.slowness, PREFIX, self._receivers.address)
        self._observer = self._line.observer()
        self._clients: dict[str, Any] = {}
        self._photographer = Photographer(self.client, PREFIX)
        self._open.callback(self._receivers.close)
        self._open.callback(self._wire.close)
        self._open.callback(self._wire.reset)
        self._open.enter_context(_tasks_session(self._line.session()))
        self._open.enter_context(_no_waiting())
        self._open.enter_context(mock.patch.object(lambda_svc, "_ensure_poller", return_value=None))  # of event sources
        self._open.enter_context(self._engine.running())
        shim_roles.bind()
        self.clear()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._open.close()

    def clear(self) -> None:
        """Empty the account and install the orchestrator anew. Takes some milliseconds."""
        self._wire.reset()
        self.slowness.restore({})
        self._runs = 0
        self._install()

    def _install(self) -> None:
        self.parts.install(self.installation, self.client)
        self._engine.install(self.parts.tasks(self.installation), self.parts.machines(self.installation))

    @contextlib.contextmanager
    def elsewhere(self, *, prefix: str = PREFIX, region: str = REGION, install: bool = False) -> Iterator[None]:
        """The same account in another region, or with another installation: as long as the block lasts.

        `install` makes the installation there; it stays until `clear`.
        """
        here = self.installation, self._clients, self._photographer
        self.installation, self._clients = Installation(prefix, "aws", region, ACCOUNT), {}
        self._photographer = Photographer(self.client, prefix)
        there = {"AWS_REGION": region, "AWS_DEFAULT_REGION": region, **self.parts.environment(self.installation)}
        with mock.patch.dict(os.environ, there), _tasks_session(self._line.session()):
            set_request_region(region)
            try:
                if install:
                    self._install()
                yield
            finally:
                set_request_region(REGION)
                self.installation, self._clients, self._photographer = here

    def save(self) -> Saved:
        """The whole account as it is now."""
        return memory.save(), self.slowness.save(), self._runs

    def restore(self, saved: Saved) -> None:
        """Go back to a saved account."""
        held, pending, self._runs = saved
        memory.restore(held)
        self.slowness.restore(pending)

    @property
    def pages(self) -> Pages:
        """How long the pages are that the tasks' list calls answer."""
        return self._line.pages

    def client(self, service: str) -> Any:
        """A boto3 client for the test itself: not counted, not disturbed."""
        if service not in self._clients:
            self._clients[service] = self._observer.client(service)  # type: ignore[call-overload]  # the name is data
        return self._clients[service]

    def upload(self, project: str, files: Mapping[str, bytes]) -> None:
        """Put a project's files, and no others, where the state machines read them."""
        s3, bucket, prefix = self.client("s3"), self.installation.bucket, project_files(project)
        for found in s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", []):
            if found["Key"].removeprefix(prefix) not in files:
                s3.delete_object(Bucket=bucket, Key=found["Key"])
        for name, content in files.items():
            s3.put_object(Bucket=bucket, Key=prefix + name, Body=content)

    def run(
        self, machine: str, request: Mapping[str, Any], *, faults: Faults | None = None, seed: int | None = None
    ) -> Execution:
        """Run a public machine to its end. `seed` shuffles what runs side by side; without it the order is plain."""
        return self.race([(machine, request)], faults=faults, seed=seed)[0]

    def invoke(self, task: str, event: Mapping[str, Any], *, faults: Faults | None = None) -> Execution:
        """Invoke a task that no machine calls, as what calls it does."""
        self._line.calls, self._line.faults = [], faults or Faults()
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            answer = self._engine.invoke(self.installation.task_name(task), event)
        lines = [line for line in map(_line, said.getvalue().splitlines()) if "step" in line and not line["run"]]
        return Execution(task, "SUCCEEDED", answer, calls=tuple(self._line.calls), journal=tuple(lines))

    def race(
        self,
        requests: Sequence[tuple[str, Mapping[str, Any]]],
        *,
        faults: Faults | None = None,
        seed: int | None = None,
    ) -> list[Execution]:
        """Start several machines at once and run all of them to their ends. Each is given the calls of all."""
        self._line.calls, self._line.faults = [], faults or Faults()
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            records = self._engine.execute([self._start(*request) for request in requests], seed)
        lines = [line for line in map(_line, said.getvalue().splitlines()) if "step" in line]
        return [self._execution(record, lines) for record in records]

    def _start(self, machine: str, request: Mapping[str, Any]) -> Start:
        self._runs += 1
        return {
            "stateMachineArn": self.installation.machine_arn(machine),
            "name": f"{machine}-{self._runs:05d}",
            "input": json.dumps(request),
        }

    def _execution(self, record: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> Execution:
        return Execution(
            name=record["name"],
            status=CUT if self._engine.gone else record["status"],
            output=json.loads(record["output"]) if record["status"] == "SUCCEEDED" else None,
            error=record.get("error") or "",
            cause=record.get("cause") or "",
            calls=tuple(self._line.calls),
            journal=tuple(line for line in lines if line["run"] == record["name"]),
        )

    def picture(self) -> Picture:
        """Everything that is there beside the orchestrator, and which of the functions Lambda would refuse to run."""
        dead: Picture = {
            f"unbound {name}": {} for name, each in lambda_svc._functions.items() if shim_roles.unbound(each)
        }
        return {**self._photographer.take(), **dead}

    def item(self, twin: str, item: str) -> dict[str, Any] | None:
        """One item of the state table (`lock`, `record`), or None."""
        found: dict[str, Any] = self.client("dynamodb").get_item(
            TableName=self.installation.state_table, Key={"twin": {"S": twin}, "item": {"S": item}}
        )
        return found.get("Item")


def _line(text: str) -> dict[str, Any]:
    try:
        line = json.loads(text)
    except ValueError:
        return {}
    return line if isinstance(line, dict) else {}


@contextlib.contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    for name in [name for name in before if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextlib.contextmanager
def _tasks_session(session: Session) -> Iterator[None]:
    """Every client of the tasks is made by this session."""
    aws.client.cache_clear()
    try:
        with mock.patch.object(aws, "session", return_value=session):
            yield
    finally:
        aws.client.cache_clear()


@contextlib.contextmanager
def _no_waiting() -> Iterator[None]:
    """Take the pauses between botocore's own retries out."""
    module = vars(endpoint)
    before = module["time"]
    module["time"] = SimpleNamespace(sleep=lambda _: None)
    try:
        yield
    finally:
        module["time"] = before
