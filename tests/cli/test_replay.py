"""Failed events go back in where they failed, under the same trace id, and nothing leaves the queue before that."""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from lambda_functions.shared.failure_queue import document
from orchestrator.cli import main
from orchestrator.core.errors import GluecodeError
from orchestrator.core.specs import Owner
from orchestrator.local.cloud import Cloud
from orchestrator.local.remote_faults import Fault
from orchestrator.operations import failure_queue, replay
from orchestrator.operations.failure_queue import FailureQueue
from orchestrator.operations.replay import Handled
from tests.conftest import Clients, clients_of
from tests.local.functions import deploy, eventually, logged
from tests.loss.proxy import Proxy

TRACE = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"
TELEMETRY = {"iotDeviceId": "press-1", "time": "2026-11-23T10:00:00Z", "force": 1.5, "name": "Prëss"}
ENVELOPE = {
    "source_cloud": "aws",
    "target_layer": "L3",
    "message_type": "telemetry",
    "timestamp": "2026-11-23T10:00:00.000Z",
    "payload": TELEMETRY,
    "trace_id": TRACE,
}
PRINTS = "import json\n\ndef handler(event, context):\n    print(json.dumps(event))\n"


@dataclass
class Twin:
    """A twin of which the failure queue is there, and functions that print what they are invoked with."""

    name: str
    client: Clients
    url: str

    def function(self, component: str, owner: str | None = None) -> str:
        """Deploy one; `owner` is the twin in whose name."""
        name = f"{self.name}-{component}"
        deploy(self.client, PRINTS, FunctionName=name, Tags=Owner(owner or self.name).tags)
        return name

    def fail(self, document: Any) -> str:
        """Put a document into the queue. Returns the message's id."""
        body = document if isinstance(document, str) else json.dumps(document)
        return str(self.client("sqs").send_message(QueueUrl=self.url, MessageBody=body)["MessageId"])

    def replay(self, **options: Any) -> list[Handled]:
        """Replay it."""
        return replay.replay(self, self.name, failure_queue.find(self, self.name), **options)

    def visible(self) -> int:
        """How many messages anybody could receive now."""
        asked = self.client("sqs").get_queue_attributes(QueueUrl=self.url, AttributeNames=["All"])["Attributes"]
        return int(asked["ApproximateNumberOfMessages"])

    def invoked_with(self, function: str) -> list[Any]:
        """What a function was invoked with so far."""
        try:
            return [json.loads(line) for line in logged(self.client, f"/aws/lambda/{function}") if line[0] in "{["]
        except self.client("logs").exceptions.ResourceNotFoundException:
            return []

    def invoked_once(self, function: str) -> Any:
        """What a function was invoked with, waited for."""
        [event] = eventually(lambda: self.invoked_with(function) or None)
        return event


@pytest.fixture
def twin(clients: Clients) -> Iterator[Twin]:
    name = f"t{uuid.uuid4().hex[:10]}"
    url = clients("sqs").create_queue(QueueName=f"{name}-failures")["QueueUrl"]
    yield Twin(name, clients, url)
    clients("sqs").delete_queue(QueueUrl=url)


@pytest.fixture
def run(
    twin: Twin, embedded_cloud: Cloud, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str, str]]:
    """Runs `gluecode replay TWIN …`: the exit code, standard output, standard error."""
    monkeypatch.setenv("GLUECODE_HOME", str(embedded_cloud.log_file.parent))

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(["replay", twin.name, "--local", *arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def by_function(function: str, event: Any = ENVELOPE, trace_id: str = TRACE) -> dict[str, Any]:
    """As a function itself reports it."""
    return document(
        reason="remote_400", function=function, trace_id=trace_id, event=event, failed_at="2026-11-23T10:00:01.000Z"
    )


def by_lambda(function: str, event: Any = ENVELOPE) -> dict[str, Any]:
    """As Lambda reports it once every attempt broke off."""
    return {
        "version": "1.0",
        "timestamp": "2026-11-23T10:00:01.000Z",
        "requestContext": {
            "requestId": TRACE,
            "functionArn": f"arn:aws:lambda:us-east-1:000000000000:function:{function}:$LATEST",
            "condition": "RetriesExhausted",
        },
        "requestPayload": event,
        "responsePayload": {"errorType": "Unavailable", "errorMessage": "no"},
    }


def by_rule(function: str, event: Any = ENVELOPE) -> dict[str, Any]:
    """As the IoT rule reports it when it could not reach the dispatcher."""
    failure = {"failedAction": "LambdaAction", "failedResource": function, "errorMessage": "no"}
    payload = base64.b64encode(json.dumps(event).encode()).decode()
    return {"ruleName": "r", "topic": "t", "base64OriginalPayload": payload, "failures": [failure]}


def by_queue(function: str, event: Any = ENVELOPE) -> dict[str, Any]:
    """As SQS moves it there from the queue in front of a sender."""
    return {"function": function, "event": event}


@pytest.mark.parametrize(
    ("report", "component"),
    [
        pytest.param(by_function, "connector", id="reported by the function"),
        pytest.param(by_lambda, "persister", id="reported by Lambda"),
        pytest.param(by_rule, "dispatcher", id="reported by the IoT rule"),
        pytest.param(by_queue, "connector", id="moved there by SQS"),
    ],
)
def test_an_event_goes_back_unchanged_to_where_it_failed(
    twin: Twin, report: Callable[[str], dict[str, Any]], component: str
) -> None:
    function = twin.function(component)
    twin.fail(report(function))

    [handled] = twin.replay()

    assert (handled.outcome, handled.function, handled.trace_id) == ("replayed", function, TRACE)
    assert twin.invoked_once(function) == ENVELOPE
    assert (twin.visible(), twin.replay()) == (0, [])


def test_a_device_s_own_message_keeps_the_trace_id_that_its_logs_have(twin: Twin) -> None:
    function = twin.function("dispatcher")
    twin.fail(by_lambda(function, TELEMETRY))

    [handled] = twin.replay()

    event = twin.invoked_once(function)
    assert handled.trace_id == TRACE
    assert (event["trace_id"], event["payload"], event["source_cloud"]) == (TRACE, TELEMETRY, "aws")


def test_a_device_s_message_that_never_got_in_travels_under_the_trace_id_that_is_told(twin: Twin) -> None:
    function = twin.function("dispatcher")
    twin.fail(by_rule("arn:aws:lambda:us-east-1:000000000000:function:renamed-since", TELEMETRY))

    [handled] = twin.replay()

    event = twin.invoked_once(function)
    assert (event["trace_id"], event["payload"]) == (handled.trace_id, TELEMETRY)


def test_what_the_event_checker_has_left_to_do_goes_along(twin: Twin) -> None:
    function = twin.function("event-checker")
    left = {**ENVELOPE, "actions": ["press-1.force > DOUBLE(1) -> alarm"]}
    twin.fail(by_function(function, left))

    twin.replay()

    assert twin.invoked_once(function) == left


def test_what_is_no_event_goes_back_as_it_is(twin: Twin) -> None:
    function = twin.function("dispatcher")
    twin.fail(by_function(function, ["not", "an", "event"]))

    twin.replay()

    assert twin.invoked_once(function) == ["not", "an", "event"]


def test_every_message_is_dealt_with_however_many_there_are(twin: Twin) -> None:
    function = twin.function("persister")
    for _ in range(23):
        twin.fail(by_function(function))

    handled = twin.replay()

    assert ([each.outcome for each in handled], twin.visible()) == (["replayed"] * 23, 0)
    eventually(lambda: len(twin.invoked_with(function)) == 23 or None)


def test_a_dry_run_leaves_everything_where_anybody_sees_it(twin: Twin) -> None:
    function = twin.function("persister")
    told = [twin.fail(by_function(function)), twin.fail("not JSON"), twin.fail(by_function(f"{twin.name}-gone"))]

    handled = twin.replay(dry_run=True)

    assert {each.message_id: each.outcome for each in handled} == dict(
        zip(told, ("replayed", "unreadable", "kept"), strict=True)
    )
    assert (twin.visible(), twin.invoked_with(function)) == (3, [])


def test_a_limit_counts_what_is_put_back(twin: Twin) -> None:
    function = twin.function("persister")
    twin.fail("not JSON")
    for _ in range(4):
        twin.fail(by_function(function))

    handled = twin.replay(limit=3)

    assert sum(each.outcome == "replayed" for each in handled) == 3
    assert twin.visible() == 2


def test_what_cannot_be_read_stays_and_is_named(twin: Twin) -> None:
    message_id = twin.fail({"reason": "remote_400"})

    [handled] = twin.replay()

    assert (handled.outcome, handled.message_id, twin.visible()) == ("unreadable", message_id, 1)
    assert "lacks something" in handled.why


def test_an_event_whose_function_is_gone_is_kept(twin: Twin) -> None:
    twin.fail(by_function(f"{twin.name}-connector"))

    [handled] = twin.replay()

    assert (handled.outcome, twin.visible()) == ("kept", 1)
    assert handled.why == f"the function {twin.name}-connector is not there (any more)"


def test_a_message_cannot_make_us_run_a_function_that_is_not_the_twin_s(twin: Twin) -> None:
    function = twin.function("payroll", owner="another")
    twin.fail(by_function(function))

    [handled] = twin.replay()

    assert (handled.outcome, twin.visible(), twin.invoked_with(function)) == ("kept", 1, [])
    assert handled.why == f"the function {function} does not belong to the twin"


@pytest.mark.parametrize("kind", ["throttle", "error", "drop_unread"])
def test_an_event_that_lambda_does_not_accept_is_kept(twin: Twin, embedded_cloud: Cloud, kind: Any) -> None:
    function = twin.function("persister")
    twin.fail(by_function(function))
    with Proxy(embedded_cloud.endpoint) as proxy:
        aws = Twin(twin.name, clients_of(embedded_cloud, proxy.url), twin.url)
        aws.client("lambda").meta.events.register(
            "before-call.lambda.Invoke", lambda **_: proxy.faults.plan([Fault(kind, "lambda", times=None)])
        )

        [handled] = aws.replay()

    assert (handled.outcome, twin.visible(), twin.invoked_with(function)) == ("kept", 1, [])


def test_an_event_whose_acceptance_is_never_heard_of_is_kept_and_goes_in_again(
    twin: Twin, embedded_cloud: Cloud
) -> None:
    function = twin.function("persister")
    twin.fail(by_function(function))
    with Proxy(embedded_cloud.endpoint) as proxy:
        aws = Twin(twin.name, clients_of(embedded_cloud, proxy.url), twin.url)
        aws.client("lambda").meta.events.register(
            "before-call.lambda.Invoke", lambda **_: proxy.faults.plan([Fault("lose_answer", "lambda", times=None)])
        )
        [first] = aws.replay()
        [second] = twin.replay()

    assert (first.outcome, second.outcome, twin.visible()) == ("kept", "replayed", 0)
    eventually(lambda: twin.invoked_with(function) == [ENVELOPE] * 3 or None)  # boto3 tried twice


def test_an_event_that_fails_again_is_kept_for_the_next_time(twin: Twin) -> None:
    function = twin.function("persister")
    twin.fail(by_function(function))
    queue = failure_queue.find(twin, twin.name)

    def fails_again(handled: Handled) -> None:
        while datetime.now(UTC) <= queue.opened_at:
            time.sleep(0.05)
        if handled.outcome == "replayed":
            twin.fail(by_function(function))
            twin.fail(by_function(function, trace_id=str(uuid.uuid4()), event=TELEMETRY))

    handled = replay.replay(twin, twin.name, queue, tell=fails_again)

    assert [(each.outcome, each.why) for each in handled] == [
        ("replayed", ""),
        ("kept", replay.FAILED_AGAIN),
        ("kept", replay.CAME_LATER),
    ]
    assert twin.visible() == 2


def test_what_is_borrowed_is_given_back_whatever_happens(twin: Twin) -> None:
    twin.fail(by_function("any"))

    def is_interrupted(_: Handled) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        twin.replay(dry_run=True, tell=is_interrupted)

    assert twin.visible() == 1


def test_a_message_that_is_shown_again_is_not_dealt_with_again(twin: Twin) -> None:
    twin.fail(by_function("any"))

    with FailureQueue(twin.client("sqs"), twin.url, hold_seconds=0) as queue:
        assert (len(queue.borrow()), twin.visible()) == (1, 1)
        twin.fail(by_function("another"))

        [message] = queue.borrow()

    assert json.loads(message.body)["function"] == "another"


def test_what_is_held_stays_hidden_for_as_long_as_there_is_work(twin: Twin) -> None:
    now, asked = [0.0], []
    sqs = twin.client("sqs")
    twin.fail(by_function("any"))
    sqs.meta.events.register(
        "provide-client-params.sqs.ChangeMessageVisibilityBatch",
        lambda params, **_: asked.append([entry["VisibilityTimeout"] for entry in params["Entries"]]),
        unique_id="asked",
    )

    with FailureQueue(sqs, twin.url, hold_seconds=120, clock=lambda: now[0]) as queue:
        queue.borrow()
        for now[0] in (10.0, 29.9, 30.0, 31.0, 60.0):
            queue.renew()

    sqs.meta.events.unregister("provide-client-params.sqs.ChangeMessageVisibilityBatch", unique_id="asked")
    assert asked == [[120], [120], [0]]


def test_a_twin_without_a_failure_queue_is_said_to_have_none(twin: Twin) -> None:
    with pytest.raises(GluecodeError, match="no failure queue 'nobody-failures'"):
        failure_queue.find(twin, "nobody")


def test_the_table_groups_what_is_alike_and_the_exit_code_says_that_something_stays(
    twin: Twin, run: Callable[..., tuple[int, str, str]]
) -> None:
    function = twin.function("persister")
    for _ in range(3):
        twin.fail(by_function(function))
    message_id = twin.fail("not JSON")

    code, out, err = run()

    rows = [line.split() for line in out.splitlines()]
    assert rows[1][:4] == ["3", "replayed", function, "remote_400"]
    assert (rows[2][:2], message_id in rows[2]) == (["1", "unreadable"], True)
    assert out.splitlines()[-1] == "3 put back, 1 unreadable."
    assert (code, "1 message stays in the failure queue" in err) == (1, True)


def test_a_dry_run_says_what_would_happen_and_what_to_type(
    twin: Twin, run: Callable[..., tuple[int, str, str]]
) -> None:
    twin.fail(by_function(twin.function("persister")))

    code, out, err = run("--dry-run")

    assert (code, out.splitlines()[-1]) == (0, "1 would be put back.")
    assert f"Next: gluecode replay {twin.name} --local" in err


def test_a_script_gets_every_message(twin: Twin, run: Callable[..., tuple[int, str, str]]) -> None:
    function = twin.function("persister")
    message_id = twin.fail(by_function(function))

    code, out, _ = run("--json")

    result = json.loads(out)
    [event] = result.pop("events")
    assert code == 0
    assert result == {
        "twin": twin.name,
        "queue": f"{twin.name}-failures",
        "dry_run": False,
        "replayed": 1,
        "kept": 0,
        "unreadable": 0,
    }
    assert datetime.fromisoformat(event.pop("since")).tzinfo is not None
    assert event == {
        "outcome": "replayed",
        "message_id": message_id,
        "function": function,
        "reason": "remote_400",
        "trace_id": TRACE,
        "why": "",
    }


def test_an_empty_queue_is_no_failure(run: Callable[..., tuple[int, str, str]], twin: Twin) -> None:
    code, out, _ = run()

    assert (code, out) == (0, f"Nothing lies in {twin.name}-failures.\n")
