"""Releases the version that pyproject.toml names: dates its section of the changelog, commits and tags.

`make release VERSION=0.2.0`. A run that was interrupted is repeated: what is done stays done. Nothing is pushed.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path

UNRELEASED = "## [Unreleased]"


class Refused(Exception):  # named for what a person meets
    """The release cannot be made; the text says why."""


def main() -> int:
    """Read the command line and release. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="make release VERSION=X.Y.Z", description=__doc__)
    parser.add_argument("version", help="for example 0.2.0")
    version = parser.parse_args().version
    try:
        release(version, Path.cwd(), f"{datetime.now(UTC):%Y-%m-%d}")
    except Refused as refusal:
        print(f"error: {refusal}", file=sys.stderr)  # noqa: T201  # a script
        return 1
    print(f"Tagged v{version}. Publish it with: git push --follow-tags")  # noqa: T201
    return 0


def release(version: str, root: Path, today: str) -> None:
    """Release `version` from the repository at `root`. Raises Refused, and has changed nothing then."""
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise Refused(f"'{version}' is not a version such as 0.2.0.")
    named = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    if named != version:
        raise Refused(f"pyproject.toml names version {named}, not {version}. Change it and commit first.")
    if _git(root, "status", "--porcelain"):
        raise Refused("The working tree has changes that are not committed.")
    if _git(root, "tag", "--list", f"v{version}"):
        raise Refused(f"The tag v{version} exists already.")
    changelog = root / "CHANGELOG.md"
    before = changelog.read_text(encoding="utf-8")
    after = dated(before, version, today)
    if after != before:
        changelog.write_text(after, encoding="utf-8")
        _git(root, "commit", "--quiet", "--message", f"release: {version}", "--", changelog.name)
    _git(root, "tag", "--annotate", "--message", f"multicloud-gluecode {version}", f"v{version}")


def dated(changelog: str, version: str, today: str) -> str:
    """The changelog with the unreleased entries under `version`, and a new, empty Unreleased section before it.

    A changelog that has a section of that version and no unreleased entries is returned as it is.
    """
    if len(re.findall(rf"^{re.escape(UNRELEASED)}$", changelog, re.MULTILINE)) != 1:
        raise Refused(f"CHANGELOG.md has no section '{UNRELEASED}', or more than one.")
    before, _, after = changelog.partition(f"{UNRELEASED}\n")
    entries = re.split(r"^## ", after, maxsplit=1, flags=re.MULTILINE)[0].strip()
    done = re.search(rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d$", after, re.MULTILINE)
    if done and entries:
        raise Refused(
            f"CHANGELOG.md has a section of {version} and unreleased entries: move them, or raise the version."
        )
    if done:
        return changelog
    if not entries:
        raise Refused("CHANGELOG.md has no unreleased entries.")
    return f"{before}{UNRELEASED}\n\n## [{version}] - {today}\n{after}"


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Refused(f"git {arguments[0]} failed: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
