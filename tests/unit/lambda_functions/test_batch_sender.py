"""Several events leave in as few requests as they fit in, and each of them ends as it would have alone."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_functions.aws.entry import remaining
from lambda_functions.shared.batch_sender import Result, _groups, batch_id, send_all
from lambda_functions.shared.breaker import THRESHOLD
from lambda_functions.shared.envelope import MAX_EVENTS, Envelope, trace_id_of
from lambda_functions.shared.errors import MissingSetting, Refused, Unavailable
from lambda_functions.shared.http_request import MAX_BODY_BYTES
from lambda_functions.shared.sending import Message, Sender
from lambda_functions.shared.signing import Verifier
from lambda_functions.shared.tokens import Tokens
from tests.unit.lambda_functions.support import (
    DROP,
    TELEMETRY,
    TOKEN,
    Context,
    Received,
    Remote,
    an_envelope,
    an_hour,
    lines_of,
    remote_cloud,
    results,
    tokens,
)


def events(number: int, **changes: Any) -> list[Envelope]:
    """Envelopes with a moment and a trace id of their own each."""
    return [an_envelope({**TELEMETRY, "time": n, **changes}, trace_id=str(uuid.UUID(int=n + 1))) for n in range(number)]


def sender_to(remote: Remote, **options: Any) -> Sender:
    return Sender(remote.url, sleep=lambda _: None, **options)


def told(ended: list[Result]) -> list[str]:
    """How sending ended, in words."""
    return ["sent" if each is None else f"{type(each).__name__} {each}" for each in ended]


def test_several_events_travel_in_one_request_in_their_order(remote: Remote) -> None:
    remote.answers = [results(200)]
    sent = events(5)

    ended = send_all(sender_to(remote), sent, tokens(TOKEN), an_hour)

    assert ended == [None] * 5
    [request] = remote.received
    assert json.loads(request.body) == [each.as_dict() for each in sent]
    assert request.headers["X-Inter-Cloud-Token"] == TOKEN
    assert request.headers["Content-Type"] == "application/json"
    assert trace_id_of(request.headers["traceparent"]) == batch_id(each.trace_id for each in sent)


def test_one_event_travels_as_ever(remote: Remote) -> None:
    [sent] = events(1)

    assert send_all(sender_to(remote), [sent], tokens(TOKEN), an_hour) == [None]

    [request] = remote.received
    assert json.loads(request.body) == sent.as_dict()
    assert trace_id_of(request.headers["traceparent"]) == sent.trace_id


def test_no_event_is_no_request(remote: Remote) -> None:
    assert send_all(sender_to(remote), [], tokens(TOKEN), an_hour) == []
    assert remote.received == []


def test_each_event_ends_as_its_own_result_says(remote: Remote) -> None:
    remote.answers = [results(200, 400, 429, 413, 503, 500, 201)]

    ended = send_all(sender_to(remote), events(7), tokens(TOKEN), an_hour)

    later = "Unavailable 127.0.0.1 could not take the event now: "
    assert told(ended) == [
        "sent",
        "Refused remote_400:because_400",
        f"{later}remote_429:because_429.",
        "Refused remote_413:because_413",
        f"{later}remote_503:because_503.",
        f"{later}remote_500:because_500.",
        "sent",
    ]
    assert len(remote.received) == 1


# A cloud that takes no batches.


@pytest.mark.parametrize("status", [400, 413, 415, 422])
def test_who_takes_no_batches_gets_the_events_one_by_one_from_then_on(
    status: int, remote: Remote, capsys: pytest.CaptureFixture[str]
) -> None:
    remote.answers = [(status, {}, b'{"reason": "body_not_object"}'), 200, 400, 200]
    sender, sent = sender_to(remote), events(3)

    ended = send_all(sender, sent, tokens(TOKEN), an_hour)
    again = send_all(sender, sent, tokens(TOKEN), an_hour)

    assert told(ended) == ["sent", "Refused remote_400", "sent"]
    assert again == [None] * 3
    assert [isinstance(each, list) for each in remote.envelopes] == [True, *[False] * 6]
    assert remote.envelopes[1:4] == [each.as_dict() for each in sent]
    [line] = lines_of(capsys.readouterr().out)
    assert (line["level"], line["reason"]) == ("WARNING", f"remote_{status}:body_not_object")


def listed(*changes: Callable[[list[Any]], Any]) -> Callable[[Received], Any]:
    """Answers a batch with results that something was done to; an event that comes alone with 200."""

    def answer(received: Received) -> Any:
        status, headers, body = results(200)(received)
        document = json.loads(body)
        for change in changes:
            document["results"] = change(document.get("results", []))
        return status, headers, json.dumps(document).encode()

    return answer


def with_status(status: Any) -> Callable[[list[Any]], Any]:
    return lambda found: [{**each, "status": status} for each in found]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (listed(lambda found: found[:-1]), "one is missing"),
        (listed(lambda found: [*found, found[-1]]), "one too many"),
        (listed(lambda found: found[::-1]), "in another order"),
        (listed(lambda _: []), "none"),
        (listed(lambda _: None), "null"),
        (listed(lambda found: dict(enumerate(found))), "an object"),
        (listed(lambda found: [each["status"] for each in found]), "statuses only"),
        (listed(lambda found: [{"status": 200} for _ in found]), "without trace ids"),
        (listed(with_status(True)), "a boolean"),
        (listed(with_status("200")), "a text"),
        (listed(with_status(0)), "no status"),
        ((200, {}, b""), "an empty body"),
        ((200, {}, b"{}"), "what one event is answered with"),
        ((200, {}, b"[]"), "an array"),
        ((200, {}, b"<html>\xff</html>"), "a page"),
        ((200, {}, b"[" * 5000), "nested too deeply"),
        ((200, {}, b'{"results": [' + b" " * 100_000), "more than is read"),
    ],
)
def test_nothing_counts_as_delivered_that_has_no_result_of_its_own(answer: Any, why: str, remote: Remote) -> None:
    remote.answers = [answer, 200]
    sent = events(3)

    ended = send_all(sender_to(remote), sent, tokens(TOKEN), an_hour)

    assert ended == [None] * 3
    assert remote.envelopes[1:] == [each.as_dict() for each in sent]


def test_an_answer_that_breaks_off_is_asked_for_again(remote: Remote) -> None:
    remote.answers = [(200, {"Content-Length": "5000"}, b'{"results": ['), DROP, results(200)]

    ended = send_all(sender_to(remote, read_seconds=0.2), events(3), tokens(TOKEN), an_hour)

    assert ended == [None] * 3
    assert [isinstance(each, list) for each in remote.envelopes] == [True] * 3


def test_a_refusal_whose_body_breaks_off_is_one(remote: Remote) -> None:
    remote.answers = [(401, {"Content-Length": "5000"}, b'{"reason": ')]

    ended = send_all(sender_to(remote, read_seconds=0.2), events(2), tokens(TOKEN), an_hour)

    assert told(ended) == ["Refused remote_401"] * 2
    assert len(remote.received) == 1


# A batch is one request: to the retries, to the breaker, to the token.


def test_a_batch_that_cannot_be_taken_now_is_tried_again_as_it_is(remote: Remote) -> None:
    remote.answers = [503, 429, results(200)]

    assert send_all(sender_to(remote), events(2), tokens(TOKEN), an_hour) == [None, None]

    assert len({each.body for each in remote.received}) == 1
    assert len(remote.received) == 3


def test_the_breaker_counts_a_batch_as_one_request(remote: Remote) -> None:
    remote.answers = [503]
    sender = sender_to(remote)

    for attempt in range(1, THRESHOLD + 1):
        ended = send_all(sender, events(4), tokens(TOKEN), an_hour)
        assert {type(each) for each in ended} == {Unavailable}
        assert len(remote.received) == 4 * attempt

    assert "circuit breaker open" in told(send_all(sender, events(4), tokens(TOKEN), an_hour))[0]
    assert len(remote.received) == 4 * THRESHOLD


def test_results_are_an_answer_whatever_they_are_so_the_breaker_stays_closed(remote: Remote) -> None:
    remote.answers = [results(503)]
    sender = sender_to(remote)

    for _ in range(THRESHOLD + 1):
        send_all(sender, events(2), tokens(TOKEN), an_hour)

    assert len(remote.received) == THRESHOLD + 1


def test_a_token_that_is_refused_is_fetched_again_once_and_then_refused_for_all(remote: Remote) -> None:
    remote.answers = [403]
    known = iter(["old", "new"])

    ended = send_all(sender_to(remote), events(3), Tokens(lambda: (next(known),)), an_hour)

    assert told(ended) == ["Refused remote_403"] * 3
    assert [each.headers["X-Inter-Cloud-Token"] for each in remote.received] == ["old", "new"]


def test_a_redirect_of_a_batch_is_not_followed(remote: Remote) -> None:
    with remote_cloud() as elsewhere:
        remote.answers = [(307, {"Location": elsewhere.url}, b"")]

        ended = send_all(sender_to(remote), events(2), tokens(TOKEN), an_hour)

    assert told(ended) == ["Refused remote_307"] * 2
    assert (len(remote.received), elsewhere.received) == (1, [])


def test_without_a_token_or_without_time_nothing_is_sent(remote: Remote) -> None:
    without_token = send_all(sender_to(remote), events(2), tokens(), an_hour)
    without_time = send_all(sender_to(remote), events(2), tokens(TOKEN), remaining(Context(milliseconds=900)))

    assert {type(each) for each in without_token} == {MissingSetting}
    assert told(without_time) == ["Unavailable No time is left to reach 127.0.0.1."] * 2
    assert remote.received == []


# What goes into a batch.


def test_an_event_that_may_not_leave_costs_no_other(remote: Remote) -> None:
    remote.answers = [results(200)]
    sent = events(3)
    sent[0] = replace(sent[0], payload={**TELEMETRY, "x": float("nan")})

    def check(envelope: Envelope) -> None:
        if envelope.payload["time"] == 1:
            raise Refused("time_invalid")

    ended = send_all(sender_to(remote), [*sent, *events(5)[3:]], tokens(TOKEN), an_hour, check)

    assert [type(each).__name__ for each in ended] == ["ValueError", "Refused", "NoneType", "NoneType", "NoneType"]
    assert [each["payload"]["time"] for each in remote.envelopes[0]] == [2, 3, 4]


def test_the_same_event_twice_is_sent_once_and_both_are_told_the_same(remote: Remote) -> None:
    remote.answers = [results(200, 400)]
    first, second = events(2)

    ended = send_all(sender_to(remote), [first, second, first, second], tokens(TOKEN), an_hour)

    assert told(ended) == ["sent", "Refused remote_400:because_400"] * 2
    assert remote.envelopes == [[first.as_dict(), second.as_dict()]]


def test_two_events_under_one_trace_id_are_two_events(remote: Remote) -> None:
    remote.answers = [results(200, 400)]
    first, second = an_envelope(), an_envelope({**TELEMETRY, "time": 7})

    ended = send_all(sender_to(remote), [first, second], tokens(TOKEN), an_hour)

    assert told(ended) == ["sent", "Refused remote_400:because_400"]


def test_what_does_not_fit_into_one_request_travels_in_several(remote: Remote) -> None:
    remote.answers = [results(200), results(400), 503, results(200)]
    sent = events(5, note="x" * (MAX_BODY_BYTES // 5 * 2))

    ended = send_all(sender_to(remote), sent, tokens(TOKEN), an_hour)

    assert told(ended) == ["sent"] * 2 + ["Refused remote_400:because_400"] * 2 + ["sent"]
    assert all(len(each.body) <= MAX_BODY_BYTES for each in remote.received)


@given(st.lists(st.integers(1, MAX_BODY_BYTES + 2), max_size=12) | st.lists(st.integers(1, 9), max_size=250))
def test_groups_keep_the_order_lose_nothing_and_stay_within_the_limits(sizes: list[int]) -> None:
    messages = {n: Message(b"x" * size, "", "L2") for n, size in enumerate(sizes)}

    groups = list(_groups(messages))

    assert [each for group in groups for each in group] == list(messages)
    for group in groups:
        body = sum(sizes[each] for each in group) + len(group) + 1
        assert len(group) == 1 or (len(group) <= MAX_EVENTS and body <= MAX_BODY_BYTES)
    for before, after in pairwise(groups):
        body = sum(sizes[each] for each in [*before, after[0]]) + len(before) + 2
        assert len(before) == MAX_EVENTS or body > MAX_BODY_BYTES


# Signatures.


def test_a_signed_batch_that_comes_again_has_the_same_id_in_whatever_order(remote: Remote) -> None:
    remote.answers = [results(200)]
    first, second = events(2)
    sender = sender_to(remote, sign=True)

    send_all(sender, [first, second], tokens(TOKEN), an_hour)
    send_all(sender, [second, first], tokens(TOKEN), an_hour)
    send_all(sender, [first], tokens(TOKEN), an_hour)

    both, again, one = [{name.lower(): value for name, value in each.headers.items()} for each in remote.received]
    assert both["webhook-id"] == again["webhook-id"] == f"msg_{batch_id([first.trace_id, second.trace_id])}_L3"
    assert one["webhook-id"] == f"msg_{first.trace_id}_L3"
    for request in remote.received[1:]:
        Verifier().verify({"headers": request.headers}, request.body, [TOKEN])
