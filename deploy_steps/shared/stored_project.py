"""Reads a project from the artifact bucket: its files, and whether they make a project without faults."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import compress
from typing import Any

from deploy_steps.errors import InvalidProject
from deploy_steps.shared import settings
from orchestrator.core.config import FILES, Project, ProjectFaults, is_project_file, read_project
from orchestrator.core.names import TwinNames
from orchestrator.core.plan.prune import EVERY_CONNECTION

READERS = 16  # calls that are made side by side

_LONGEST = 16_000  # characters of all faults together; a Fail state's cause may have 32,768


def read_files(s3: Any, bucket: str, prefix: str) -> dict[str, bytes]:
    """The project's files under the prefix, by their path in the project's folder."""
    return read_marked(s3, bucket, prefix, known=lambda _: False)[0]


def read_marked(
    s3: Any, bucket: str, prefix: str, *, known: Callable[[Mapping[str, str]], bool]
) -> tuple[dict[str, bytes], dict[str, str]]:
    """The project's files, and the marks that S3 gives to their contents (ETags).

    Those files whose names are the same in every project are fetched while the others are being listed. Of a project
    that is `known` by its marks, the others are not fetched.
    """

    def read(path: str) -> bytes | None:
        try:
            content: bytes = s3.get_object(Bucket=bucket, Key=prefix + path)["Body"].read()
        except s3.exceptions.NoSuchKey:
            return None
        return content

    with ThreadPoolExecutor(READERS) as readers:
        listing = readers.submit(_marks, s3, bucket, prefix)
        contents = dict(zip(FILES, readers.map(read, FILES), strict=True))
        marks = listing.result()
        others = [] if known(marks) else [path for path in marks if path not in FILES]
        contents |= dict(zip(others, readers.map(read, others), strict=True))
    return {path: content for path, content in contents.items() if content is not None}, marks


def _marks(s3: Any, bucket: str, prefix: str) -> dict[str, str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    found = {entry["Key"].removeprefix(prefix): entry["ETag"] for page in pages for entry in page.get("Contents", ())}
    return {path: mark for path, mark in found.items() if is_project_file(path)}


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
        tokens = _kept(secrets, almost.twin, needed)
        if len(tokens) == len(needed):
            return almost
    try:
        return read_project(files, allow_loopback_http=loopback, tokens_known=tokens)
    except ProjectFaults as error:
        raise InvalidProject(_told(error)) from None


def _kept(secrets: Any, twin: str, connections: Sequence[str]) -> list[str]:
    """Those of the connections that have a secret."""

    def has_one(connection: str) -> bool:
        try:
            secrets.describe_secret(SecretId=TwinNames(twin).secret(connection))
        except secrets.exceptions.ResourceNotFoundException:
            return False
        return True

    with ThreadPoolExecutor(READERS) as readers:
        return list(compress(connections, readers.map(has_one, connections)))


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
