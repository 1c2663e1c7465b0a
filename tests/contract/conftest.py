"""The accounts that the contract is tried on: moto, in this process, and the embedded cloud, over HTTP."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from deploy_steps import aws
from tests.contract.world import World
from tests.emulated import aws_account

MOTO = "moto"
EMBEDDED = "embedded cloud"


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
    aws.client.cache_clear()
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    if engine == MOTO:
        with aws_account():
            hand: Any = boto3.client
            yield World(engine, twin, hand)
    else:
        monkeypatch.setenv("AWS_ENDPOINT_URL", request.getfixturevalue("embedded_cloud").endpoint)
        yield World(engine, twin, request.getfixturevalue("clients"))
    aws.client.cache_clear()
