"""Builds the dependency layers: for functions of a twin, and pydantic for the task that validates projects.

For AWS they are made from wheels that match the lock file's hashes; for the embedded cloud, which runs functions on
this machine's interpreter, from the distributions installed here. boto3 and its needs come with Lambda's runtime.
"""

from __future__ import annotations

import platform
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path, PurePosixPath

from orchestrator.core.errors import GluecodeError
from orchestrator.install.packages import Package, folder, zipped

AWS_RUNTIME = "python3.13"
ARCHITECTURES = ("arm64", "x86_64")
LOCK = "requirements-layers.lock"

FUNCTIONS = (
    "aws-lambda-powertools",
    "aws-xray-sdk",
    "certifi",
    "charset-normalizer",
    "idna",
    "jmespath",
    "requests",
    "typing-extensions",
    "urllib3",
    "wrapt",
)
PYDANTIC = ("annotated-types", "pydantic", "pydantic-core", "typing-extensions", "typing-inspection")

# The only package that does not run without its compiled part; the others carry the same thing in Python.
_COMPILED = "pydantic_core"
_MACHINES = {"aarch64": "arm64", "arm64": "arm64", "x86_64": "x86_64", "AMD64": "x86_64"}
_PLATFORMS = {"arm64": "aarch64", "x86_64": "x86_64"}

# What no function imports. Anything else stays, so that a newer version's new modules are not missed.
_UNUSED = (
    "aws_lambda_powertools/event_handler/*",
    "aws_lambda_powertools/utilities/auth_alpha/*",
    "aws_lambda_powertools/utilities/batch/*",
    "aws_lambda_powertools/utilities/circuit_breaker/*",
    "aws_lambda_powertools/utilities/data_classes/*",
    "aws_lambda_powertools/utilities/data_masking/*",
    "aws_lambda_powertools/utilities/feature_flags/*",
    "aws_lambda_powertools/utilities/idempotency/*",
    "aws_lambda_powertools/utilities/kafka/*",
    "aws_lambda_powertools/utilities/parameters/*",
    "aws_lambda_powertools/utilities/parser/*",
    "aws_lambda_powertools/utilities/streaming/*",
    "aws_lambda_powertools/utilities/validation/*",
    "aws_xray_sdk/ext/aiobotocore/*",
    "aws_xray_sdk/ext/aiohttp/*",
    "aws_xray_sdk/ext/bottle/*",
    "aws_xray_sdk/ext/django/*",
    "aws_xray_sdk/ext/flask/*",
    "aws_xray_sdk/ext/flask_sqlalchemy/*",
    "aws_xray_sdk/ext/httpx/*",
    "aws_xray_sdk/ext/mysql/*",
    "aws_xray_sdk/ext/pg8000/*",
    "aws_xray_sdk/ext/psycopg/*",
    "aws_xray_sdk/ext/psycopg2/*",
    "aws_xray_sdk/ext/pymongo/*",
    "aws_xray_sdk/ext/pymysql/*",
    "aws_xray_sdk/ext/pynamodb/*",
    "aws_xray_sdk/ext/sqlalchemy/*",
    "aws_xray_sdk/ext/sqlalchemy_core/*",
    "pydantic/mypy.py",
    "pydantic/v1/*",
    "urllib3/contrib/emscripten/*",
)


@dataclass(frozen=True)
class Target:
    """The interpreter that a layer is made for."""

    runtime: str
    architecture: str
    host: bool = False


def host() -> Target:
    """This machine's interpreter: what the embedded cloud runs functions on, whatever runtime they ask for."""
    architecture = _MACHINES.get(platform.machine(), "x86_64")
    return Target(f"python3.{sys.version_info.minor}", architecture, host=True)


def build(target: Target) -> tuple[Package, Package]:
    """The layer for functions and the layer with pydantic. Raises GluecodeError when a package cannot be had."""
    with tempfile.TemporaryDirectory() as wheels:
        if not target.host:
            _download(target, Path(wheels))
        found = {name: _content(name, target, Path(wheels)) for name in sorted({*FUNCTIONS, *PYDANTIC})}
    return _layer("functions-layer", FUNCTIONS, found), _layer("pydantic-layer", PYDANTIC, found)


def _layer(name: str, distributions: Iterable[str], found: Mapping[str, Mapping[str, bytes]]) -> Package:
    return Package(
        name, zipped({f"python/{path}": data for each in distributions for path, data in found[each].items()})
    )


def _content(name: str, target: Target, wheels: Path) -> dict[str, bytes]:
    files = _installed(name) if target.host else _unpacked(name, wheels)
    return {path: data for path, data in files if _belongs(PurePosixPath(path))}


def _belongs(path: PurePosixPath) -> bool:
    """Whether a file of a distribution goes into the layer."""
    if {"..", "__pycache__", "test", "tests"} & set(path.parts):
        return False
    if path.parts[0].endswith(".dist-info"):
        # Kept for those who scan layers for known vulnerabilities, and for the licences' sake.
        return path.name == "METADATA" or "licenses" in path.parts
    if path.suffix in {".so", ".pyd"}:
        return path.parts[0] == _COMPILED
    if path.suffix in {".c", ".h", ".pyi", ".pyc"} or path.name == "py.typed":
        return False
    return not any(fnmatchcase(str(path), pattern) for pattern in _UNUSED)


def _installed(name: str) -> Iterator[tuple[str, bytes]]:
    try:
        recorded = distribution(name).files or []
    except PackageNotFoundError as error:
        raise GluecodeError(
            f"The package '{name}' is not installed here.", "Install multicloud-gluecode anew."
        ) from error
    for file in recorded:
        path = Path(str(file.locate()))
        if path.is_file():  # RECORD may name byte code that was never compiled
            yield file.as_posix(), path.read_bytes()


def _unpacked(name: str, wheels: Path) -> Iterator[tuple[str, bytes]]:
    (wheel,) = wheels.glob(f"{name.replace('-', '_')}-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            if not entry.is_dir():
                yield entry.filename, archive.read(entry)


def _download(target: Target, wheels: Path) -> None:
    """Fetch the locked wheels for Lambda's platform, from wherever pip is configured to find packages."""
    machine = _PLATFORMS[target.architecture]
    version = target.runtime.removeprefix("python")
    command = [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"),
        *("--require-hashes", "--no-deps", "--only-binary", ":all:"),
        *("--platform", f"manylinux2014_{machine}", "--platform", f"manylinux_2_28_{machine}"),
        *("--implementation", "cp", "--python-version", version),
        *("--requirement", str(folder("orchestrator.install") / LOCK), "--dest", str(wheels)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise GluecodeError(
            f"The packages for {target.runtime} on {target.architecture} could not be fetched: {_reason(done.stderr)}",
            f"They are fetched with pip: `{sys.executable} -m pip download requests` must work here.",
        )


def _reason(said: str) -> str:
    errors = re.findall(r"^ERROR: (.+)$|^.*: (No module named pip)$", said, re.MULTILINE)
    return "; ".join(a or b for a, b in errors) or said.strip()[-500:]
