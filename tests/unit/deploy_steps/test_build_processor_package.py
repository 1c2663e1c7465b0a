"""A device's own processor is deployed from the functions' code with the device's folder in it."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from typing import Any

import pytest

from deploy_steps.errors import InvalidProject
from deploy_steps.tasks import build_processor_package
from orchestrator.core.config.processors import source_digest
from orchestrator.core.names import package_key
from orchestrator.core.plan import package_digest
from tests.state_machines.example import planned
from tests.unit.deploy_steps.conftest import BUCKET, TWIN, Account

SOURCES = {"process.py": b"def process(event):\n    return event\n", "tables/limits.json": b"{}"}


def functions() -> bytes:
    """The zip of the functions' code."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("lambda_functions/processor/handler.py", "# the code")
    return packed.getvalue()


def sha256(content: bytes) -> str:
    """As Lambda gives it in CodeSha256."""
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


def ready(account: Account, sources: dict[str, bytes] | None = None) -> dict[str, Any]:
    """An account with the functions' code and a project, and the event that asks for the device's package."""
    account.upload({"functions.zip": functions()}, "code/")
    account.upload({f"processors/press/{path}": content for path, content in (sources or SOURCES).items()})
    template = planned(("aws", "aws", "aws"))["functions"]["processor"]
    template["function"]["code"] = {"bucket": BUCKET, "key": "code/functions.zip", "sha256": sha256(functions())}
    digest = package_digest(sha256(functions()), source_digest(SOURCES))
    device = {"device": "press", "name": f"{TWIN}-press-processor", "source_digest": digest}
    source = f"projects/{TWIN}/"
    return {"run": "a-run", "dry_run": False, "source": source, "device": device, "template": template}


def test_the_package_holds_the_functions_and_the_devices_folder(account: Account) -> None:
    event = ready(account)

    answer = build_processor_package.handler(event, None)

    body = (
        account.client("s3")
        .get_object(Bucket=BUCKET, Key=package_key(TWIN, "press", event["device"]["source_digest"]))["Body"]
        .read()
    )
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.namelist() == [
            "lambda_functions/processor/handler.py",
            "device_processor/process.py",
            "device_processor/tables/limits.json",
        ]
        assert archive.read("device_processor/process.py") == SOURCES["process.py"]
    assert answer["outcome"] == "created"
    assert answer["component"]["function"]["code"]["sha256"] == sha256(body)


def test_the_component_is_the_default_processors_under_another_name(account: Account) -> None:
    component = build_processor_package.handler(ready(account), None)["component"]

    name = f"{TWIN}-press-processor"
    assert {component[part]["name"] for part in ("role", "function", "permissions", "invoke_config")} == {name}
    assert component["function"]["role_arn"].endswith(
        f":role/gluecode/gluecode/eu-central-1/{name}-eu-central-1-gluecode"
    )
    assert component["function"]["environment"]["PERSISTER_LAMBDA_NAME"] == f"{TWIN}-persister"


def test_a_package_that_is_there_is_used_without_reading_the_project(account: Account) -> None:
    event = ready(account)
    first = build_processor_package.handler(event, None)
    account.client("s3").delete_object(Bucket=BUCKET, Key=f"projects/{TWIN}/processors/press/process.py")

    again = build_processor_package.handler(event, None)

    assert again["outcome"] == "unchanged"
    assert again["component"] == first["component"]


def test_a_dry_run_tells_the_same_component_and_keeps_nothing(account: Account) -> None:
    event = ready(account)

    dry = build_processor_package.handler({**event, "dry_run": True}, None)

    assert account.keys("packages/") == []
    assert dry["component"] == build_processor_package.handler(event, None)["component"]


def test_files_that_changed_since_they_were_planned_are_not_packed(account: Account) -> None:
    event = ready(account, {**SOURCES, "process.py": b"def process(event):\n    return None\n"})

    with pytest.raises(InvalidProject, match="are not those that the plan was made for"):
        build_processor_package.handler(event, None)

    assert account.keys("packages/") == []


def test_the_same_content_makes_the_same_bytes() -> None:
    one = build_processor_package.packed(functions(), SOURCES)
    other = build_processor_package.packed(functions(), dict(reversed(SOURCES.items())))

    assert one == other


def test_caches_and_hidden_files_are_left_out(account: Account) -> None:
    event = ready(account, {**SOURCES, "__pycache__/process.pyc": b"x", ".env": b"x"})

    assert build_processor_package.handler(event, None)["outcome"] == "created"
