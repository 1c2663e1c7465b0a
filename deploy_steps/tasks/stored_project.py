"""Reads a project from the artifact bucket: its files, and whether they make a project without faults."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from deploy_steps.errors import InvalidProject
from deploy_steps.tasks import settings
from deploy_steps.tasks.leftovers import EVERY_CONNECTION
from orchestrator.config import Project, ProjectFaults, is_project_file, read_project
from orchestrator.names import TwinNames

READERS = 8  # objects that are fetched side by side: a project is a dozen small files

_LONGEST = 16_000  # characters of all faults together; a Fail state's cause may have 32,768


def read_files(s3: Any, bucket: str, prefix: str) -> dict[str, bytes]:
    """The project's files under the prefix, by their path in the project's folder."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    keys = [entry["Key"] for page in pages for entry in page.get("Contents", ())]
    paths = [key.removeprefix(prefix) for key in keys if is_project_file(key.removeprefix(prefix))]
    with ThreadPoolExecutor(READERS) as readers:
        contents = readers.map(lambda path: s3.get_object(Bucket=bucket, Key=prefix + path)["Body"].read(), paths)
        return dict(zip(paths, contents, strict=True))


def read_stored(secrets: Any, files: Mapping[str, bytes]) -> Project:
    """The project that the files make; tokens that they lack may lie in Secrets Manager.

    Raises InvalidProject with every fault.
    """
    loopback = settings.allow_loopback_http()
    try:
        # With every token taken for granted it shows whether anything else is wrong; only then AWS is asked for tokens.
        almost = read_project(files, allow_loopback_http=loopback, tokens_known=EVERY_CONNECTION)
    except ProjectFaults:
        tokens: list[str] = []
    else:
        needed = [each.id for each in almost.connections if each.role == "sending" and not each.token_in_file]
        tokens = list(_kept(secrets, almost.twin, needed))
        if len(tokens) == len(needed):
            return almost
    try:
        return read_project(files, allow_loopback_http=loopback, tokens_known=tokens)
    except ProjectFaults as error:
        raise InvalidProject(_told(error)) from None


def _kept(secrets: Any, twin: str, connections: Iterable[str]) -> Iterable[str]:
    """Those of the connections that have a secret."""
    for connection in connections:
        try:
            secrets.describe_secret(SecretId=TwinNames(twin).secret(connection))
        except secrets.exceptions.ResourceNotFoundException:
            continue
        yield connection


def _told(error: ProjectFaults) -> str:
    """All faults in one text, as many as there is room for."""
    lines: list[str] = []
    room = _LONGEST
    for fault in error.faults:
        line = f"- {fault}"
        room -= len(line) + 1
        if room < 0:
            lines.append(f"- and {len(error.faults) - len(lines)} more: `gluecode validate` shows all.")
            break
        lines.append(line)
    return "\n".join(["The project has faults:", *lines])
