"""Sends generated requests to both public endpoints, and holds every answer to the contract: `make fuzz`.

    python tests/fuzz_endpoints.py [REQUESTS] [SEED]        (100,000 and 1 unless said otherwise)

Documents come from hypothesis: right and nearly right envelopes, plain events, batches of them, spoilt JSON. Each is
sent in several ways: with the right token, as base64, with odd headers, without a token; and then comes an event that
is no request. AWS is replaced in memory: the hot table by one that checks an item against DynamoDB's own service model.
The first request that breaks a rule is shrunk by hypothesis and printed, and this program ends with 1.
"""

from __future__ import annotations

import base64
import io
import itertools
import json
import math
import os
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stdout
from pathlib import Path
from types import ModuleType
from typing import Any

import botocore.session
import yaml  # type: ignore[import-untyped]  # it comes with cfn-lint, its stubs do not
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

TOKEN = "the-right-token"
CANARY = "canary-7f3a"
REQUESTS = 100_000
DOCUMENTS_PER_RUN = 1_000  # hypothesis remembers what it tried within a run, and slows down with it
ENDPOINTS = {"/ingestion": "ingestion", "/writer": "writer"}
STATUSES = {200, 400, 403, 413}
MAX_ITEM_BYTES = 400 * 1024
DOCUMENT = Path(__file__).parent.parent / "docs" / "openapi.yaml"

Check = Callable[[Any], tuple[int, str]]

# What is sent.


def mostly(usual: st.SearchStrategy[Any], odd: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """The usual thing nine times out of ten."""
    return st.integers(0, 9).flatmap(lambda number: usual if number else odd)


texts = st.text(max_size=12) | st.sampled_from(["", CANARY, "oven-1", "\ud83d", "\x00", "é", "0"])
numbers = st.integers() | st.floats() | st.sampled_from([1e400, -0.0, 10**126, 10**45 + 1, 1e-131])
scalars = st.none() | st.booleans() | numbers | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=4
)
devices = mostly(st.sampled_from(["oven-1", "press-1"]), scalars)
moments = mostly(st.sampled_from(["2026-11-23T10:00:00Z", 1763892000, 1763892000.5]), scalars)
events = st.fixed_dictionaries(
    {"iotDeviceId": devices, "time": moments, "temperature": numbers, "note": st.just(CANARY)},
    optional={"id": scalars, "more": values, "payload": scalars},
)
envelopes = st.fixed_dictionaries(
    {"payload": mostly(events, values)},
    optional={
        "source_cloud": st.sampled_from(["azure", "gcp", "google", "aws", None, CANARY]),
        "target_layer": mostly(st.sampled_from(["L2", "L3", None]), scalars),
        "message_type": mostly(st.sampled_from(["telemetry", None]), scalars),
        "timestamp": st.sampled_from(["2026-11-23T10:00:00Z", "soon", "0001-01-01T00:00:00+23:59", None]) | scalars,
        "trace_id": st.sampled_from(["3f2504e0-4f89-41d3-9a0c-0305e82c3301", None]) | scalars,
        "extra": values,
    },
)
singles = mostly(envelopes, events)
batches = mostly(st.lists(mostly(singles, values), max_size=4), st.builds(lambda one: [one] * 101, singles))
proper = st.builds(json.dumps, singles | singles | batches, ensure_ascii=st.booleans())
PIECES = ("", "{", "}", "[", "NaN", '"', ",", "1e999999999", "\\ud800", "\x00", '"time":1,', '"x":1,"x":1,', "9" * 5000)
LARGE = '{"payload":{"iotDeviceId":"oven-1","time":1,"x":"' + "x" * 420_000 + '"}}'
EXTREMES = ("", "[]", "null", "[" * 5000, '{"a":' * 5000, "9" * 10_000, " " * 600_000, LARGE)


@st.composite
def spoilt(draw: st.DrawFn) -> str:
    """A proper document with a piece of it replaced."""
    text = draw(proper)
    start = draw(st.integers(0, len(text)))
    return text[:start] + draw(st.sampled_from(PIECES)) + text[start + draw(st.integers(0, 8)) :]


bodies = mostly(mostly(proper, spoilt()), mostly(spoilt(), st.none() | texts | st.sampled_from(EXTREMES)))
names = st.sampled_from(["x-inter-cloud-token", "X-Inter-Cloud-Token", "X-INTER-CLOUD-TOKEN"])
tokens = st.sampled_from([TOKEN, TOKEN + " ", TOKEN.upper(), f"{TOKEN},{TOKEN}", "tökén"]) | scalars
odd_headers = st.dictionaries(names | st.sampled_from(["traceparent", "webhook-id"]) | texts, tokens, max_size=4)


@st.composite
def requests(draw: st.DrawFn) -> list[Any]:
    """One document, sent in several ways."""
    body, name, odd = draw(bodies), draw(names), draw(odd_headers)
    encoded = base64.b64encode((body or "").encode("utf-8", "replace")).decode()
    return [
        {"headers": {name: TOKEN}, "body": body, "isBase64Encoded": False},
        {"headers": {name: TOKEN, "Accept": "*/*"}, "body": encoded, "isBase64Encoded": True},
        {"headers": {name: TOKEN}, "body": body, "isBase64Encoded": True},
        {"headers": odd, "body": body},
        {"headers": {"Accept": "*/*"}, "body": body},
        draw(mostly(st.just({"headers": {name: TOKEN}, "body": draw(values)}), values)),
    ]


# What must hold.


class Lambda:
    """Takes every invocation of which the payload is JSON."""

    def __init__(self) -> None:
        self.calls = 0

    def invoke(self, **call: Any) -> None:
        assert len(call["Payload"]) <= 1024 * 1024, "more than an asynchronous invocation takes"
        assert set(json.loads(call["Payload"], parse_constant=_never)) >= {"payload", "trace_id"}
        self.calls += 1


class DynamoDB:
    """Takes every item that fits DynamoDB's model and limits."""

    def __init__(self) -> None:
        self.calls = 0
        model = botocore.session.get_session().get_service_model("dynamodb")
        self._shape: Any = model.operation_model("PutItem").input_shape

    def put_item(self, **call: Any) -> None:
        report = ParamValidator().validate(call, self._shape)
        assert not report.has_errors(), report.generate_report()
        if len(json.dumps(call["Item"]).encode()) > MAX_ITEM_BYTES:
            message = "Item size has exceeded the maximum allowed size"
            raise ClientError({"Error": {"Code": "ValidationException", "Message": message}}, "PutItem")
        assert _plain(call["Item"]["iotDeviceId"]["S"]), "an empty key"
        assert _plain(call["Item"]["id"]["S"]), "an empty key"
        self.calls += 1


def has_token(event: Any) -> bool:
    """Whether the request carries the right token, once; said independently of the code under test."""
    sent = event.get("headers") if isinstance(event, Mapping) else None
    if not isinstance(sent, Mapping):
        return False
    found = [value for name, value in sent.items() if name.lower() == "x-inter-cloud-token" and isinstance(value, str)]
    return found == [TOKEN]


def told(status: int, said: dict[str, Any], reasons: set[tuple[int, str]]) -> str:
    """The reason in an answer, or in a result, after a look at whether it is of the contract and says nothing else."""
    assert uuid.UUID(said.pop("trace_id")).int, "no trace id"
    reason = said.pop("reason", "")
    assert said == {}, f"the answer also says {said}"
    assert (status, reason) in reasons, f"{status} {reason} is not documented"
    return str(reason)


def sent_in(event: Any) -> list[Any]:
    """The documents of the batch that a request carries."""
    body = event["body"]
    found: list[Any] = json.loads(base64.b64decode(body) if event.get("isBase64Encoded") is True else body)
    assert isinstance(found, list), "results for what was no batch"
    return found


def checked(path: str) -> Check:
    """Answers status and reason of a request to an endpoint, or fails."""
    handler, aws = _deployed(path)
    reasons = _documented(path)

    def check(event: Any) -> tuple[int, str]:
        before, printed = aws.calls, io.StringIO()
        with redirect_stdout(printed):
            answer = handler.lambda_handler(event, None)
        status, body = answer["statusCode"], json.loads(answer["body"])
        assert status in STATUSES, f"{status}: {printed.getvalue()}"
        results = body.pop("results", None)
        reason = told(status, body, reasons)
        accepted = int(status == 200)
        if results is not None:
            assert (status, len(results)) == (200, len(sent_in(event))), "not a result for each event"
            accepted = sum(each["status"] == 200 for each in results)
            for each in results:
                told(each.pop("status"), each, reasons)
            reason = "(a batch)"
        assert (status == 403) == (not has_token(event)), "let in without the token, or refused with it"
        assert aws.calls - before == accepted, "refused, and yet passed on"
        assert CANARY not in printed.getvalue().replace(f'"device":"{CANARY}"', ""), "a payload's value in the log"
        assert TOKEN not in printed.getvalue().replace(f'"device":"{TOKEN}"', ""), "a token in the log"
        return status, reason

    return check


def fuzz(path: str, number: int, first_seed: int) -> Counter[tuple[str, int, str]]:
    """Send so many requests to one endpoint; count the answers."""
    counted: Counter[tuple[str, int, str]] = Counter()
    check = checked(path)
    for run in itertools.count():

        @seed(first_seed * 1_000_000 + run)
        @settings(
            max_examples=DOCUMENTS_PER_RUN,
            deadline=None,
            database=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        )
        @given(requests())
        def send(sent: list[Any]) -> None:
            for event in sent:
                counted[path, *check(event)] += 1

        send()
        if counted.total() >= number:
            break
    return counted


def main(requested: int = REQUESTS, first_seed: int = 1) -> int:
    """Fuzz both endpoints at once, a process each, and print how they answered."""
    started = time.monotonic()
    share = math.ceil(requested / len(ENDPOINTS))
    counted: Counter[tuple[str, int, str]] = Counter()
    with ProcessPoolExecutor(len(ENDPOINTS)) as pool:
        for found in pool.map(fuzz, ENDPOINTS, [share] * len(ENDPOINTS), [first_seed] * len(ENDPOINTS)):
            counted += found
    print(f"{'endpoint':12} {'status':>6} {'reason':26} {'answers':>9}")
    for (path, status, reason), times in sorted(counted.items()):
        print(f"{path:12} {status:6} {reason:26} {times:9,}")
    seconds = time.monotonic() - started
    print(f"{counted.total():,} requests in {seconds:.0f} s")
    print("no exception, no 5xx, nothing revealed but the reason, nothing written for a refused request")
    return 0 if counted.total() >= requested else 1


def _deployed(path: str) -> tuple[ModuleType, Lambda | DynamoDB]:
    """A handler as it is deployed, with AWS in memory."""
    twin = {"config_iot_devices": [{"id": "oven-1"}, {"id": "press-1"}], "config": {"digital_twin_name": "factory"}}
    os.environ |= {
        "INTER_CLOUD_TOKEN": TOKEN,
        "DIGITAL_TWIN_INFO": json.dumps(twin),
        "DYNAMODB_TABLE_NAME": "factory-hot-iot-data",
        "PROCESSOR_LAMBDA_NAME": "factory-processor",
    }
    from importlib import import_module

    handler = import_module(f"lambda_functions.{ENDPOINTS[path]}.handler")
    aws: Lambda | DynamoDB = Lambda() if path == "/ingestion" else DynamoDB()
    adapter: Any = import_module("lambda_functions.aws.cloud")
    adapter.client = lambda _service: aws  # the one place where AWS comes in
    return handler, aws


def _documented(path: str) -> set[tuple[int, str]]:
    document = yaml.safe_load(DOCUMENT.read_text(encoding="utf-8"))
    schemas = document["components"]["schemas"]
    invalid = set(schemas["InvalidRequest"]["enum"])
    if path == "/writer":
        invalid |= set(schemas["InvalidItem"]["enum"])
    refused = {(400, reason) for reason in invalid}
    return {(200, ""), (403, "token_missing"), (403, "token_invalid"), (413, "body_too_large"), *refused}


def _plain(text: str) -> bool:
    return bool(text.encode())


def _never(name: str) -> None:
    raise AssertionError(f"{name} was passed on")


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
