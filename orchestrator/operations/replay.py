"""Puts the events in a twin's failure queue back in, each at the place where it failed.

A message leaves the queue only after Lambda has accepted its event. Between the two the event can be in twice, which
does no harm: it is the same event, under the same trace id, and is stored as the same item.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

from deploy_steps.ownership import is_ours
from lambda_functions.shared import failure_queue
from lambda_functions.shared.envelope import L2, as_trace_id, new_trace_id, open_envelope
from lambda_functions.shared.errors import Refused
from lambda_functions.shared.failure_queue import FailedEvent, NotAFailedEvent
from orchestrator.core.names import TwinNames
from orchestrator.core.specs import Owner
from orchestrator.operations.failure_queue import FailureQueue, Message

Outcome = Literal["replayed", "kept", "unreadable"]

_AT_A_TIME = 10  # as many as one batch has

FAILED_AGAIN = "it failed again"
NOT_REMOVED = "it is back in, but SQS did not remove the message: the next replay puts it in once more"
CAME_LATER = "it came in after the replay had begun"


@dataclass(frozen=True)
class Handled:
    """What became of one message.

    `why` says why the message is still in the queue; it is empty where it is not. `function`, `reason` (why the event
    failed) and `trace_id` are empty for a message that cannot be read.
    """

    outcome: Outcome
    message_id: str
    since: datetime
    function: str = ""
    reason: str = ""
    trace_id: str = ""
    why: str = ""


@dataclass(frozen=True)
class _Entry:
    """An event on its way back in: the function to invoke, what with, and the trace id under which it travels."""

    message: Message
    failed: FailedEvent
    function: str
    document: Any
    trace_id: str

    @property
    def identity(self) -> tuple[str, str]:
        """The same when this event fails at this place again."""
        return self.function, self.trace_id or json.dumps(self.document, sort_keys=True)

    def handled(self, outcome: Outcome, why: str = "") -> Handled:
        return Handled(
            outcome, self.message.id, self.message.sent_at, self.function, self.failed.reason, self.trace_id, why
        )


def replay(
    aws: Any,
    twin: str,
    queue: FailureQueue,
    *,
    dry_run: bool = False,
    limit: int | None = None,
    tell: Callable[[Handled], None] = lambda _: None,
) -> list[Handled]:
    """Go through the queue once; put back at most `limit` events. Tells of every message as it is dealt with.

    A dry run answers the same, as far as can be told without trying, and leaves every message where it is. What comes
    into the queue meanwhile is kept, so that an event which fails every time does not go round for ever.
    """
    worker = _Replay(aws, twin, queue, dry_run=dry_run)
    handled: list[Handled] = []
    left = limit
    with queue, ThreadPoolExecutor(_AT_A_TIME, thread_name_prefix="replay") as pool:
        while left is None or left > 0:
            batch = queue.borrow() if left is None else queue.borrow(left)
            if not batch:
                break
            done = worker.put_back(batch, pool)
            for each in done:
                tell(each)
            handled += done
            if left is not None:
                left -= sum(each.outcome == "replayed" for each in done)
    return handled


class _Replay:
    def __init__(self, aws: Any, twin: str, queue: FailureQueue, *, dry_run: bool) -> None:
        self._functions = aws.client("lambda")
        self._twin = twin
        self._queue = queue
        self._dry_run = dry_run
        self._done: set[tuple[str, str]] = set()
        self._unfit: dict[str, str] = {}

    def put_back(self, batch: list[Message], pool: ThreadPoolExecutor) -> list[Handled]:
        """Deal with some messages side by side; remove those that were accepted."""
        handled: list[Handled] = []
        under_way: dict[Future[str], _Entry] = {}
        for message in batch:
            try:
                entry = _entry(message, self._twin)
            except NotAFailedEvent as error:
                handled.append(Handled("unreadable", message.id, message.sent_at, why=str(error)))
                continue
            why = self._why_not(entry)
            if why:
                handled.append(entry.handled("kept", why))
            elif self._dry_run:
                handled.append(entry.handled("replayed"))
            else:
                self._done.add(entry.identity)
                under_way[pool.submit(self._invoke, entry)] = entry
        pending = set(under_way)
        while pending:
            _, pending = wait(pending, timeout=self._queue.renew_seconds)
            self._queue.renew()
        return handled + self._settled(under_way)

    def _settled(self, ended: Mapping[Future[str], _Entry]) -> list[Handled]:
        refused = {attempt: why for attempt in ended if (why := attempt.result())}
        accepted = [entry for attempt, entry in ended.items() if attempt not in refused]
        stuck = self._queue.remove(entry.message for entry in accepted)
        handled = [ended[attempt].handled("kept", why) for attempt, why in refused.items()]
        for entry in accepted:
            handled.append(entry.handled("replayed", NOT_REMOVED if entry.message.id in stuck else ""))
        return handled

    def _why_not(self, entry: _Entry) -> str:
        if entry.message.sent_at > self._queue.opened_at:
            return FAILED_AGAIN if entry.identity in self._done else CAME_LATER
        if entry.function not in self._unfit:
            self._unfit[entry.function] = self._why_unfit(entry.function)
        return self._unfit[entry.function]

    def _why_unfit(self, function: str) -> str:
        """Whoever may write into the queue must not get to run any function of the account with our rights."""
        try:
            tags = self._functions.get_function(FunctionName=function).get("Tags", {})
        except self._functions.exceptions.ResourceNotFoundException:
            return f"the function {function} is not there (any more)"
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationException":
                raise
            return "its function's name is none"  # "Value '…' at 'functionName' failed to satisfy constraint"
        ours = is_ours(Owner(self._twin), tags)
        return "" if ours else f"the function {function} does not belong to the twin"

    def _invoke(self, entry: _Entry) -> str:
        """Queue the invocation. Returns why it was not accepted, or an empty text."""
        payload = json.dumps(entry.document).encode()
        try:
            self._functions.invoke(FunctionName=entry.function, InvocationType="Event", Payload=payload)
        except ClientError as error:
            return f"{error.response['Error'].get('Code', '')}: {error.response['Error'].get('Message', '')}"
        except BotoCoreError as error:
            return f"Lambda did not answer: {error}"
        return ""


def _entry(message: Message, twin: str) -> _Entry:
    failed = failure_queue.read(message.body)
    # The rule's error action names what the rule could not reach; what it wants to reach is the dispatcher.
    function = TwinNames(twin).function("dispatcher") if failed.origin == "iot-rule" else failed.function
    document, trace_id = _document(failed)
    return _Entry(message, failed, function, document, trace_id)


def _document(failed: FailedEvent) -> tuple[Any, str]:
    """What the function is invoked with: the same envelope, or one around a device's own message.

    Without an envelope the event would get a new trace id, and its way so far would be told under another one.
    """
    trace_id = failed.trace_id or new_trace_id()
    event = failed.event
    if isinstance(event, Mapping) and "payload" in event and as_trace_id(event.get("trace_id")) == trace_id:
        return event, trace_id
    try:
        return open_envelope(event, layer=L2, trace_id=trace_id, cloud="aws").as_dict(), trace_id
    except Refused:  # the function refused it, too, and will say so again
        return event, failed.trace_id or ""
