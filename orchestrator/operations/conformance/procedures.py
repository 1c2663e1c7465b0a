"""The checks that take more than a list of exchanges: one function each, whose docstring is the contract's sentence."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from orchestrator.operations.conformance import messages
from orchestrator.operations.conformance.exchange import Exchange
from orchestrator.operations.conformance.messages import (
    MAX_BODY_BYTES,
    MAX_DEPTH,
    MAX_EVENTS,
    encoded,
    without,
)
from orchestrator.operations.conformance.probe import Deviation, Probe

_MISSING, _WRONG = {"token_missing"}, {"token_invalid"}


def _accept(probe: Probe, document: dict[str, Any], what: str) -> str:
    event = document.get("payload", document)
    return probe.taken(probe.post(encoded(document)), event, what)


def _other_layer(probe: Probe) -> str:
    return "L3" if probe.messages.layer == "L2" else "L2"


def start_of_the_token(probe: Probe) -> None:
    """With the token but for its last character: 403."""
    reasons = _WRONG | _MISSING
    Exchange("The token without its last character", token=probe.token[:-1], status=403, reasons=reasons).run(probe)


def token_in_other_case(probe: Probe) -> None:
    """The token's own case matters: 403."""
    other = probe.token.swapcase()
    if other != probe.token:
        Exchange("The token with upper and lower case swapped", token=other, status=403, reasons=_WRONG).run(probe)


def other_layer(probe: Probe) -> None:
    """An envelope for the other layer: 400."""
    other = _other_layer(probe)
    Exchange(f"An envelope for {other}", envelope={"target_layer": other}, reasons={"wrong_target_layer"}).run(probe)


def endless_nesting(probe: Probe) -> None:
    """A body that is nested a hundred thousand levels deep: 400, and no error."""
    body = '{"payload": ' + "[" * 100_000 + "]" * 100_000 + "}"
    reasons = {"nested_too_deeply", "body_not_json", "payload_not_object"}
    Exchange("A body with 100,000 levels", body=body, reasons=reasons).run(probe)


def id_instead_of_time(probe: Probe) -> None:
    """Writer takes the key that was made before, `id`, in place of `time`."""
    event = probe.messages.event()
    _accept(probe, probe.messages.envelope({**without(event, "time"), "id": event["time"]}), "An event with an id")


def time_as_a_number(probe: Probe) -> None:
    """A `time` may be a number."""
    moment = int(probe.messages.start.timestamp() * 1000) + probe.messages.made
    Exchange("An event with a number as its time", event={"time": moment}).run(probe)


def deepest_event(probe: Probe) -> None:
    """An event of 32 levels (it is the first itself) is accepted."""
    inner = messages.nested(MAX_DEPTH - 2)
    Exchange(f"An event of {MAX_DEPTH} levels", event={"inner": inner}).run(probe)


def event_too_deep(probe: Probe) -> None:
    """An event of more levels: 400."""
    inner = messages.nested(MAX_DEPTH + 2)
    Exchange(f"An event of {MAX_DEPTH + 3} levels", event={"inner": inner}, reasons={"nested_too_deeply"}).run(probe)


def same_event_twice(probe: Probe) -> None:
    """Delivery is at least once: the same request again is accepted again."""
    document = probe.messages.envelope()
    for attempt in ("first", "second", "third"):
        _accept(probe, document, f"The {attempt} delivery of the same event")


def same_event_on_another_way(probe: Probe) -> None:
    """The same device and time is the same item, also in another envelope."""
    event = probe.messages.event()
    for cloud in ("azure", "gcp"):
        _accept(probe, probe.messages.envelope(event, source_cloud=cloud), f"The same event from {cloud}")


def same_event_at_the_same_time(probe: Probe) -> None:
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
    return _post_batch(probe, [probe.messages.envelope()], "A batch of one event") is not None


def _accept_batch(probe: Probe, sent: list[dict[str, Any]], what: str, allowed: Collection[int] = (200,)) -> bool:
    """Expect that every event is accepted. False when the endpoint takes no batches, and says so."""
    found = _post_batch(probe, sent, what)
    for number, (status, reason) in enumerate(found or (), 1):
        if status not in allowed:
            raise Deviation(f"{what}, event {number} was answered {status} ({reason}) instead of 200.")
    return found is not None


def a_result_for_each_event(probe: Probe) -> None:
    """A batch is answered with a result for each event, in order, or refused with 400 by who takes none."""
    _accept_batch(probe, [probe.messages.envelope() for _ in range(5)], "A batch of five events")


def faulty_event_in_a_batch(probe: Probe) -> None:
    """Who takes batches refuses a faulty event alone, and accepts the others."""
    if not _takes_batches(probe):
        return
    sent = [probe.messages.envelope() for _ in range(4)]
    del sent[1]["payload"]["iotDeviceId"]
    sent[2]["target_layer"] = _other_layer(probe)
    wanted = [(200, ""), (400, "iot_device_id_missing"), (400, "wrong_target_layer"), (200, "")]
    found = _post_batch(probe, sent, "A batch with faulty events")
    if found != wanted:
        raise Deviation(f"A batch whose second and third events are faulty was answered {_told(found)}.")


def batch_again(probe: Probe) -> None:
    """A batch that comes again is accepted again, also when some of its events came before in another one."""
    first, second, third = (probe.messages.envelope() for _ in range(3))
    for sent in ([first, second], [first, second], [third, second]):
        _accept_batch(probe, sent, "A batch that comes again")


def same_event_twice_in_a_batch(probe: Probe) -> None:
    """The same event twice in one batch is accepted twice."""
    same = probe.messages.envelope()
    _accept_batch(probe, [same, probe.messages.envelope(), same], "A batch with the same event twice")


def batch_without_the_token(probe: Probe) -> None:
    """A batch needs the token as every request does: 403."""
    sent = encoded([probe.messages.envelope(), probe.messages.envelope()])
    probe.refused(probe.post(sent, headers=()), 403, _MISSING, "A batch without a token")
    probe.refused(probe.post(sent, token=uuid.uuid4().hex), 403, _WRONG, "A batch with a wrong token")


def longest_batch(probe: Probe) -> None:
    """Who takes batches takes 100 events, and refuses more with 400."""
    if not _takes_batches(probe):
        return
    what = f"A batch of {MAX_EVENTS} events"
    sent = [probe.messages.envelope() for _ in range(MAX_EVENTS)]
    if not _accept_batch(probe, sent, what, allowed=(200, 429)):  # who has no time left may ask for some of them later
        raise Deviation(f"{what} was refused.")
    body = encoded([probe.messages.envelope()] * (MAX_EVENTS + 1))
    probe.refused(probe.post(body), 400, (), f"A batch of {MAX_EVENTS + 1} events")


def batch_too_large(probe: Probe) -> None:
    """A batch of more bytes than a body may have: 413."""
    sent = [probe.messages.envelope(padding="x" * (MAX_BODY_BYTES // 2)) for _ in range(2)]
    probe.refused(probe.post(encoded(sent)), 413, {"body_too_large"}, f"A batch of more than {MAX_BODY_BYTES} bytes")


def _told(found: list[tuple[int, str]] | None) -> str:
    if found is None:
        return "400 as a whole"
    return ", ".join(f"{status} ({reason})" if reason else str(status) for status, reason in found)


def trace_id_comes_back(probe: Probe) -> None:
    """The envelope's trace id comes back in the answer."""
    document = probe.messages.envelope()
    answer = probe.post(encoded(document))
    probe.taken(answer, document["payload"], "An envelope with a trace id", trace_id=document["trace_id"])


def trace_id_of_the_header(probe: Probe) -> None:
    """Where the envelope has none, the trace id of the `traceparent` header is taken."""
    document, trace_id = without(probe.messages.envelope(), "trace_id"), str(uuid.uuid4())
    answer = probe.post(encoded(document), trace_id=trace_id)
    probe.taken(answer, document["payload"], "An envelope without a trace id, with traceparent", trace_id=trace_id)


def trace_id_is_made(probe: Probe) -> None:
    """Without any trace id one is made, and each event gets its own."""
    made = {
        _accept(probe, without(probe.messages.envelope(), "trace_id"), "An envelope without a trace id") for _ in "ab"
    }
    if len(made) < 2:
        raise Deviation(f"Two events were given the same trace id: {made.pop()}.")


def trace_id_in_a_refusal(probe: Probe) -> None:
    """A refusal carries the trace id, too: of a wrong token, and of a wrong body."""
    trace_id = str(uuid.uuid4())
    answer = probe.post(b"not JSON", token=uuid.uuid4().hex, trace_id=trace_id)
    probe.refused(answer, 403, _WRONG, "a wrong token", trace_id=trace_id)
    answer = probe.post(b"not JSON", trace_id=trace_id)
    probe.refused(answer, 400, {"body_not_json"}, "a body that is not JSON", trace_id=trace_id)


def no_signature(probe: Probe) -> None:
    """Where signing is on, a request without a signature: 403."""
    answer = probe.post(encoded(probe.messages.envelope()), signed=())
    probe.refused(answer, 403, {"signature_missing"}, "A request without a signature")


def signature_of_another_key(probe: Probe) -> None:
    """A signature made with another key: 403."""
    body = encoded(probe.messages.envelope())
    answer = probe.post(body, signed=messages.signature("another key", body))
    probe.refused(answer, 403, {"signature_invalid"}, "A signature with another key")


def signature_of_another_body(probe: Probe) -> None:
    """A body that is not the one that was signed: 403."""
    signed = messages.signature(probe.token, encoded(probe.messages.envelope()))
    answer = probe.post(encoded(probe.messages.envelope()), signed=signed)
    probe.refused(answer, 403, {"signature_invalid"}, "The signature of another body")


def signature_of_long_ago(probe: Probe) -> None:
    """A signature older than 300 seconds, or as far in the future: 403."""
    for age in (400, -400):
        body = encoded(probe.messages.envelope())
        answer = probe.post(body, signed=messages.signature(probe.token, body, age_seconds=age))
        probe.refused(answer, 403, {"timestamp_not_tolerated"}, f"A signature that is {age} seconds old")


def signed_request_again(probe: Probe) -> None:
    """The same attempt is accepted once; the sender's next attempt, with a time of its own, is accepted as well."""
    document = probe.messages.envelope()
    body, message_id = encoded(document), f"msg_{uuid.uuid4()}"
    signed = messages.signature(probe.token, body, message_id=message_id, age_seconds=2)
    probe.taken(probe.post(body, signed=signed), document["payload"], "A signed request")
    again = messages.signature(probe.token, body, message_id=message_id, age_seconds=1)
    probe.taken(probe.post(body, signed=again), document["payload"], "The next attempt of the same message")
    probe.refused(probe.post(body, signed=signed), 403, {"request_replayed"}, "A copy of the first attempt")


def one_of_several_signatures(probe: Probe) -> None:
    """Of several signatures, one that fits is enough."""
    document = probe.messages.envelope()
    body = encoded(document)
    name, moment, (header, right) = messages.signature(probe.token, body)
    wrong = messages.signature("another key", body)[2][1]
    answer = probe.post(body, signed=(name, moment, (header, f"{wrong} {right}")))
    probe.taken(answer, document["payload"], "A request with two signatures, one of which fits")
