"""Mistakes that a team could make, planted into a receiver that is right otherwise."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.conformance.serving import Endpoint, Headers, Reply

TOKEN_HEADER = "x-inter-cloud-token"
TOKEN = "Right-Token-0123456789"

Fault = Callable[["Faulty", Headers, bytes], Reply | None]


@dataclass
class Faulty:
    """A receiver with one mistake. `right` is the receiver without it; `seen` are the bodies it got before."""

    right: Endpoint
    fault: Fault
    seen: set[bytes] = field(default_factory=set)

    def __call__(self, headers: Headers, body: bytes) -> Reply | None:
        return self.fault(self, headers, body)

    def rightly(self, headers: Headers, body: bytes) -> Reply:
        """What the contract says."""
        reply = self.right(headers, body)
        assert reply is not None
        return reply

    def let_in(self, headers: Headers, body: bytes) -> Reply:
        """What the contract says to who has the right token, whoever asks."""
        others = [(name, value) for name, value in headers if name.lower() != TOKEN_HEADER]
        return self.rightly([*others, (TOKEN_HEADER, TOKEN)], body)


def _tokens(headers: Headers) -> list[str]:
    return [value for name, value in headers if name.lower() == TOKEN_HEADER]


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _event(body: bytes) -> dict[str, Any]:
    document = _document(body)
    event = document.get("payload", document)
    return event if isinstance(event, dict) else {}


def _json(status: int, **document: Any) -> Reply:
    return Reply(status, json.dumps(document).encode())


def _changed(reply: Reply, **fields: Any) -> Reply:
    document = {**json.loads(reply.body), **fields}
    shown = {name: value for name, value in document.items() if value is not None}
    return replace(reply, body=json.dumps(shown).encode())


def everyone_gets_in(it: Faulty, headers: Headers, body: bytes) -> Reply:
    """Nobody looks at the token."""
    return it.let_in(headers, body)


def the_start_of_the_token_is_enough(it: Faulty, headers: Headers, body: bytes) -> Reply:
    """Compared with startswith."""
    if any(value and TOKEN.startswith(value) for value in _tokens(headers)):
        return it.let_in(headers, body)
    return it.rightly(headers, body)


def case_of_the_token_does_not_matter(it: Faulty, headers: Headers, body: bytes) -> Reply:
    """Compared after lower()."""
    if any(value.lower() == TOKEN.lower() for value in _tokens(headers)):
        return it.let_in(headers, body)
    return it.rightly(headers, body)


def the_headers_name_must_be_spelt_so(it: Faulty, headers: Headers, body: bytes) -> Reply:
    """headers.get("X-Inter-Cloud-Token") on a plain dictionary."""
    if not any(name == "X-Inter-Cloud-Token" for name, _ in headers):
        return it.rightly([(name, value) for name, value in headers if name.lower() != TOKEN_HEADER], body)
    return it.rightly(headers, body)


def the_first_of_two_tokens_counts(it: Faulty, headers: Headers, body: bytes) -> Reply:
    """A second header is not noticed."""
    return it.let_in(headers, body) if _tokens(headers)[:1] == [TOKEN] else it.rightly(headers, body)


def a_token_beyond_ascii_breaks_it(it: Faulty, headers: Headers, body: bytes) -> Reply:
    """compare_digest on text, which takes ASCII only."""
    if any(not value.isascii() for value in _tokens(headers)):
        return _json(500, reason="internal_error", trace_id=str(uuid.uuid4()))
    return it.rightly(headers, body)


def a_wrong_token_is_answered_401(it: Faulty, headers: Headers, body: bytes) -> Reply:
    """The wrong status."""
    reply = it.rightly(headers, body)
    return replace(reply, status=401) if reply.status == 403 else reply


def the_body_is_read_before_the_token(it: Faulty, headers: Headers, body: bytes) -> Reply:
    """Who has no token learns whether the body is right."""
    reply = it.let_in(headers, body)
    return reply if reply.status in (400, 413) else it.rightly(headers, body)


def an_empty_token_is_none(it: Faulty, headers: Headers, body: bytes) -> Reply:
    """`if token and token != expected` lets in who sends an empty one."""
    return it.let_in(headers, body) if _tokens(headers) == [""] else it.rightly(headers, body)


def every_field_is_required(it: Faulty, headers: Headers, body: bytes) -> Reply:
    """An envelope without one of its fields is refused."""
    reply, document = it.rightly(headers, body), _document(body)
    if reply.status == 200 and not {"source_cloud", "timestamp", "trace_id"} <= set(document):
        return _changed(replace(reply, status=400), reason="envelope_incomplete")
    return reply


def unknown_fields_are_refused(it: Faulty, headers: Headers, body: bytes) -> Reply:
    """A strict schema."""
    reply, document = it.rightly(headers, body), _document(body)
    if reply.status == 200 and "priority" in document:
        return _changed(replace(reply, status=400), reason="unknown_field")
    return reply


def the_other_layer_is_taken_as_well(it: Faulty, headers: Headers, body: bytes) -> Reply:
    """target_layer is not looked at."""
    document = _document(body)
    if "target_layer" in document and "payload" in document:
        return it.rightly(headers, json.dumps({**document, "target_layer": None}).encode())
    return it.rightly(headers, body)


def any_message_type_is_taken(it: Faulty, headers: Headers, body: bytes) -> Reply:
    """message_type is not looked at."""
    document = _document(body)
    if "message_type" in document:
        return it.rightly(headers, json.dumps({**document, "message_type": "telemetry"}).encode())
    return it.rightly(headers, body)


def a_payload_that_is_no_object_is_taken(it: Faulty, headers: Headers, body: bytes) -> Reply:
    """An array is accepted, and lost."""
    reply = it.rightly(headers, body)
    if reply.status == 400 and b"payload_not_object" in reply.body:
        return _changed(replace(reply, status=200), reason=None)
    return reply


def nan_is_a_number(it: Faulty, headers: Headers, body: bytes) -> Reply:
    """json.loads as it comes."""
    return it.rightly(headers, body.replace(b"NaN", b"1").replace(b"-Infinity", b"1").replace(b"Infinity", b"1"))


def the_last_of_two_keys_counts(it: Faulty, headers: Headers, body: bytes) -> Reply:
    """json.loads as it comes."""
    reply = it.rightly(headers, body)
    if b"duplicate_key" in reply.body:
        return it.rightly(headers, json.dumps(_document(body)).encode())
    return reply


def half_a_character_breaks_it(it: Faulty, headers: Headers, body: bytes) -> Reply:
    """The store refuses the text, and nobody expected that."""
    reply = it.rightly(headers, body)
    if b"text_not_unicode" in reply.body:
        return _changed(replace(reply, status=500), reason="internal_error")
    return reply


def deep_nesting_breaks_it(it: Faulty, headers: Headers, body: bytes) -> Reply | None:
    """RecursionError, and the worker is gone."""
    return None if body.count(b"[") > 10_000 else it.rightly(headers, body)


def a_device_may_be_anything(it: Faulty, headers: Headers, body: bytes) -> Reply:
    """iotDeviceId is turned into text."""
    reply = it.rightly(headers, body)
    return _changed(replace(reply, status=200), reason=None) if b"iot_device_id_invalid" in reply.body else reply


def an_event_needs_no_time(it: Faulty, headers: Headers, body: bytes) -> Reply:
    """The writer makes one up, so that the same event is stored twice."""
    reply = it.rightly(headers, body)
    return _changed(replace(reply, status=200), reason=None) if b"time_missing" in reply.body else reply


def bodies_are_cut_off_at_100_kb(it: Faulty, headers: Headers, body: bytes) -> Reply:
    """A gateway's own limit."""
    if len(body) > 100_000:
        reply = it.rightly(headers, b"")
        return _changed(replace(reply, status=413), reason="body_too_large") if reply.status == 400 else reply
    return it.rightly(headers, body)


def any_size_is_taken(it: Faulty, headers: Headers, body: bytes) -> Reply:
    """No limit at all."""
    unlimited = len(body) > 524_288 and not _batch(body)
    return it.rightly(headers, json.dumps(_event(body)).encode() if unlimited else body)


def large_numbers_are_rounded(it: Faulty, headers: Headers, body: bytes) -> Reply:
    """A number beyond 38 digits is accepted."""
    reply = it.rightly(headers, body)
    return _changed(replace(reply, status=200), reason=None) if b"number_out_of_range" in reply.body else reply


def a_second_delivery_is_a_conflict(it: Faulty, headers: Headers, body: bytes) -> Reply:
    """An insert where an upsert was needed."""
    key = json.dumps([_event(body).get("iotDeviceId"), _event(body).get("time")]).encode()
    reply = it.rightly(headers, body)
    if reply.status == 200 and key in it.seen:
        return _changed(replace(reply, status=409), reason="exists")
    it.seen.add(key)
    return reply


def the_trace_id_is_a_new_one(it: Faulty, headers: Headers, body: bytes) -> Reply:
    """Made anew for every request."""
    return _changed(it.rightly(headers, body), trace_id=str(uuid.uuid4()))


def answers_have_no_trace_id(it: Faulty, headers: Headers, body: bytes) -> Reply:
    """It was forgotten."""
    return _changed(it.rightly(headers, body), trace_id=None)


def traceparent_is_not_read(it: Faulty, headers: Headers, body: bytes) -> Reply:
    """Only the envelope's own trace id counts."""
    return it.rightly([(name, value) for name, value in headers if name.lower() != "traceparent"], body)


def a_trace_id_that_is_no_uuid_is_refused(it: Faulty, headers: Headers, body: bytes) -> Reply:
    """An event is lost over its trace id."""
    reply, trace_id = it.rightly(headers, body), _document(body).get("trace_id")
    if reply.status == 200 and trace_id is not None and (not isinstance(trace_id, str) or len(trace_id) != 36):
        return _changed(replace(reply, status=400), reason="trace_id_invalid")
    return reply


def refusals_say_what_was_expected(it: Faulty, headers: Headers, body: bytes) -> Reply:
    """The answer reveals more than its reason."""
    reply = it.rightly(headers, body)
    return _changed(reply, expected="a token of 22 characters") if reply.status == 403 else reply


def errors_are_pages(it: Faulty, headers: Headers, body: bytes) -> Reply:
    """A web framework's own error page."""
    reply = it.rightly(headers, body)
    if reply.status == 400:
        return Reply(400, b"<html><h1>Bad Request</h1></html>", {"Content-Type": "text/html"})
    return reply


def requests_are_redirected(_it: Faulty, _headers: Headers, _body: bytes) -> Reply:
    """To an address with a slash at its end."""
    return Reply(307, b"", {"Location": "/api/endpoint/"})


def _batch(body: bytes) -> list[Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return []
    return document if isinstance(document, list) else []


def _with_results(reply: Reply, change: Callable[[list[Any]], Any]) -> Reply:
    if b'"results"' not in reply.body:
        return reply
    return _changed(reply, results=change(json.loads(reply.body)["results"]))


def a_batch_gets_in_without_a_token(it: Faulty, headers: Headers, body: bytes) -> Reply:
    """A second entrance, without the check."""
    return it.let_in(headers, body) if _batch(body) else it.rightly(headers, body)


def results_come_as_they_are_ready(it: Faulty, headers: Headers, body: bytes) -> Reply:
    """In parallel, and the order is lost."""
    return _with_results(it.rightly(headers, body), lambda found: found[1:] + found[:1])


def only_refused_events_have_a_result(it: Faulty, headers: Headers, body: bytes) -> Reply:
    """No news is taken for good news."""
    return _with_results(it.rightly(headers, body), lambda found: [each for each in found if each["status"] != 200])


def a_batch_is_answered_as_one_event(it: Faulty, headers: Headers, body: bytes) -> Reply:
    """A 200, and nobody knows for which of them."""
    reply = it.rightly(headers, body)
    return _changed(reply, results=None) if b'"results"' in reply.body else reply


def results_have_no_trace_id(it: Faulty, headers: Headers, body: bytes) -> Reply:
    """They were forgotten."""
    reply = it.rightly(headers, body)
    return _with_results(reply, lambda found: [{**each, "trace_id": ""} for each in found])


def one_faulty_event_refuses_the_batch(it: Faulty, headers: Headers, body: bytes) -> Reply:
    """All or nothing."""
    reply = it.rightly(headers, body)
    if b'"results"' in reply.body and b'"status": 400' in reply.body:
        return _json(400, reason="event_invalid", trace_id=json.loads(reply.body)["trace_id"])
    return reply


def a_faulty_event_of_a_batch_is_dropped(it: Faulty, headers: Headers, body: bytes) -> Reply:
    """It is skipped, and counted as done."""
    return _with_results(
        it.rightly(headers, body), lambda found: [{"trace_id": each["trace_id"], "status": 200} for each in found]
    )


def a_batch_that_comes_again_is_a_conflict(it: Faulty, headers: Headers, body: bytes) -> Reply:
    """An insert where an upsert was needed."""
    reply, sent = it.rightly(headers, body), _batch(body)
    if b'"results"' not in reply.body:
        return reply
    results = []
    for each, result in zip(sent, json.loads(reply.body)["results"], strict=True):
        key = json.dumps(each.get("payload")).encode()
        known = {**result, "status": 409, "reason": "exists"}
        results.append(known if result["status"] == 200 and key in it.seen else result)
        it.seen.add(key)
    return _changed(reply, results=results)


def a_batch_has_no_limit(it: Faulty, headers: Headers, body: bytes) -> Reply:
    """Whatever fits into the body."""
    sent = _batch(body)
    return it.rightly(headers, json.dumps(sent[:100]).encode()) if len(sent) > 100 else it.rightly(headers, body)


def a_batch_may_have_any_size(it: Faulty, headers: Headers, body: bytes) -> Reply:
    """The limit is one of a single event."""
    sent = _batch(body)
    if len(body) > 524_288 and sent:
        return it.rightly(headers, json.dumps([{**each, "padding": ""} for each in sent]).encode())
    return it.rightly(headers, body)


def results_say_more_than_they_should(it: Faulty, headers: Headers, body: bytes) -> Reply:
    """An event is repeated in its result."""
    return _with_results(
        it.rightly(headers, body), lambda found: [{**each, "event": {"value": 241.5}} for each in found]
    )


FAULTS: Mapping[Fault, str] = {
    everyone_gets_in: "no-token",
    the_start_of_the_token_is_enough: "start-of-the-token",
    case_of_the_token_does_not_matter: "token-in-other-case",
    the_headers_name_must_be_spelt_so: "header-in-lower-case",
    the_first_of_two_tokens_counts: "token-twice",
    a_token_beyond_ascii_breaks_it: "token-beyond-ascii",
    a_wrong_token_is_answered_401: "wrong-token",
    the_body_is_read_before_the_token: "token-before-body",
    an_empty_token_is_none: "empty-token",
    every_field_is_required: "fewest-fields",
    unknown_fields_are_refused: "unknown-fields",
    the_other_layer_is_taken_as_well: "other-layer",
    any_message_type_is_taken: "unknown-message-type",
    a_payload_that_is_no_object_is_taken: "payload-is-no-object",
    nan_is_a_number: "not-finite",
    the_last_of_two_keys_counts: "key-twice",
    half_a_character_breaks_it: "half-a-character",
    deep_nesting_breaks_it: "endless-nesting",
    a_device_may_be_anything: "device-is-no-text",
    an_event_needs_no_time: "no-time",
    bodies_are_cut_off_at_100_kb: "largest-body",
    any_size_is_taken: "body-too-large",
    large_numbers_are_rounded: "number-out-of-range",
    a_second_delivery_is_a_conflict: "same-event-twice",
    the_trace_id_is_a_new_one: "trace-id-comes-back",
    answers_have_no_trace_id: "right-token",
    traceparent_is_not_read: "trace-id-of-the-header",
    a_trace_id_that_is_no_uuid_is_refused: "trace-id-is-no-uuid",
    refusals_say_what_was_expected: "wrong-token",
    errors_are_pages: "not-json",
    requests_are_redirected: "right-token",
    a_batch_gets_in_without_a_token: "batch-without-the-token",
    results_come_as_they_are_ready: "a-result-for-each-event",
    only_refused_events_have_a_result: "a-result-for-each-event",
    a_batch_is_answered_as_one_event: "a-result-for-each-event",
    results_have_no_trace_id: "a-result-for-each-event",
    one_faulty_event_refuses_the_batch: "faulty-event-in-a-batch",
    a_faulty_event_of_a_batch_is_dropped: "faulty-event-in-a-batch",
    a_batch_that_comes_again_is_a_conflict: "batch-again",
    a_batch_has_no_limit: "longest-batch",
    a_batch_may_have_any_size: "batch-too-large",
    results_say_more_than_they_should: "a-result-for-each-event",
}
"""Each mistake, and the check that has to find it."""
