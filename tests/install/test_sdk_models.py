"""The SDK that is tested is the SDK that runs: the models of AWS's services that are shipped with the code."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session

from deploy_steps import aws, errors
from deploy_steps.registry import all_tasks
from lambda_functions.aws import cloud, sdk
from orchestrator.install import packages
from orchestrator.reference import sdk_models
from tests.harness.account import Account
from tests.harness.calls import Call
from tests.harness.iam import action_of
from tests.install import clean
from tests.proofs.projects import SCENARIOS, TWIN, Project

NOWHERE = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true"}
SESSIONS: dict[str, Callable[[], Session]] = {
    "deploy_steps": aws.new_session,
    "lambda_functions": cloud._session.__wrapped__,
}
PACKAGES = {"deploy_steps": packages.tasks, "lambda_functions": packages.functions}
EACH = pytest.mark.parametrize("package", SESSIONS)

# Builds the request of each call, as (method, address, body); what a signature or a clock adds is left out.
_REQUESTS = """
import json, os, sys
from pathlib import Path
os.environ.update(json.loads(sys.argv[3]))
from lambda_functions.aws import sdk
from botocore import UNSIGNED, __version__, xform_name
from botocore.config import Config

session, clients, made = sdk.session(Path(sys.argv[1])), {}, []

class Sent(Exception):
    pass

def send(request, **_):
    body = request.body if isinstance(request.body, (str, bytes)) or request.body is None else request.body.read()
    made.append([request.method, request.url, body.decode("latin1") if isinstance(body, bytes) else body])
    raise Sent

for service, operation, asked in eval(Path(sys.argv[2]).read_text()):
    if service not in clients:
        config = Config(signature_version=UNSIGNED, region_name=sys.argv[4], retries={"total_max_attempts": 1})
        clients[service] = session.create_client(service, config=config)
        clients[service].meta.events.register("before-send", send)
    try:
        getattr(clients[service], xform_name(operation))(**asked)
    except Sent:
        pass
print(json.dumps([__version__, made]))
"""


@pytest.fixture(autouse=True)
def _nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**NOWHERE, "AWS_DEFAULT_REGION": "us-east-1"}.items():
        monkeypatch.setenv(name, value)


@EACH
def test_the_models_are_those_of_the_botocore_that_is_tested(package: str) -> None:
    root = packages.folder(package) / sdk_models.FOLDERS[package]
    there = {path.relative_to(root): path.read_text() for path in root.rglob("*") if path.is_file()}

    assert there == sdk_models.made(package), "run `make models` and commit what it writes"


@EACH
def test_a_package_has_the_models_of_its_services_and_of_no_others(package: str, tmp_path: Path) -> None:
    root = clean.unzipped(PACKAGES[package]().content, tmp_path)
    models = sorted(path.parts[-3] for path in root.rglob("service-2.json"))

    assert models == sorted(sdk_models.table()[package])


@EACH
def test_a_client_knows_the_operations_of_the_table_and_no_others(package: str) -> None:
    session = SESSIONS[package]()

    known = {each: session.get_service_model(each).operation_names for each in session.get_available_services()}

    assert known == {service: list(operations) for service, operations in sdk_models.table()[package].items()}


def test_the_table_has_no_operation_that_the_tasks_may_not_call() -> None:
    granted = {action for task in all_tasks() for action in task.actions}
    called = sdk_models.table()["deploy_steps"]

    assert {action_of(service, each) for service, operations in called.items() for each in operations} <= granted


def test_a_client_without_the_operation_that_is_called_fails_at_once() -> None:
    functions: Any = aws.new_session().create_client("lambda")

    with pytest.raises(AttributeError, match="list_functions"):
        functions.list_functions()


@EACH
@pytest.mark.parametrize("python", clean.interpreters(), ids=lambda path: Path(path).name)
def test_every_client_is_made_with_a_runtime_that_has_no_models_at_all(
    package: str, python: str, tmp_path: Path
) -> None:
    code = clean.unzipped(PACKAGES[package]().content, tmp_path / "code")
    runtime = clean.lambda_runtime(tmp_path / "runtime")
    models = code / package / sdk_models.FOLDERS[package]
    making = f"""
import os; os.environ.update({NOWHERE!r})
from pathlib import Path
from lambda_functions.aws import sdk
session = sdk.session(Path({str(models)!r}))
print(*(session.create_client(each, "eu-west-1").meta.service_model.service_name
        for each in session.get_available_services()))
"""

    made = clean.run(python, [code, runtime], making).split()

    assert made == sorted(sdk_models.table()[package])


def test_a_users_own_code_keeps_the_sdk_that_it_expects() -> None:
    import boto3

    cloud.client("lambda")

    assert boto3.client("s3").meta.service_model.operation_names != []
    assert "ListFunctions" in boto3.client("lambda").meta.service_model.operation_names


@pytest.mark.parametrize("version", ["1.36.26", "1.9.253", "0.104.0"])
def test_a_runtime_that_is_too_old_is_refused_in_words(version: str, tmp_path: Path) -> None:
    with pytest.raises(sdk.SdkTooOld, match=rf"botocore {version}, and this release needs {sdk.OLDEST} or newer"):
        sdk.session(tmp_path, version)


@pytest.mark.parametrize("version", ["1.37.0", "1.40.4", "1.43.106", "2.0.0", "1.44.0.dev1"])
def test_a_runtime_that_is_new_enough_is_taken(version: str, tmp_path: Path) -> None:
    assert sdk.session(tmp_path, version)


def test_a_step_tells_of_a_runtime_that_is_too_old_as_of_a_refusal() -> None:
    with pytest.raises(errors.Rejected, match="runtime management"), aws.translated():
        sdk.session(Path(), "1.36.0")


@pytest.fixture(scope="module")
def calls() -> list[Call]:
    """What the tasks call while twins of three mappings are deployed, inspected, changed and destroyed."""
    made: list[Call] = []
    with Account() as account:
        for mapping in SCENARIOS.values():
            account.upload(TWIN, Project(mapping).files)
            for machine, request in (("deploy", {"project": TWIN}), ("inspect", {"twin": TWIN})):
                made += account.run(machine, request).calls
        made += account.run("destroy", {"twin": TWIN, "retain_data": False, "drain_seconds": 0}).calls
    return made


@pytest.mark.parametrize("region", ["us-east-1", "us-gov-west-1", "cn-north-1"])
def test_the_oldest_runtime_sends_every_recorded_call_as_the_tested_one_does(
    calls: list[Call], region: str, tmp_path: Path
) -> None:
    asked = [(call.service, call.operation, _plain(call.params)) for call in calls]
    (tmp_path / "calls").write_text(repr(asked))

    old, by_old = _requests(tmp_path / "calls", region, clean.lambda_runtime(tmp_path / "old", _oldest_botocore()))
    new, by_new = _requests(tmp_path / "calls", region, clean.lambda_runtime(tmp_path / "new"))

    assert (old, new) == (sdk.OLDEST, Session().user_agent_version)
    assert len(by_new) == len(asked) > 100
    assert [pair for pair in zip(by_old, by_new, strict=True) if pair[0] != pair[1]] == []
    assert any("InvokedViaFunctionUrl" in str(body) for _, _, body in by_old)


def _plain(params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters as they were given: botocore makes a file of the body."""
    return {key: value.getvalue() if hasattr(value, "getvalue") else value for key, value in params.items()}


def _requests(calls: Path, region: str, runtime: Path) -> tuple[str, list[Any]]:
    models = packages.folder("deploy_steps") / sdk_models.FOLDERS["deploy_steps"]
    arguments = [str(models), str(calls), json.dumps(NOWHERE), region]
    version, made = json.loads(
        clean.run(sys.executable, [packages.folder("lambda_functions").parent, runtime], _REQUESTS, *arguments)
    )
    return version, made


@functools.cache
def _oldest_botocore() -> Path:
    """The code of the oldest botocore, from wherever pip finds packages."""
    folder = packages.folder("orchestrator").parent / ".cache" / "botocore" / sdk.OLDEST
    if not (folder / "botocore").is_dir():
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", f"botocore=={sdk.OLDEST}"]
        done = subprocess.run([*command, "--dest", str(folder)], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"botocore {sdk.OLDEST} is not to be had here: {done.stderr.strip()[-200:]}")
        (wheel,) = folder.glob("botocore-*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)
    return folder / "botocore"
