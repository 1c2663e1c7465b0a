"""Runs code in interpreters that see nothing but what a test gives them, the way Lambda sees it."""

from __future__ import annotations

import functools
import io
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import boto3

from orchestrator.install import layers
from orchestrator.install.layers import Target
from orchestrator.install.packages import Package

HOST_PACKAGES = Path(boto3.__file__).parent.parent

# What Lambda's Python runtime brings along.
_RUNTIME = ("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six.py", "urllib3")
_VERSIONS = ("3.11", "3.12", "3.13", "3.14")  # what Lambda offers, from the oldest that the code supports

# What is compiled for one run serves the next, and the folders that are looked at stay as they are.
_BYTECODE = tempfile.TemporaryDirectory(prefix="gluecode-bytecode-")

_IMPORT_ALL = """
import ast, importlib, pathlib, sys

def imported(tree):
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module
        else:
            yield from imported(node)

root = pathlib.Path(sys.argv[1])
wanted = set()
for path in sorted(root.rglob("*.py")):
    wanted.add(".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"))
    wanted.update(imported(ast.parse(path.read_text())))
skipped = tuple(sys.argv[2:])
for name in sorted(name for name in wanted if not name.startswith(skipped)):
    importlib.import_module(name)
"""


def interpreters() -> list[str]:
    """The interpreters on this machine whose version Lambda offers; always at least the one that runs the tests."""
    found = {f"3.{sys.version_info.minor}": sys.executable}
    for version in _VERSIONS:
        for folder in (*os.get_exec_path(), *map(str, Path.home().glob(f".pyenv/versions/{version}.*/bin"))):
            path = shutil.which(f"python{version}", path=folder)
            if path and version not in found and _starts(path):
                found[version] = path
    return [found[version] for version in sorted(found)]


def _starts(python: str) -> bool:
    return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0


@functools.cache
def layers_for(target: Target) -> tuple[Package, Package]:
    """The layers for functions and for validation, built once per test process: pip takes its time."""
    return layers.build(target)


def unzipped(content: bytes, folder: Path) -> Path:
    """The folder, with the zip's files in it."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(folder)
    return folder


def lambda_runtime(folder: Path, botocore: Path = HOST_PACKAGES / "botocore") -> Path:
    """A folder with the packages that Lambda's Python runtime brings along, and no others.

    Its botocore knows no service but X-Ray, whose SDK makes a client itself: our own code brings the models it needs.
    """
    folder.mkdir()
    for name in _RUNTIME:
        if name != botocore.name:
            (folder / name).symlink_to(HOST_PACKAGES / name)
    (folder / botocore.name / "data").mkdir(parents=True)
    data = [botocore / "data" / "xray", *(botocore / "data").glob("*.json")]
    for each in (*botocore.iterdir(), *data):
        if each.name not in ("data", "__pycache__"):
            (folder / botocore.name / each.relative_to(botocore)).symlink_to(each)
    return folder


def run(python: str, paths: list[Path], code: str, *arguments: str) -> str:
    """What the code prints, run with the standard library and the given paths alone. Raises with its error output."""
    start = f"import sys; sys.path += {[str(path) for path in paths]!r}\n"
    command = [python, "-I", "-S", "-X", f"pycache_prefix={_BYTECODE.name}", "-c", start + code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={})
    if done.returncode:
        raise AssertionError(f"{python}: {done.stderr}")
    return done.stdout


def import_all(python: str, package: Path, others: list[Path], *skipped: str) -> None:
    """Import every module in the package's folder, and everything that one of them imports anywhere, lazily too."""
    run(python, [package, *others], _IMPORT_ALL, str(package), *skipped)
