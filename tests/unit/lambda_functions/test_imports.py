"""What a handler imports is paid for in every cold start, so each one imports what it needs and no more."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

FORBIDDEN = (
    "pydantic",
    "aws_xray_sdk",
    "moto",
    "hypothesis",
    "orchestrator",
    "deploy_steps",
    "boto3.dynamodb",
    "jsonschema",
)
NEEDS_HTTP = {"connector"}
OWN = {
    "connector": {"sending", "breaker", "signing"},
    "dispatcher": set(),
    "event_checker": {"conditions"},
    "ingestion": {"endpoint", "authentication", "responses", "signing"},
    "persister": {"hot_table"},
    "processor": set(),
    "writer": {"endpoint", "authentication", "responses", "signing", "hot_table"},
}


def loaded_by(function: str, **environment: str) -> set[str]:
    """The modules that a new interpreter has after it imported a handler."""
    code = f"import sys, json, lambda_functions.{function}.handler; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env={**os.environ, **environment}
    )
    return set(json.loads(done.stdout))


def ours(loaded: set[str]) -> set[str]:
    """The names of the functions' own modules among them, without their packages."""
    packages = ("lambda_functions.shared", "lambda_functions.aws")
    return {name.rpartition(".")[2] for name in loaded if name.rpartition(".")[0] in packages}


@pytest.mark.parametrize("function", OWN)
def test_a_handler_imports_what_it_needs_and_no_more(function: str) -> None:
    loaded = loaded_by(function)

    assert not [name for name in loaded if name.startswith(FORBIDDEN)]
    assert ("requests" in loaded) == (function in NEEDS_HTTP)
    special = set().union(*OWN.values())
    assert special & ours(loaded) >= OWN[function]
    assert not [
        name for name in ("hot_table", "endpoint", "sending", "conditions")
        if name not in OWN[function] and name in ours(loaded)
    ]  # fmt: skip


def test_a_persister_that_writes_to_another_cloud_loads_its_http_client_while_it_starts() -> None:
    assert "requests" in loaded_by("persister", REMOTE_WRITER_URL="https://writer.example.com")


@pytest.mark.parametrize("function", ["connector", "persister"])
def test_what_a_queue_in_front_needs_is_loaded_where_there_is_one_and_while_the_function_starts(function: str) -> None:
    needed = {"sqs_handler", "batch_sender"}
    url = {"REMOTE_WRITER_URL": "https://writer.example.com"}

    assert needed <= ours(loaded_by(function, OUTGOING_ATTEMPTS="5", **url))
    assert needed.isdisjoint(ours(loaded_by(function, **url)))


@pytest.mark.parametrize("module", ["conditions", "failure_queue"])
def test_what_others_read_of_the_runtime_needs_no_third_party_package(module: str) -> None:
    code = f"import sys, lambda_functions.shared.{module}; print(*sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    packages = {name.partition(".")[0] for name in done.stdout.split()}
    assert packages.isdisjoint({"boto3", "botocore", "aws_lambda_powertools", "requests"})
