"""The queue of requests and what has it worked off, in simulated time: a day of waiting takes a second.

The queues are made as the template says. The emulator's own event source mapping runs on a clock that only the test
moves; it stops recursive loops as Lambda does, and botocore itself adds the trace header that they are found by.
"""

from __future__ import annotations

import contextlib
import contextvars
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from unittest import mock

from ministack.services import lambda_svc, sqs, stepfunctions

from deploy_steps.registry import all_tasks
from deploy_steps.state import lock
from deploy_steps.tasks import start_deployment
from orchestrator.core.names import project_files
from orchestrator.install import packages, template
from orchestrator.install.machines import machines
from orchestrator.local import lineage, shim_loops
from tests.harness.account import Account

TASK = "start-deployment"
QUIET_SECONDS = 20.0
_CODE = template.Code("tasks.zip", "functions.zip", "c2hhMjU2", "functions-layer.zip", "pydantic-layer.zip")


class Requests:
    """The queues of an account. `open_` makes them."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._now = time.time()
        made = template.orchestrator(all_tasks(), machines(), _CODE, "0.1.0+abc")["Resources"]
        self._queue, self._mapping = (made[name]["Properties"] for name in ("Requests", "RequestsToStarter"))
        self.function_seconds: float = made[template.STARTER]["Properties"]["Timeout"]
        self.receives: int = self._queue["RedrivePolicy"]["maxReceiveCount"]
        self.end_workers = False
        self.journal: list[Mapping[str, Any]] = []
        self.batches: list[list[str]] = []
        self.lineages: list[lineage.Lineage] = []

    @classmethod
    @contextlib.contextmanager
    def open_(cls, account: Account) -> Iterator[Requests]:
        """The queues of an empty account, for as long as they are looked at."""
        made = cls(account)
        before = [(vars(module), dict(vars(module))) for module in (lambda_svc, sqs)]
        handlers = dict(sqs._HANDLERS)
        shim_loops.install()
        clock = SimpleNamespace(time=lambda: made._now, monotonic=lambda: made._now, sleep=lambda _: None)
        for module, _ in before:
            module["time"] = clock
        lambda_svc._execute_function, lambda_svc._dispatch_esm_batch = made._execute, _at_once
        now = mock.patch.object(start_deployment, "_now", made._moment)
        try:
            with now, mock.patch.dict(os.environ, made._installed()), mock.patch.dict(start_deployment._failing):
                yield made
        finally:
            for module, values in before:
                module.update(values)
            sqs._HANDLERS.update(handlers)

    def _moment(self) -> datetime:
        return datetime.fromtimestamp(self._now, UTC)

    def _installed(self) -> dict[str, str]:
        """Make queues, function and mapping; answers what the function's environment says of them."""
        here, client = self._account.installation, self._account.client
        undelivered = client("sqs").create_queue(QueueName=here.undelivered_queue)["QueueUrl"]
        redrive = {"deadLetterTargetArn": here.queue_arn(here.undelivered_queue), "maxReceiveCount": self.receives}
        attributes = {
            "VisibilityTimeout": str(self._queue["VisibilityTimeout"]),
            "DelaySeconds": str(int(QUIET_SECONDS)),
            "RedrivePolicy": json.dumps(redrive),
        }
        requests = client("sqs").create_queue(QueueName=here.requests_queue, Attributes=attributes)["QueueUrl"]
        client("lambda").create_function(
            FunctionName=here.task_name(TASK),
            Runtime="python3.13",
            Handler="x.y",
            Role=here.role_arn("any"),
            Code={"ZipFile": packages.zipped({})},
        )
        client("lambda").create_event_source_mapping(
            FunctionName=here.task_name(TASK),
            EventSourceArn=here.queue_arn(here.requests_queue),
            BatchSize=self._mapping["BatchSize"],
            FunctionResponseTypes=self._mapping["FunctionResponseTypes"],
        )
        return {
            "DEPLOY_MACHINE": here.machine_arn("deploy"),
            "REQUESTS_QUEUE": requests,
            "UNDELIVERED_QUEUE": undelivered,
            "QUIET_SECONDS": str(QUIET_SECONDS),
        }

    def changed(self, project: str, paths: Iterable[str]) -> None:
        """Send what the rule sends when these files of a project have changed."""
        for path in paths:
            self.send(json.dumps({"object": {"key": project_files(project) + path}, "reason": "PutObject"}))

    def send(self, body: str) -> None:
        """Send one message as EventBridge does: it belongs to no chain of requests."""
        self._account.client("sqs").send_message(QueueUrl=os.environ["REQUESTS_QUEUE"], MessageBody=body)

    def pass_time(self, seconds: float = 0, *, minutes: float = 0, hours: float = 0) -> None:
        """Let so much time pass. Every message is received the moment it is visible."""
        until = self._now + seconds + 60 * minutes + 3600 * hours
        while True:
            while lambda_svc._poll_sqs():
                pass
            next_ = min((message["visible_at"] for message in self._messages(self.queue)), default=until)
            if next_ >= until:
                self._now = until
                return
            self._now = max(next_, self._now + 0.1)

    @property
    def queue(self) -> str:
        """The name of the queue of requests."""
        return self._account.installation.requests_queue

    @property
    def waiting(self) -> list[str]:
        """The bodies of what is in the queue of requests, visible or not."""
        return [message["body"] for message in self._messages(self.queue)]

    @property
    def undelivered(self) -> list[tuple[str, str]]:
        """What is in the queue of undelivered events: each body, and the reason that was given."""
        found = self._messages(self._account.installation.undelivered_queue)
        reasons = [message["message_attributes"].get("ERROR_MESSAGE", {}) for message in found]
        return [(each["body"], reason.get("StringValue", "")) for each, reason in zip(found, reasons, strict=True)]

    @property
    def deployments(self) -> list[str]:
        """Status of every execution of the deploy machine."""
        machine = self._account.installation.machine_arn("deploy")
        listed = self._account.client("stepfunctions").list_executions(stateMachineArn=machine)["executions"]
        return [each["status"] for each in listed]

    def hold(self, twin: str) -> Callable[[], None]:
        """Have an execution that runs hold the twin's lock. Answers what ends it."""
        here, client = self._account.installation, self._account.client
        arn = here.execution_arn("destroy", "somebody")
        record = {"executionArn": arn, "stateMachineArn": here.machine_arn("destroy"), "name": "somebody"}
        running = {
            "status": "RUNNING",
            "startDate": stepfunctions.now_iso(),
            "stopDate": None,
            "input": "{}",
            "output": None,
        }
        stepfunctions._executions[arn] = record | running
        lock.take(client("dynamodb"), client("stepfunctions"), here.state_table, twin, arn)

        def end() -> None:
            lock.release(client("dynamodb"), here.state_table, twin, arn)
            stepfunctions._executions[arn] |= {"status": "SUCCEEDED", "stopDate": stepfunctions.now_iso()}

        return end

    def _messages(self, queue: str) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = sqs._queue_by_arn(self._account.installation.queue_arn(queue))["messages"]
        return found

    def _execute(self, function: Mapping[str, Any], event: Mapping[str, Any]) -> dict[str, Any]:
        """Run the task in this process. The two variables are what Lambda sets, and what botocore reads."""
        name, header = function["config"]["FunctionName"], lambda_svc._xray_trace_id_for_invocation(function["config"])
        self.batches.append([record["messageId"] for record in event["Records"]])
        self.lineages.append(lineage.read(header))
        if self.end_workers:
            return {"error": True, "body": {"errorType": "Runtime.ExitError", "errorMessage": "out of memory"}}
        with mock.patch.dict(os.environ, {"AWS_LAMBDA_FUNCTION_NAME": name, "_X_AMZN_TRACE_ID": header}):
            done = self._account.invoke(TASK, event)
        self.journal += done.journal
        return {"body": done.output}


def _at_once(_: str, run: Callable[..., None], *args: Any) -> None:
    contextvars.copy_context().run(run, *args)
