"""The built wheel: it carries all that an installation is made from, and gives the same packages as this checkout."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from orchestrator.install import layers, packages, release
from orchestrator.install.machines import machines
from tests.install import clean

ROOT = Path(__file__).parents[2]

_BUILD = """
from orchestrator.install import layers, packages, release
print(packages.tasks().key, packages.functions().key, release.release())
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_carries_what_is_no_python(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())

    assert {f"state_machines/{machine.name}.asl.json" for machine in machines()} <= names
    assert f"orchestrator/install/{layers.LOCK}" in names


def test_the_wheel_leaves_out_what_only_developers_need(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()

    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {
        "deploy_steps",
        "lambda_functions",
        "orchestrator",
        "state_machines",
    }
    assert not [name for name in names if name.endswith((".pyc", ".lock")) and layers.LOCK not in name]


def test_an_installed_wheel_gives_the_same_packages_and_release_as_this_checkout(wheel: Path, tmp_path: Path) -> None:
    site = clean.unzipped(wheel.read_bytes(), tmp_path / "site packages")

    printed = clean.run(sys.executable, [site, clean.HOST_PACKAGES], _BUILD)

    assert printed.split() == [packages.tasks().key, packages.functions().key, release.release()]
