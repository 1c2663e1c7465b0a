"""An AWS account made by moto with an artifact bucket, and projects in folders."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.core.config import default_user_config

from orchestrator.core.names import Installation
from orchestrator.operations.session import Aws
from tests.emulated import aws_account

REGION = "us-east-1"
ACCOUNT = "123456789012"  # moto's

ON_AWS = {"layer_1_provider": "aws", "layer_2_provider": "aws", "layer_3_hot_provider": "aws"}
TO_AZURE = {**ON_AWS, "layer_2_provider": "azure"}

MakeProject = Callable[..., Path]


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (
        "AWS_ENDPOINT_URL",
        "AWS_PROFILE",
        "GLUECODE_LOCAL",
        "GLUECODE_PREFIX",
        "GLUECODE_DEBUG",
        "FORCE_COLOR",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("GLUECODE_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="session")
def session() -> boto3.Session:
    """One for all tests: reading the services' models takes most of a test's time."""
    return boto3.Session("test", "test", region_name=REGION)


@pytest.fixture
def aws(session: boto3.Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """An empty account, in which an execution runs until a test ends it: moto's own engine is off."""
    monkeypatch.setitem(default_user_config, "stepfunctions", {"execute_state_machine": False})
    with aws_account():
        yield Aws(session)


@pytest.fixture
def installation(aws: Aws) -> Installation:
    """An installation of which only the artifact bucket is there."""
    made = Installation("gluecode", "aws", REGION, ACCOUNT)
    aws.client("s3").create_bucket(Bucket=made.bucket)
    return made


@pytest.fixture
def make_project(tmp_path: Path) -> MakeProject:
    """Writes a small valid project: `make_project(providers=…, connections=…)`."""

    def make(providers: dict[str, str] | None = None, connections: dict[str, Any] | None = None) -> Path:
        folder = tmp_path / "a project"
        files: dict[str, Any] = {
            "config.json": {
                "digital_twin_name": "plant",
                "hot_storage_size_in_days": 7,
                "cold_storage_size_in_days": 30,
                "mode": "DEBUG",
            },
            "config_iot_devices.json": [
                {"id": "press-1", "properties": [{"name": "temperature", "dataType": "DOUBLE"}]}
            ],
            "config_providers.json": providers or ON_AWS,
        }
        if connections is not None:
            files["config_inter_cloud.json"] = {"connections": connections}
        (folder / "processors" / "press-1").mkdir(parents=True)
        for name, content in files.items():
            (folder / name).write_text(json.dumps(content))
        (folder / "processors" / "press-1" / "process.py").write_text("def process(event):\n    return event\n")
        (folder / "notes.txt").write_text("not part of the project")
        return folder

    return make
