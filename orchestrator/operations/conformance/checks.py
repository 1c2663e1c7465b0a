"""The checks: each holds one sentence of the contract against the endpoint."""

from __future__ import annotations

import inspect
import json
import re
import uuid
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from orchestrator.operations.conformance import messages
from orchestrator.operations.conformance.messages import (
    MAX_BODY_BYTES,
    MAX_DEPTH,
    MAX_DIGITS,
    MAX_EVENTS,
    TOKEN_HEADER,
    encoded,
    without,
)
from orchestrator.operations.conformance.probe import Deviation, Probe

Test = Callable[[Probe], None]


@dataclass(frozen=True)
class Check:
    """One check. `layers` are the endpoints it applies to; `signing` says that it needs a connection that signs."""

    name: str
    group: str
    says: str
    test: Test
    layers: Collection[str] = ("L2", "L3")
    signing: bool = False


CHECKS: list[Check] = []
"""All of them, in the order in which they run."""


def _check(group: str, *, layers: Collection[str] = ("L2", "L3"), signing: bool = False) -> Callable[[Test], Test]:
    """Register a check; its docstring is the sentence of the contract."""

    def register(test: Test) -> Test:
        name = test.__name__.strip("_").replace("_", "-")
        CHECKS.append(Check(name, group, inspect.getdoc(test) or "", test, layers, signing))
        return test

    return register


_AUTHENTICATION, _ENVELOPE, _BODY, _EVENT = "Authentication", "Envelope", "Body", "Event"
_LIMITS, _DELIVERY, _TRACING, _SIGNATURES = "Limits", "Delivery", "Tracing", "Signatures"
_BATCHES = "Batches"
_MISSING, _WRONG = {"token_missing"}, {"token_invalid"}
_TRACE_ID = re.compile(rb'"trace_id": "([0-9a-f-]{36})"')


def _refuse_body(probe: Probe, body: bytes, reasons: Collection[str], what: str, status: int = 400) -> None:
    """Expect a refusal with a trace id: that of the envelope, which is then also that of the header."""
    found = _TRACE_ID.search(body)
    trace_id = found[1].decode() if found else str(uuid.uuid4())
    probe.refused(probe.post(body, trace_id=trace_id), status, reasons, what, trace_id=trace_id)


def _refuse(probe: Probe, document: Any, reasons: Collection[str], what: str) -> None:
    _refuse_body(probe, encoded(document), reasons, what)


def _accept(probe: Probe, document: dict[str, Any], what: str) -> str:
    event = document.get("payload", document)
    return probe.taken(probe.post(encoded(document)), event, what)


@_check(_AUTHENTICATION)
def _right_token(probe: Probe) -> None:
    """A whole envelope with the right token is accepted: 200."""
    _accept(probe, probe.messages.envelope(), "A whole envelope")


@_check(_AUTHENTICATION)
def _no_token(probe: Probe) -> None:
    """Without a token: 403."""
    answer = probe.post(encoded(probe.messages.envelope()), headers=())
    probe.refused(answer, 403, _MISSING, "A request without a token")


@_check(_AUTHENTICATION)
def _empty_token(probe: Probe) -> None:
    """With an empty token: 403."""
    answer = probe.post(encoded(probe.messages.envelope()), headers=((TOKEN_HEADER, ""),))
    probe.refused(answer, 403, _MISSING | _WRONG, "A request with an empty token")


@_check(_AUTHENTICATION)
def _wrong_token(probe: Probe) -> None:
    """With a wrong token: 403."""
    answer = probe.post(encoded(probe.messages.envelope()), token=uuid.uuid4().hex)
    probe.refused(answer, 403, _WRONG, "A wrong token")


@_check(_AUTHENTICATION)
def _start_of_the_token(probe: Probe) -> None:
    """With the token but for its last character: 403."""
    answer = probe.post(encoded(probe.messages.envelope()), token=probe.token[:-1])
    probe.refused(answer, 403, _WRONG | _MISSING, "The token without its last character")


@_check(_AUTHENTICATION)
def _more_than_the_token(probe: Probe) -> None:
    """With the token and one character more: 403."""
    answer = probe.post(encoded(probe.messages.envelope()), token=f"{probe.token}x")
    probe.refused(answer, 403, _WRONG, "The token with a character more")


@_check(_AUTHENTICATION)
def _token_in_other_case(probe: Probe) -> None:
    """The token's own case matters: 403."""
    other = probe.token.swapcase()
    if other != probe.token:
        answer = probe.post(encoded(probe.messages.envelope()), token=other)
        probe.refused(answer, 403, _WRONG, "The token with upper and lower case swapped")


@_check(_AUTHENTICATION)
def _token_beyond_ascii(probe: Probe) -> None:
    """With a token of characters beyond ASCII: 403, and no error."""
    signed = messages.signature(probe.token, b"") if probe.signing else ()
    answer = probe.post(
        encoded(probe.messages.envelope()), headers=((TOKEN_HEADER, "t\xf6k\xe9n-\xff"),), signed=signed
    )
    probe.refused(answer, 403, _WRONG, "A token beyond ASCII")


@_check(_AUTHENTICATION)
def _token_twice(probe: Probe) -> None:
    """The header must stand once: 403."""
    twice = ((TOKEN_HEADER, probe.token), (TOKEN_HEADER, probe.token))
    answer = probe.post(encoded(probe.messages.envelope()), headers=twice)
    probe.refused(answer, 403, _WRONG | _MISSING, "A request with the token twice")


@_check(_AUTHENTICATION)
def _token_before_body(probe: Probe) -> None:
    """Who has no token learns nothing about the body: 403 whatever the body is."""
    for body in (b"", b"not JSON", b"{}"):
        answer = probe.post(body, token=uuid.uuid4().hex)
        probe.refused(answer, 403, _WRONG, f"A wrong token with the body {body!r}")


@_check(_AUTHENTICATION)
def _header_in_lower_case(probe: Probe) -> None:
    """The header's name is matched without regard to case: lower case is accepted."""
    _accept_header(probe, TOKEN_HEADER.lower())


@_check(_AUTHENTICATION)
def _header_in_upper_case(probe: Probe) -> None:
    """The header's name is matched without regard to case: upper case is accepted."""
    _accept_header(probe, TOKEN_HEADER.upper())


def _accept_header(probe: Probe, name: str) -> None:
    document = probe.messages.envelope()
    answer = probe.post(encoded(document), headers=((name, probe.token),))
    probe.taken(answer, document["payload"], f"The header {name}")


@_check(_ENVELOPE)
def _fewest_fields(probe: Probe) -> None:
    """Fields that are missing have a default: an envelope with nothing but its payload is accepted."""
    _accept(probe, {"payload": probe.messages.event()}, "An envelope with nothing but its payload")


@_check(_ENVELOPE)
def _null_fields(probe: Probe) -> None:
    """Fields that are null have a default."""
    nulls = dict.fromkeys(("source_cloud", "target_layer", "message_type", "timestamp", "trace_id"))
    _accept(probe, probe.messages.envelope(**nulls), "An envelope with null in every field but the payload")


@_check(_ENVELOPE)
def _unknown_fields(probe: Probe) -> None:
    """Fields that the receiver does not know are ignored."""
    _accept(probe, probe.messages.envelope(priority=3, extra={"a": [1]}), "An envelope with unknown fields")


@_check(_ENVELOPE)
def _plain_event(probe: Probe) -> None:
    """An event without an envelope is accepted."""
    _accept(probe, probe.messages.event(), "An event without an envelope")


@_check(_ENVELOPE)
def _every_source_cloud(probe: Probe) -> None:
    """An event is accepted from every cloud."""
    for cloud in ("aws", "azure", "gcp"):
        _accept(probe, probe.messages.envelope(source_cloud=cloud), f"An envelope from {cloud}")


@_check(_ENVELOPE)
def _other_layer(probe: Probe) -> None:
    """An envelope for the other layer: 400."""
    other = "L3" if probe.messages.layer == "L2" else "L2"
    _refuse(probe, probe.messages.envelope(target_layer=other), {"wrong_target_layer"}, f"An envelope for {other}")


@_check(_ENVELOPE)
def _unknown_message_type(probe: Probe) -> None:
    """A message type that is not known: 400."""
    document = probe.messages.envelope(message_type="command")
    _refuse(probe, document, {"unknown_message_type"}, "An envelope with the message type 'command'")


@_check(_ENVELOPE)
def _no_payload(probe: Probe) -> None:
    """An envelope without a payload: 400."""
    document = without(probe.messages.envelope(), "payload")
    _refuse(probe, document, {"payload_missing", "payload_not_object"}, "An envelope without a payload")


@_check(_ENVELOPE)
def _payload_is_no_object(probe: Probe) -> None:
    """A payload that is an array, a text, a number or null: 400."""
    for payload in ([], [{"iotDeviceId": "a"}], "text", 7, True):
        document = probe.messages.envelope(payload=payload)
        _refuse(probe, document, {"payload_not_object"}, f"The payload {json.dumps(payload)}")
    document = {**probe.messages.envelope(), "payload": None}
    _refuse(probe, document, {"payload_not_object", "payload_missing"}, "The payload null")


@_check(_BODY)
def _no_body(probe: Probe) -> None:
    """Without a body: 400."""
    _refuse_body(probe, b"", {"body_missing"}, "A request without a body")


@_check(_BODY)
def _not_json(probe: Probe) -> None:
    """A body that is not JSON: 400."""
    for body in (b"temperature=241.5", b'{"payload": ', b"{'a': 1}"):
        _refuse_body(probe, body, {"body_not_json"}, f"The body {body!r}")


@_check(_BODY)
def _not_an_object(probe: Probe) -> None:
    """A body that is JSON but no object: 400."""
    for body in (b"[]", b'"text"', b"7", b"null"):
        _refuse_body(probe, body, {"body_not_object"}, f"The body {body.decode()}")


@_check(_BODY)
def _not_utf8(probe: Probe) -> None:
    """A body that is not UTF-8: 400, and no error."""
    body = encoded(probe.messages.envelope()).replace(b'"conformance"', b'"\xff\xfe"')
    _refuse_body(probe, body, {"body_not_json", "text_not_unicode"}, "A body that is not UTF-8")


@_check(_BODY)
def _not_finite(probe: Probe) -> None:
    """NaN and infinities are no JSON: 400."""
    for constant in (b"NaN", b"Infinity", b"-Infinity"):
        body = encoded(probe.messages.envelope(probe.messages.event(value="?"))).replace(b'"?"', constant)
        _refuse_body(probe, body, {"number_not_finite", "body_not_json"}, f"The number {constant.decode()}")


@_check(_BODY)
def _key_twice(probe: Probe) -> None:
    """A name that stands twice in one object: 400."""
    body = encoded(probe.messages.envelope()).replace(
        b'"conformance"', b'"time": "2000-01-01T00:00:00Z", "conformance"'
    )
    _refuse_body(probe, body, {"duplicate_key"}, "An event with two times")


@_check(_BODY)
def _half_a_character(probe: Probe) -> None:
    """Text that is not Unicode (half of a surrogate pair): 400, and no error."""
    body = encoded(probe.messages.envelope(probe.messages.event(text="?"))).replace(b'"?"', b'"\\ud83d"')
    _refuse_body(probe, body, {"text_not_unicode"}, "A text with half a character")


@_check(_BODY)
def _endless_nesting(probe: Probe) -> None:
    """A body that is nested a hundred thousand levels deep: 400, and no error."""
    body = b'{"payload": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    reasons = {"nested_too_deeply", "body_not_json", "payload_not_object"}
    _refuse_body(probe, body, reasons, "A body with 100,000 levels")


@_check(_EVENT)
def _no_device(probe: Probe) -> None:
    """An event without `iotDeviceId`, or with an empty one: 400."""
    for event in (without(probe.messages.event(), "iotDeviceId"), probe.messages.event(iotDeviceId="")):
        what = "An event without iotDeviceId" if "iotDeviceId" not in event else "An event with an empty iotDeviceId"
        _refuse(probe, probe.messages.envelope(event), {"iot_device_id_missing"}, what)


@_check(_EVENT)
def _device_is_no_text(probe: Probe) -> None:
    """An `iotDeviceId` that is no text: 400."""
    for device in (7, True, ["a"], {"a": 1}):
        document = probe.messages.envelope(probe.messages.event(iotDeviceId=device))
        _refuse(probe, document, {"iot_device_id_invalid"}, f"The iotDeviceId {json.dumps(device)}")


@_check(_EVENT, layers=("L2",))
def _time_may_come_later(probe: Probe) -> None:
    """Ingestion accepts an event without `time`: the device's own code may add it."""
    _accept(probe, probe.messages.envelope(without(probe.messages.event(), "time")), "An event without time")


@_check(_EVENT, layers=("L3",))
def _no_time(probe: Probe) -> None:
    """Writer refuses an event without `time` and `id`: 400."""
    document = probe.messages.envelope(without(probe.messages.event(), "time"))
    _refuse(probe, document, {"time_missing"}, "An event without time")


@_check(_EVENT, layers=("L3",))
def _time_is_neither_text_nor_number(probe: Probe) -> None:
    """A `time` that is neither text nor number, or empty: 400."""
    for moment in (True, ["2026"], {"at": 1}, ""):
        document = probe.messages.envelope(probe.messages.event(time=moment))
        _refuse(probe, document, {"time_invalid", "time_missing"}, f"The time {json.dumps(moment)}")


@_check(_EVENT, layers=("L3",))
def _id_instead_of_time(probe: Probe) -> None:
    """Writer takes the key that was made before, `id`, in place of `time`."""
    event = probe.messages.event()
    _accept(probe, probe.messages.envelope({**without(event, "time"), "id": event["time"]}), "An event with an id")


@_check(_EVENT)
def _time_as_a_number(probe: Probe) -> None:
    """A `time` may be a number."""
    moment = int(probe.messages.start.timestamp() * 1000) + probe.messages.made
    _accept(probe, probe.messages.envelope(probe.messages.event(time=moment)), "An event with a number as its time")


@_check(_EVENT)
def _every_kind_of_value(probe: Probe) -> None:
    """An event may hold whatever JSON can say."""
    values = {
        "text": "ä✓\U0001f600",
        "number": -1.5e-3,
        "big": 10**30,
        "flag": False,
        "none": None,
        "list": [1, "a", {}],
    }
    _accept(probe, probe.messages.envelope(probe.messages.event(**values)), "An event with every kind of value")


@_check(_EVENT)
def _empty_name(probe: Probe) -> None:
    """A property without a name: 400."""
    document = probe.messages.envelope(probe.messages.event(**{"": 1}))
    _refuse(probe, document, {"name_empty"}, "An event with an empty property name")


@_check(_LIMITS)
def _largest_body(probe: Probe) -> None:
    """A body of 524,288 bytes is accepted."""
    document = probe.messages.envelope(padding="")
    document["padding"] = "x" * (MAX_BODY_BYTES - len(encoded(document)))
    _accept(probe, document, f"A body of {MAX_BODY_BYTES} bytes")


@_check(_LIMITS)
def _body_too_large(probe: Probe) -> None:
    """A body of one byte more: 413."""
    document = probe.messages.envelope(padding="")
    document["padding"] = "x" * (MAX_BODY_BYTES + 1 - len(encoded(document)))
    _refuse_body(probe, encoded(document), {"body_too_large"}, f"A body of {MAX_BODY_BYTES + 1} bytes", 413)


@_check(_LIMITS)
def _deepest_event(probe: Probe) -> None:
    """An event of 32 levels (it is the first itself) is accepted."""
    event = probe.messages.event(inner=messages.nested(MAX_DEPTH - 2))
    _accept(probe, probe.messages.envelope(event), f"An event of {MAX_DEPTH} levels")


@_check(_LIMITS)
def _event_too_deep(probe: Probe) -> None:
    """An event of more levels: 400."""
    document = probe.messages.envelope(probe.messages.event(inner=messages.nested(MAX_DEPTH + 2)))
    _refuse(probe, document, {"nested_too_deeply"}, f"An event of {MAX_DEPTH + 3} levels")


@_check(_LIMITS)
def _longest_number(probe: Probe) -> None:
    """A number of 38 digits is accepted."""
    event = probe.messages.event(number=int("9" * MAX_DIGITS))
    _accept(probe, probe.messages.envelope(event), f"A number of {MAX_DIGITS} digits")


@_check(_LIMITS)
def _number_out_of_range(probe: Probe) -> None:
    """A number of 39 digits, or beyond 1E+126 or below 1E-130: 400."""
    for text in (b"9" * (MAX_DIGITS + 1), b"1e127", b"-1e400", b"1e-140"):
        body = encoded(probe.messages.envelope(probe.messages.event(number="?"))).replace(b'"?"', text)
        _refuse_body(probe, body, {"number_out_of_range", "number_not_finite"}, f"The number {text.decode()}")


@_check(_DELIVERY)
def _same_event_twice(probe: Probe) -> None:
    """Delivery is at least once: the same request again is accepted again."""
    document = probe.messages.envelope()
    for attempt in ("first", "second", "third"):
        _accept(probe, document, f"The {attempt} delivery of the same event")


@_check(_DELIVERY)
def _same_event_on_another_way(probe: Probe) -> None:
    """The same device and time is the same item, also in another envelope."""
    event = probe.messages.event()
    for cloud in ("azure", "gcp"):
        _accept(probe, probe.messages.envelope(event, source_cloud=cloud), f"The same event from {cloud}")


@_check(_DELIVERY)
def _same_event_at_the_same_time(probe: Probe) -> None:
    """Deliveries of the same event that meet each other are all accepted."""
    document = probe.messages.envelope()
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: probe.post(encoded(document)), range(4)))
    for answer in answers:
        probe.taken(answer, document["payload"], "One of four deliveries at the same time")


def _post_batch(probe: Probe, sent: list[dict[str, Any]], what: str) -> list[tuple[int, str]] | None:
    """The statuses and reasons of the events; None when the endpoint takes no batches, and says so."""
    return probe.results(probe.post(encoded(sent), trace_id=str(uuid.uuid4())), sent, what)


def _takes_batches(probe: Probe) -> bool:
    found = _post_batch(probe, [probe.messages.envelope()], "A batch of one event")
    return found is not None


def _all_accepted(found: list[tuple[int, str]] | None, what: str) -> None:
    for number, (status, reason) in enumerate(found or (), 1):
        if status != 200:
            raise Deviation(f"{what}, event {number} was answered {status} ({reason}) instead of 200.")


@_check(_BATCHES)
def _a_result_for_each_event(probe: Probe) -> None:
    """A batch is answered with a result for each event, in order, or refused with 400 by who takes none."""
    sent = [probe.messages.envelope() for _ in range(5)]
    _all_accepted(_post_batch(probe, sent, "A batch of five events"), "A batch of five events")


@_check(_BATCHES)
def _faulty_event_in_a_batch(probe: Probe) -> None:
    """Who takes batches refuses a faulty event alone, and accepts the others."""
    if not _takes_batches(probe):
        return
    sent = [probe.messages.envelope() for _ in range(4)]
    del sent[1]["payload"]["iotDeviceId"]
    sent[2]["target_layer"] = "L3" if probe.messages.layer == "L2" else "L2"
    wanted = [(200, ""), (400, "iot_device_id_missing"), (400, "wrong_target_layer"), (200, "")]
    found = _post_batch(probe, sent, "A batch with faulty events")
    if found != wanted:
        raise Deviation(f"A batch whose second and third events are faulty was answered {_told(found)}.")


@_check(_BATCHES)
def _batch_again(probe: Probe) -> None:
    """A batch that comes again is accepted again, also when some of its events came before in another one."""
    first, second, third = (probe.messages.envelope() for _ in range(3))
    for sent in ([first, second], [first, second], [third, second]):
        _all_accepted(_post_batch(probe, sent, "A batch that comes again"), "A batch that comes again")


@_check(_BATCHES)
def _same_event_twice_in_a_batch(probe: Probe) -> None:
    """The same event twice in one batch is accepted twice."""
    same = probe.messages.envelope()
    what = "A batch with the same event twice"
    _all_accepted(_post_batch(probe, [same, probe.messages.envelope(), same], what), what)


@_check(_BATCHES)
def _batch_without_the_token(probe: Probe) -> None:
    """A batch needs the token as every request does: 403."""
    sent = encoded([probe.messages.envelope(), probe.messages.envelope()])
    probe.refused(probe.post(sent, headers=()), 403, _MISSING, "A batch without a token")
    probe.refused(probe.post(sent, token=uuid.uuid4().hex), 403, _WRONG, "A batch with a wrong token")


@_check(_BATCHES)
def _longest_batch(probe: Probe) -> None:
    """Who takes batches takes 100 events, and refuses more with 400."""
    if not _takes_batches(probe):
        return
    what = f"A batch of {MAX_EVENTS} events"
    found = _post_batch(probe, [probe.messages.envelope() for _ in range(MAX_EVENTS)], what)
    if found is None:
        raise Deviation(f"{what} was refused.")
    for number, (status, reason) in enumerate(found, 1):
        if status not in (200, 429):  # who has no time left may ask for some of them later
            raise Deviation(f"{what}, event {number} was answered {status} ({reason}) instead of 200.")
    body = encoded([probe.messages.envelope()] * (MAX_EVENTS + 1))
    probe.refused(probe.post(body), 400, (), f"A batch of {MAX_EVENTS + 1} events")


@_check(_BATCHES)
def _batch_too_large(probe: Probe) -> None:
    """A batch of more bytes than a body may have: 413."""
    sent = [probe.messages.envelope(padding="x" * (MAX_BODY_BYTES // 2)) for _ in range(2)]
    probe.refused(probe.post(encoded(sent)), 413, {"body_too_large"}, f"A batch of more than {MAX_BODY_BYTES} bytes")


def _told(found: list[tuple[int, str]] | None) -> str:
    if found is None:
        return "400 as a whole"
    return ", ".join(f"{status} ({reason})" if reason else str(status) for status, reason in found)


@_check(_TRACING)
def _trace_id_comes_back(probe: Probe) -> None:
    """The envelope's trace id comes back in the answer."""
    document = probe.messages.envelope()
    answer = probe.post(encoded(document))
    probe.taken(answer, document["payload"], "An envelope with a trace id", trace_id=document["trace_id"])


@_check(_TRACING)
def _trace_id_of_the_header(probe: Probe) -> None:
    """Where the envelope has none, the trace id of the `traceparent` header is taken."""
    document, trace_id = without(probe.messages.envelope(), "trace_id"), str(uuid.uuid4())
    answer = probe.post(encoded(document), trace_id=trace_id)
    probe.taken(answer, document["payload"], "An envelope without a trace id, with traceparent", trace_id=trace_id)


@_check(_TRACING)
def _trace_id_is_made(probe: Probe) -> None:
    """Without any trace id one is made, and each event gets its own."""
    made = {
        _accept(probe, without(probe.messages.envelope(), "trace_id"), "An envelope without a trace id") for _ in "ab"
    }
    if len(made) < 2:
        raise Deviation(f"Two events were given the same trace id: {made.pop()}.")


@_check(_TRACING)
def _trace_id_is_no_uuid(probe: Probe) -> None:
    """A trace id that is no UUID is replaced: no event is lost over it."""
    for trace_id in ("not a UUID", "", 7, "0" * 31):
        _accept(probe, probe.messages.envelope(trace_id=trace_id), f"The trace id {trace_id!r}")


@_check(_TRACING)
def _trace_id_in_a_refusal(probe: Probe) -> None:
    """A refusal carries the trace id, too: of a wrong token, and of a wrong body."""
    trace_id = str(uuid.uuid4())
    answer = probe.post(b"not JSON", token=uuid.uuid4().hex, trace_id=trace_id)
    probe.refused(answer, 403, _WRONG, "a wrong token", trace_id=trace_id)
    answer = probe.post(b"not JSON", trace_id=trace_id)
    probe.refused(answer, 400, {"body_not_json"}, "a body that is not JSON", trace_id=trace_id)


@_check(_SIGNATURES, signing=True)
def _no_signature(probe: Probe) -> None:
    """Where signing is on, a request without a signature: 403."""
    answer = probe.post(encoded(probe.messages.envelope()), signed=())
    probe.refused(answer, 403, {"signature_missing"}, "A request without a signature")


@_check(_SIGNATURES, signing=True)
def _signature_of_another_key(probe: Probe) -> None:
    """A signature made with another key: 403."""
    body = encoded(probe.messages.envelope())
    answer = probe.post(body, signed=messages.signature("another key", body))
    probe.refused(answer, 403, {"signature_invalid"}, "A signature with another key")


@_check(_SIGNATURES, signing=True)
def _signature_of_another_body(probe: Probe) -> None:
    """A body that is not the one that was signed: 403."""
    signed = messages.signature(probe.token, encoded(probe.messages.envelope()))
    answer = probe.post(encoded(probe.messages.envelope()), signed=signed)
    probe.refused(answer, 403, {"signature_invalid"}, "The signature of another body")


@_check(_SIGNATURES, signing=True)
def _signature_of_long_ago(probe: Probe) -> None:
    """A signature older than 300 seconds, or as far in the future: 403."""
    for age in (400, -400):
        body = encoded(probe.messages.envelope())
        answer = probe.post(body, signed=messages.signature(probe.token, body, age_seconds=age))
        probe.refused(answer, 403, {"timestamp_not_tolerated"}, f"A signature that is {age} seconds old")


@_check(_SIGNATURES, signing=True)
def _signed_request_again(probe: Probe) -> None:
    """The same attempt is accepted once; the sender's next attempt, with a time of its own, is accepted as well."""
    document = probe.messages.envelope()
    body, message_id = encoded(document), f"msg_{uuid.uuid4()}"
    signed = messages.signature(probe.token, body, message_id=message_id, age_seconds=2)
    probe.taken(probe.post(body, signed=signed), document["payload"], "A signed request")
    again = messages.signature(probe.token, body, message_id=message_id, age_seconds=1)
    probe.taken(probe.post(body, signed=again), document["payload"], "The next attempt of the same message")
    probe.refused(probe.post(body, signed=signed), 403, {"request_replayed"}, "A copy of the first attempt")


@_check(_SIGNATURES, signing=True)
def _one_of_several_signatures(probe: Probe) -> None:
    """Of several signatures, one that fits is enough."""
    document = probe.messages.envelope()
    body = encoded(document)
    name, moment, (header, right) = messages.signature(probe.token, body)
    wrong = messages.signature("another key", body)[2][1]
    answer = probe.post(body, signed=(name, moment, (header, f"{wrong} {right}")))
    probe.taken(answer, document["payload"], "A request with two signatures, one of which fits")
