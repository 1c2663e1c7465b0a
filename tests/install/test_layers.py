"""The dependency layers."""

from __future__ import annotations

import io
import re
import sys
import zipfile
from pathlib import Path

import pytest

from orchestrator.core.errors import GluecodeError
from orchestrator.install import layers
from orchestrator.install.layers import Target
from orchestrator.install.packages import Package, folder
from tests.install import clean

ROOT = Path(__file__).parents[2]
FIFTEEN_MB = 15 * 1024 * 1024


def contents(package: Package) -> dict[str, bytes]:
    archive = zipfile.ZipFile(io.BytesIO(package.content))
    return {entry.filename: archive.read(entry) for entry in archive.infolist()}


@pytest.fixture(scope="module", params=["host", *layers.ARCHITECTURES])
def built(request: pytest.FixtureRequest) -> tuple[Target, Package, Package]:
    target = layers.host() if request.param == "host" else Target(layers.AWS_RUNTIME, request.param)
    return target, *clean.layers_for(target)


@pytest.mark.parametrize("target", [layers.host(), Target(layers.AWS_RUNTIME, "x86_64")], ids=["host", "AWS"])
def test_two_builds_are_the_same_bytes(target: Target) -> None:
    assert layers.build(target) == clean.layers_for(target)


def test_a_layer_is_smaller_than_fifteen_megabytes_unzipped(built: tuple[Target, Package, Package]) -> None:
    _, functions, pydantic = built

    assert max(sum(map(len, contents(layer).values())) for layer in (functions, pydantic)) < FIFTEEN_MB


def test_only_pydantic_core_is_compiled_and_for_the_target(built: tuple[Target, Package, Package]) -> None:
    target, functions, pydantic = built

    compiled = [name for layer in (functions, pydantic) for name in contents(layer) if name.endswith((".so", ".pyd"))]

    (library,) = compiled
    assert library.startswith("python/pydantic_core/_pydantic_core.")
    assert target.runtime.replace("python3.", "-3") in library


def test_the_compiled_part_is_for_the_architecture(built: tuple[Target, Package, Package]) -> None:
    target, _, pydantic = built

    (library,) = [data for name, data in contents(pydantic).items() if name.endswith(".so")]

    machine = int.from_bytes(library[18:20], "little")  # e_machine of the ELF header
    assert machine == {"arm64": 183, "x86_64": 62}[target.architecture]


def test_a_layer_holds_no_byte_code_no_tests_and_not_what_lambda_brings(built: tuple[Target, Package, Package]) -> None:
    _, functions, pydantic = built

    names = [*contents(functions), *contents(pydantic)]

    unwanted = re.compile(r"__pycache__|\.pyc$|\.pyi$|/tests?/|^python/(boto3|botocore|s3transfer|dateutil)/")
    assert not [name for name in names if unwanted.search(name)]
    assert {name.split("/")[0] for name in names} == {"python"}


def test_the_lock_pins_what_the_layers_hold_as_the_development_lock_does() -> None:
    lock = (folder("orchestrator.install") / layers.LOCK).read_text()
    development = (ROOT / "requirements.lock").read_text()

    pins = re.findall(r"^(\S+==\S+)", lock, re.MULTILINE)
    hashes = re.findall(r"--hash=(\S+)", lock)

    assert [pin.split("==")[0] for pin in pins] == sorted({*layers.FUNCTIONS, *layers.PYDANTIC})
    assert not [pin for pin in pins if pin not in development], (
        "run `python -m orchestrator.reference.layers_lock requirements.lock`"
    )
    assert not [each for each in hashes if each not in development]
    assert "://" not in lock


def test_packages_that_cannot_be_fetched_are_a_problem_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")

    with pytest.raises(GluecodeError, match=r"could not be fetched: .*annotated-types") as raised:
        layers.build(Target(layers.AWS_RUNTIME, "arm64"))

    assert f"{sys.executable} -m pip" in raised.value.remedy
