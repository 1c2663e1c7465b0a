"""What the proof itself rests on: it skips itself without the history, and its workers are watched and isolated."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.upgrade import __main__ as command
from tests.upgrade import recorder, releases

_CALL = """
import boto3
from botocore.config import Config
client = boto3.client(
    "lambda", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b",
    endpoint_url="http://127.0.0.1:1", config=Config(retries={"total_max_attempts": 1}),
)
try:
    client.update_function_code(FunctionName="f", ImageUri="a-value")
except Exception as error:
    print(type(error).__name__)
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The environment that commands and workers run in. Its folder of packages."""
    return releases.environment(tmp_path_factory.mktemp("environment"))


def run(environment: Path, script: Path) -> subprocess.CompletedProcess[str]:
    """Run a script with the environment's interpreter, and with no variable of this process."""
    python = environment.parents[2] / "bin" / "python"
    return subprocess.run([python, script], capture_output=True, text=True, env={}, timeout=60, check=False)


def test_without_the_earlier_commit_in_the_history_it_skips_itself(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(releases, "EARLIER", "0" * 40)
    monkeypatch.setattr(sys, "argv", ["upgrade"])

    code = command.main()

    assert code == 0
    assert capsys.readouterr().out.startswith("skipped: ")


@pytest.mark.parametrize("package", ["orchestrator.core", "deploy_steps", "lambda_functions", "tests"])
def test_a_worker_cannot_import_this_checkout(environment: Path, tmp_path: Path, package: str) -> None:
    script = tmp_path / "worker.py"
    script.write_text(f"import {package}\n")

    assert f"No module named '{package}'" in run(environment, script).stderr


def test_every_call_of_a_worker_is_recorded_once_without_its_values(environment: Path, tmp_path: Path) -> None:
    (tmp_path / "ministack-lambda-f").mkdir()
    script = tmp_path / "ministack-lambda-f" / "worker.py"
    script.write_text(_CALL)

    assert run(environment, script).stdout.strip() == "EndpointConnectionError"

    lines = (environment / recorder.CALLS).read_text().splitlines()
    assert [json.loads(line) for line in lines] == [
        {"function": "", "operation": "UpdateFunctionCode", "subject": "f", "code": ""}
    ]
