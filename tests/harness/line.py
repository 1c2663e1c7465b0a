"""The line between the tasks' boto3 clients and the emulator: counts every call, lets faults at it, carries it over."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.session import Session

from deploy_steps import aws
from tests.harness import strict
from tests.harness.calls import Call, Caller
from tests.harness.engine import Engine
from tests.harness.faults import Faults
from tests.harness.paging import Pages
from tests.harness.slowness import Slowness
from tests.harness.turns import Cut
from tests.harness.wire import Wire, response


class Line:
    """Hooks for a session of botocore. `address` says where a Function URL is really served."""

    def __init__(
        self, wire: Wire, engine: Engine, slowness: Slowness, prefix: str, address: Callable[[str], str]
    ) -> None:
        self._wire = wire
        self._engine = engine
        self._slowness = slowness
        self._caller = Caller(prefix)
        self._address = address
        self.calls: list[Call] = []
        self.faults = Faults()
        self.pages = Pages()

    def session(self) -> Session:
        """A session whose clients go through all of this: for the tasks, with the models that are shipped with them."""
        session = aws.new_session()
        events = _introduced(session)
        self.pages.register(events)
        events.register("before-parameter-build", self._caller.begin)
        events.register("before-send", self._meet)
        return session

    def observer(self) -> boto3.Session:
        """A session whose clients see the same account uncounted and undisturbed: for the test."""
        core = Session()
        _introduced(core).register("before-send", lambda request, **_: self._wire.carry(request))
        return boto3.Session(botocore_session=core)

    def _meet(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        call = self._caller.call
        self._engine.turns.give()
        if self._engine.gone:
            raise Cut
        self.calls.append(call)
        try:
            return self.faults.meet(
                call, lambda: self._slowness.meet(call, lambda: strict.meet(call, lambda: self._carry(call, request)))
            )
        except Cut:
            self._engine.gone = True
            raise

    def _carry(self, call: Call, request: AWSPreparedRequest) -> AWSResponse:
        answer = self._wire.carry(request)
        if not call.operation.endswith("FunctionUrlConfig") or answer.status_code >= 300:
            return answer
        body = json.loads(answer.content or b"{}")
        if "FunctionUrl" in body:
            body["FunctionUrl"] = self._address(body["FunctionUrl"])
        headers = {**answer.headers, "content-length": str(len(json.dumps(body)))}
        return response(answer.url, answer.status_code, headers, json.dumps(body).encode())


def _introduced(session: Session) -> Any:
    """The session's hooks. Its requests say who calls which service, but are not signed: nobody here checks it, and
    signing and describing itself to AWS would be a third of a call's time.
    """
    session.set_default_client_config(Config(signature_version=UNSIGNED, user_agent="harness"))
    events: Any = session.get_component("event_emitter")
    events.register("before-call", _introduce)
    return events


def _introduce(params: dict[str, Any], model: Any, **_: Any) -> None:
    scope = f"test/20261101/{os.environ['AWS_REGION']}/{model.service_model.signing_name}/aws4_request"
    params["headers"]["Authorization"] = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
