"""The built wheel: all that a user needs and nothing else, and it gives the same packages as this checkout."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from orchestrator.install import layers, packages, release
from orchestrator.install.machines import machines
from tests.install import clean

ROOT = Path(__file__).parents[2]
TYPED = ("deploy_steps", "lambda_functions", "orchestrator")
INSTALL_LOCAL = "error: The embedded cloud is not installed; `pip install 'multicloud-gluecode[local]'` installs it.\n"

_BUILD = """
from orchestrator.install import layers, packages, release
print(packages.tasks().key, packages.functions().key, release.release())
"""

# Runs one command of gluecode, and prints its exit code and what it wrote on standard error.
_COMMAND = """
import contextlib, io, json, os, sys
os.environ["GLUECODE_HOME"] = sys.argv[1]
from orchestrator.cli import main
with contextlib.redirect_stderr(io.StringIO()) as written:
    code = main(sys.argv[2:])
print(json.dumps([code, written.getvalue()]))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as pip would lay it out."""
    return clean.unzipped(wheel.read_bytes(), tmp_path_factory.mktemp("site packages"))


@pytest.fixture(scope="module")
def dependencies(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel's dependencies and theirs, and nothing that only an extra or a developer installs."""
    folder = tmp_path_factory.mktemp("dependencies")
    (installed,) = site.glob("*.dist-info")
    for name in _required(Distribution.at(installed)):
        for top in {file.parts[0] for file in distribution(name).files or () if file.parts[0] not in {"..", "."}}:
            source = clean.HOST_PACKAGES / top
            if source.exists() and not (folder / top).exists():  # byte code of single modules lies in one folder
                (folder / top).symlink_to(source)
    return folder


def _required(installing: Distribution, extras: tuple[str, ...] = ()) -> set[str]:
    """The distributions that pip installs with this one."""
    found: set[str] = set()
    for text in installing.requires or ():
        wanted = Requirement(text)
        if wanted.marker is None or any(wanted.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            found |= {wanted.name} | _required(distribution(wanted.name), tuple(wanted.extras))
    return found


def test_the_wheel_carries_what_is_no_python(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())

    assert {f"state_machines/{machine.name}.asl.json" for machine in machines()} <= names
    assert f"orchestrator/install/{layers.LOCK}" in names
    documents = ("artifacts", "orchestrator", "events")
    assert {f"orchestrator/install/{document}.template.json" for document in documents} <= names


def test_the_wheel_says_that_its_packages_have_types(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()

    assert [name for name in names if name.endswith("py.typed")] == [f"{package}/py.typed" for package in TYPED]


def test_the_wheel_leaves_out_what_only_developers_need(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()

    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {
        "deploy_steps",
        "lambda_functions",
        "orchestrator",
        "state_machines",
    }
    assert not [name for name in names if name.endswith((".pyc", ".lock")) and layers.LOCK not in name]
    assert not [name for name in names if name.startswith(("orchestrator/demo/", "orchestrator/reference/"))]


def test_an_installed_wheel_gives_the_same_packages_and_release_as_this_checkout(site: Path) -> None:
    printed = clean.run(sys.executable, [site, clean.HOST_PACKAGES], _BUILD)

    assert printed.split() == [packages.tasks().key, packages.functions().key, release.release()]


def test_whatever_ships_imports_only_what_ships_and_what_the_wheel_depends_on(site: Path, dependencies: Path) -> None:
    embedded = ("async_invoke", "shim", "server")  # they run where the extra `local` is installed

    clean.import_all(
        sys.executable,
        site,
        [dependencies],
        *(f"orchestrator.local.{module}" for module in embedded),
        "hypercorn",
        "ministack",
        # An example of the product, and a script: neither is a module.
        "orchestrator.examples",
        "orchestrator.cli.__main__",
    )


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param("local up", id="starting it"),
        pytest.param("local env", id="its address"),
        pytest.param("install --local", id="installing into it"),
        pytest.param("destroy plant --local", id="a command that works on it"),
    ],
)
def test_without_the_extra_the_embedded_cloud_says_how_to_install_it(
    arguments: str, site: Path, dependencies: Path, tmp_path: Path
) -> None:
    printed = clean.run(sys.executable, [site, dependencies], _COMMAND, str(tmp_path / "home"), *arguments.split())

    assert json.loads(printed) == [1, INSTALL_LOCAL]


def test_the_extra_local_brings_the_version_that_the_embedded_cloud_is_made_for(wheel: Path) -> None:
    metadata = zipfile.ZipFile(wheel).read(f"{'-'.join(wheel.name.split('-')[:2])}.dist-info/METADATA").decode()

    wanted = [line for line in metadata.splitlines() if "extra ==" in line]

    assert wanted == ["Requires-Dist: ministack==1.5.33; extra == 'local'"]
