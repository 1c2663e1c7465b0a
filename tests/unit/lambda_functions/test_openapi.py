"""The OpenAPI document and the two endpoints say the same: teams on other clouds build against the document."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # it comes with cfn-lint, its stubs do not
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate

from lambda_functions.aws.cloud import client
from lambda_functions.ingestion.handler import lambda_handler as ingestion
from lambda_functions.shared.authentication import TOKEN_HEADER
from lambda_functions.shared.envelope import MAX_EVENTS
from lambda_functions.shared.http_request import MAX_BODY_BYTES
from lambda_functions.shared.signing import TOLERANCE_SECONDS, signed
from lambda_functions.writer.handler import lambda_handler as writer
from tests.unit.lambda_functions.support import TELEMETRY, TOKEN, Context, Handler, Remote, body_of, request

pytestmark = pytest.mark.usefixtures("receiver", "aws")

PATHS: dict[str, Handler] = {"/ingestion": ingestion, "/writer": writer}
SOURCE: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parents[3] / "docs" / "openapi.yaml").read_text(encoding="utf-8")
)

both = pytest.mark.parametrize("path", PATHS)


def resolved(part: Any) -> Any:
    """The part with everything that it refers to in place."""
    if isinstance(part, list):
        return [resolved(each) for each in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        found: Any = SOURCE
        for key in part["$ref"].removeprefix("#/").split("/"):
            found = found[key]
        return resolved(found)
    return {key: resolved(value) for key, value in part.items()}


DOCUMENT: dict[str, Any] = resolved(SOURCE)


def operation(path: str) -> dict[str, Any]:
    found: dict[str, Any] = DOCUMENT["paths"][path]["post"]
    return found


def fits(value: Any, schema: dict[str, Any]) -> bool:
    return bool(OAS31Validator(schema, format_checker=OAS31Validator.FORMAT_CHECKER).is_valid(value))


def response_schema(path: str, status: int) -> dict[str, Any]:
    schema: dict[str, Any] = operation(path)["responses"][str(status)]["content"]["application/json"]["schema"]
    return schema


def reasons(schema: Any) -> set[str]:
    """Every reason that a response's schema lists."""
    if isinstance(schema, list):
        return {reason for part in schema for reason in reasons(part)}
    if not isinstance(schema, dict):
        return set()
    return {*schema.get("enum", ()), *reasons(list(schema.values()))}


def examples() -> list[Any]:
    found = []
    for path in PATHS:
        content = operation(path)["requestBody"]["content"]["application/json"]
        found += [pytest.param(path, each, id=f"{path} {name}") for name, each in content["examples"].items()]
    return found


def test_the_document_is_valid_openapi() -> None:
    validate(SOURCE)


@pytest.mark.parametrize(("path", "example"), examples())
def test_an_example_is_answered_as_the_document_says(path: str, example: dict[str, Any]) -> None:
    expected = example["x-answer"]

    answer = PATHS[path](request(example["value"]), Context())

    assert (answer["statusCode"], body_of(answer).get("reason")) == (expected["status"], expected.get("reason"))
    assert fits(body_of(answer), response_schema(path, answer["statusCode"]))
    schema = operation(path)["requestBody"]["content"]["application/json"]["schema"]
    assert fits(example["value"], schema) == (expected["status"] == 200)


@both
def test_every_status_and_every_reason_in_the_document_is_given_and_no_other(
    path: str, monkeypatch: pytest.MonkeyPatch, remote: Remote
) -> None:
    documented: set[tuple[int, str | None]] = {(200, None)}
    for status in map(int, operation(path)["responses"]):
        documented |= {(status, reason) for reason in reasons(response_schema(path, status))}

    given = set()
    for ask in asked(path, monkeypatch, remote):
        answer = ask(PATHS[path])
        assert fits(body_of(answer), response_schema(path, answer["statusCode"]))
        assert answer["headers"]["Content-Type"] == "application/json"
        given.add((answer["statusCode"], body_of(answer).get("reason")))

    assert given == documented


@both
def test_the_token_and_the_limits_in_the_document_are_the_codes(path: str) -> None:
    assert DOCUMENT["components"]["securitySchemes"]["token"]["name"] == TOKEN_HEADER
    assert f"more than {MAX_BODY_BYTES} bytes" in DOCUMENT["components"]["responses"]["TooLarge"]["description"]
    assert f"at most {TOLERANCE_SECONDS} seconds" in " ".join(DOCUMENT["info"]["description"].split())
    assert set(operation(path)["responses"]["429"]["headers"]) == {"Retry-After"}
    assert {DOCUMENT["components"]["schemas"][f"BatchFor{layer}"]["maxItems"] for layer in ("L2", "L3")} == {MAX_EVENTS}


Ask = Callable[[Handler], dict[str, Any]]


def asked(path: str, monkeypatch: pytest.MonkeyPatch, remote: Remote) -> list[Ask]:
    """Requests that between them get every answer of an endpoint."""
    layer, other = ("L2", "L3") if path == "/ingestion" else ("L3", "L2")
    bodies: list[Any] = [
        {"payload": TELEMETRY, "target_layer": layer},
        {"payload": TELEMETRY, "target_layer": other},
        {"payload": TELEMETRY, "message_type": "command"},
        {"payload": {**TELEMETRY, "x": "\ud83d"}},
        {"payload": {**TELEMETRY, "": 1}},
        {"payload": {**TELEMETRY, "x": 10**40 + 1}},
        {"payload": {**TELEMETRY, "iotDeviceId": 7}},
        {"payload": {**TELEMETRY, "iotDeviceId": "toaster"}},
        {"payload": {"time": 1}},
        {"payload": []},
        {"target_layer": layer},
        [],
        [{"payload": TELEMETRY}] * (MAX_EVENTS + 1),
        None,
        "{",
        "[" * 10_000,
        '{"payload": {"x": NaN}}',
        '{"payload": {"x": 1, "x": 2}}',
        "x" * (MAX_BODY_BYTES + 1),
    ]
    if path == "/writer":
        bodies += [
            {"payload": {"iotDeviceId": "oven-1"}},
            {"payload": {"iotDeviceId": "oven-1", "time": []}},
            {"payload": {"iotDeviceId": "oven-1", "time": 1, "id": "2"}},
            {"payload": {**TELEMETRY, "x": "x" * 410_000}},
        ]
    plain: list[Ask] = [lambda handler, body=body: handler(request(body), Context()) for body in bodies]  # type: ignore[misc]  # a default binds the loop's value
    return [
        *plain,
        lambda handler: handler({**request("%"), "isBase64Encoded": True}, Context()),
        lambda handler: handler(request(TELEMETRY, token=None), Context()),
        lambda handler: handler(request(TELEMETRY, token="wrong"), Context()),
        *with_signatures(monkeypatch),
        *with_faults(path, monkeypatch, remote),
    ]


def with_signatures(monkeypatch: pytest.MonkeyPatch) -> list[Ask]:
    body, now = json.dumps(TELEMETRY), int(time.time())

    def ask(headers: dict[str, str]) -> Ask:
        def asking(handler: Handler) -> dict[str, Any]:
            monkeypatch.setenv("INTER_CLOUD_SIGNING", "on")
            answer: dict[str, Any] = handler(request(body, **headers), Context())
            monkeypatch.delenv("INTER_CLOUD_SIGNING")
            return answer

        return asking

    good, old = signed(TOKEN, "m", now, body.encode()), signed(TOKEN, "m", now - 400, body.encode())
    return [ask({}), ask({**good, "webhook-signature": "v1,x"}), ask(old), ask(good), ask(good)]


def with_faults(path: str, monkeypatch: pytest.MonkeyPatch, remote: Remote) -> list[Ask]:
    service, operation_name = ("LAMBDA", "Invoke") if path == "/ingestion" else ("DYNAMODB", "PutItem")

    def misconfigured(handler: Handler) -> dict[str, Any]:
        monkeypatch.delenv("DYNAMODB_TABLE_NAME" if path == "/writer" else "PROCESSOR_LAMBDA_NAME")
        answer: dict[str, Any] = handler(request(TELEMETRY), Context())
        monkeypatch.setenv("DYNAMODB_TABLE_NAME", "table")
        monkeypatch.setenv("PROCESSOR_LAMBDA_NAME", "factory-processor")
        return answer

    def answered_by_aws(status: int, code: str) -> Ask:
        def ask(handler: Handler) -> dict[str, Any]:
            monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", remote.url)
            client.cache_clear()
            remote.answers = [
                (status, {"x-amzn-ErrorType": code}, json.dumps({"__type": code, "message": "x"}).encode())
            ]
            answer: dict[str, Any] = handler(request(TELEMETRY), Context())
            monkeypatch.delenv(f"AWS_ENDPOINT_URL_{service}")
            client.cache_clear()
            return answer

        return ask

    asks = [misconfigured, answered_by_aws(403, "AccessDeniedException"), answered_by_aws(429, "ThrottlingException")]
    if operation_name == "PutItem":
        asks.append(answered_by_aws(400, "ValidationException"))
    return asks
