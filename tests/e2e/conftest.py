"""One wheel, one embedded cloud and one installation for all end-to-end tests."""

from __future__ import annotations

import json
import os
import site
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from orchestrator.local import cloud
from orchestrator.operations.session import Aws
from tests.conftest import Clients, clients_of
from tests.e2e.product import Product

ROOT = Path(__file__).parents[2]

MakeProject = Callable[..., Path]


@pytest.fixture(scope="session")
def command(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `gluecode` command of the built wheel, in an environment that knows nothing of this checkout.

    Its dependencies are those of the environment that the tests run in. With GLUECODE_E2E_CLEAN=1 they are installed
    anew, as declared by the wheel: that is `make wheel-proof`.
    """
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, timeout=120)
    [wheel] = folder.glob("*.whl")
    environment = folder / "environment"
    venv.create(environment, symlinks=True)
    install = [sys.executable, "-m", "pip", "--python", str(environment / "bin" / "python"), "install", "--quiet"]
    if os.environ.get("GLUECODE_E2E_CLEAN") != "1":
        install += ["--no-deps", "--no-index"]
        # A path in a .pth file is searched, but the .pth files in it (our editable installation) are not read.
        packages = sysconfig.get_path("purelib", vars={"base": str(environment), "platbase": str(environment)})
        Path(packages, "dependencies.pth").write_text("\n".join(site.getsitepackages()) + "\n")
    subprocess.run([*install, f"{wheel}[local]"], check=True, capture_output=True, timeout=600)
    return environment / "bin" / "gluecode"


@pytest.fixture(scope="session")
def product(command: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The product, working in a folder whose path has a space, with the cloud up and the orchestrator installed."""
    folder = tmp_path_factory.mktemp("somewhere else") / "a folder"
    folder.mkdir()
    made = Product(command, folder.parent / "home", folder)
    try:
        made.done("local", "up")
        made.done("install")
        yield made
    finally:
        made.run("local", "down")


@pytest.fixture(scope="session")
def clients(product: Product) -> Clients:
    """boto3 clients of the same cloud, to look at it independently of the product."""
    running = cloud.find(product.home)
    assert running is not None
    return clients_of(running)


@pytest.fixture(scope="session")
def make_project(product: Product) -> MakeProject:
    """Makes a project by `gluecode init`, for these layers and connections."""

    def make(twin: str, layers: tuple[str, str, str], connections: dict[str, Any] | None = None) -> Path:
        folder = Path(product.done("init", twin)["folder"])
        names = ("layer_1_provider", "layer_2_provider", "layer_3_hot_provider")
        (folder / "config_providers.json").write_text(json.dumps(dict(zip(names, layers, strict=True))))
        if connections is not None:
            (folder / "config_inter_cloud.json").write_text(json.dumps({"connections": connections}))
        return folder

    return make


@pytest.fixture(scope="session")
def aws(product: Product) -> Aws:
    """The account as the product's own modules see it."""
    running = cloud.find(product.home)
    assert running is not None
    session = boto3.Session(cloud.CREDENTIAL, cloud.CREDENTIAL, region_name=running.region)
    return Aws(session, local=True, endpoint=running.endpoint)
