"""The zips of our own code."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Callable

import pytest

from orchestrator.install import packages
from orchestrator.install.packages import Package

BUILDERS = pytest.mark.parametrize("build", [packages.tasks, packages.functions])


def test_a_zip_does_not_depend_on_the_order_in_which_files_are_found() -> None:
    forwards = packages.zipped({"a.py": b"1", "b/c.py": b"2"})
    backwards = packages.zipped({"b/c.py": b"2", "a.py": b"1"})

    assert forwards == backwards


def test_a_zip_holds_fixed_times_and_modes() -> None:
    archive = zipfile.ZipFile(io.BytesIO(packages.zipped({"a.py": b"1"})))

    (entry,) = archive.infolist()

    assert (entry.date_time, entry.external_attr >> 16, entry.create_system) == ((1980, 1, 1, 0, 0, 0), 0o644, 3)


@BUILDERS
def test_two_builds_are_the_same_bytes(build: Callable[[], Package]) -> None:
    assert build().content == build().content


@BUILDERS
def test_a_package_holds_source_files_alone(build: Callable[[], Package]) -> None:
    names = zipfile.ZipFile(io.BytesIO(build().content)).namelist()

    assert {name.rsplit(".", 1)[1] for name in names} <= {"py", "json", "css"}
    assert not [name for name in names if "__pycache__" in name]


def test_the_task_package_leaves_out_the_command_line_and_the_embedded_cloud() -> None:
    names = zipfile.ZipFile(io.BytesIO(packages.tasks().content)).namelist()

    assert not [
        name for name in names if name.startswith(("orchestrator/cli", "orchestrator/install", "orchestrator/local"))
    ]


def test_a_package_is_addressed_by_its_content_and_knows_the_checksum_lambda_reports() -> None:
    package = Package("tasks", b"content")

    assert package.key == f"code/tasks-{hashlib.sha256(b'content').hexdigest()[:32]}.zip"
    assert package.sha256 == base64.b64encode(hashlib.sha256(b"content").digest()).decode()
