"""The accounts that the contract is tried on: moto, in this process, and the embedded cloud, over HTTP."""

from __future__ import annotations

import functools
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest

from deploy_steps import aws
from tests.contract.world import World
from tests.emulated import aws_account

MOTO = "moto"
EMBEDDED = "embedded cloud"

# The steps' own clients, one set for each engine and all tests: making one takes longer than most tests.
_CLIENTS = {engine: functools.cache(aws.client.__wrapped__) for engine in (MOTO, EMBEDDED)}
_by_hand = functools.cache(boto3.client)


@pytest.fixture
def world(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A twin nobody has used yet, on the emulator that the test's parameter names. The steps' own clients reach it."""
    engine = getattr(request, "param", EMBEDDED)
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }.items():
        monkeypatch.setenv(name, value)
    twin = f"twin-{uuid.uuid4().hex[:12]}"
    monkeypatch.setattr(aws, "client", _CLIENTS[engine])
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with _account(engine, request, monkeypatch) as hand:
        opened = World(engine, twin, hand)
        yield opened
        opened.close()


@contextmanager
def _account(engine: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The account of that engine; gives the clients of whoever does things by hand."""
    if engine == MOTO:
        with aws_account():
            yield _by_hand
    else:
        monkeypatch.setenv("AWS_ENDPOINT_URL", request.getfixturevalue("embedded_cloud").endpoint)
        yield request.getfixturevalue("clients")
