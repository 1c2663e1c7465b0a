"""`make release` in a repository made for the test: a dated section, one commit, one tag; or a reason and no change."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]  # it comes without types

ROOT = Path(__file__).parents[2]
ENTRIES = "### Added\n\n- A command.\n"
CHANGELOG = f"# Changelog\n\n## [Unreleased]\n\n{ENTRIES}\n## [0.1.0] - 2026-01-31\n\n- The first.\n"
IDENTITY = {"user.name": "Somebody", "user.email": "somebody@localhost", "commit.gpgsign": "false"}


class Repository:
    """A repository with a project of version 0.2.0 and this changelog, committed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.git("init", "--quiet", "--initial-branch=main")
        for name, value in IDENTITY.items():
            self.git("config", name, value)
        (folder / "pyproject.toml").write_text('[project]\nversion = "0.2.0"\n')
        self.write(CHANGELOG)

    def git(self, *arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=self.folder, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def write(self, changelog: str) -> None:
        """Commit this changelog."""
        (self.folder / "CHANGELOG.md").write_text(changelog)
        self.git("add", ".")
        self.git("commit", "--quiet", "--message", "docs: write the changelog")

    def release(self, version: str = "0.2.0") -> tuple[int, str]:
        """Run the script as `make release` does. Exit code and error output."""
        command = [sys.executable, str(ROOT / ".ci" / "release.py"), version]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
        return done.returncode, done.stderr

    @property
    def changelog(self) -> str:
        return (self.folder / "CHANGELOG.md").read_text()

    @property
    def commits(self) -> list[str]:
        """The subjects, newest first."""
        return self.git("log", "--format=%s").splitlines()

    @property
    def tags(self) -> list[str]:
        return self.git("tag").splitlines()


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def test_it_dates_the_unreleased_section_opens_a_new_one_commits_and_tags(repository: Repository) -> None:
    assert repository.release() == (0, "")

    section = f"## [Unreleased]\n\n## [0.2.0] - {datetime.now(UTC):%Y-%m-%d}\n\n{ENTRIES}"
    assert repository.changelog == CHANGELOG.replace(f"## [Unreleased]\n\n{ENTRIES}", section)
    assert repository.commits == ["release: 0.2.0", "docs: write the changelog"]
    assert repository.git("rev-parse", "v0.2.0^{commit}") == repository.git("rev-parse", "HEAD")
    assert repository.git("cat-file", "-t", "v0.2.0") == "tag"
    assert repository.git("status", "--porcelain") == ""


def test_a_section_that_is_dated_already_is_tagged_without_a_commit(repository: Repository) -> None:
    dated = CHANGELOG.replace("## [Unreleased]\n", "## [Unreleased]\n\n## [0.2.0] - 2026-02-28\n")
    repository.write(dated)

    assert repository.release() == (0, "")

    assert (repository.changelog, repository.tags) == (dated, ["v0.2.0"])
    assert "release: 0.2.0" not in repository.commits


def test_a_tree_with_changes_is_refused(repository: Repository) -> None:
    (repository.folder / "new.py").write_text("")

    refusal = repository.release()

    assert refusal == (1, "error: The working tree has changes that are not committed.\n")
    assert (repository.changelog, repository.tags) == (CHANGELOG, [])


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        pytest.param("0.3.0", "pyproject.toml names version 0.2.0, not 0.3.0.", id="not the project's"),
        pytest.param("v0.2.0", "'v0.2.0' is not a version such as 0.2.0.", id="written as a tag"),
        pytest.param("", "'' is not a version such as 0.2.0.", id="none given"),
    ],
)
def test_another_version_is_refused(version: str, reason: str, repository: Repository) -> None:
    code, said = repository.release(version)

    assert (code, said.startswith(f"error: {reason}")) == (1, True)
    assert (repository.changelog, repository.tags) == (CHANGELOG, [])


def test_a_version_that_is_tagged_is_refused(repository: Repository) -> None:
    repository.release()

    assert repository.release() == (1, "error: The tag v0.2.0 exists already.\n")


@pytest.mark.parametrize(
    ("changelog", "reason"),
    [
        pytest.param(CHANGELOG.replace(ENTRIES, ""), "no unreleased entries", id="nothing to release"),
        pytest.param(CHANGELOG.replace("[Unreleased]", "Coming"), "has no section '## [Unreleased]'", id="no section"),
        pytest.param(
            CHANGELOG.replace("[0.1.0]", "[0.2.0]"),
            "a section of 0.2.0 and unreleased entries",
            id="entries came later",
        ),
    ],
)
def test_a_changelog_that_cannot_be_released_is_refused(changelog: str, reason: str, repository: Repository) -> None:
    repository.write(changelog)

    code, said = repository.release()

    assert (code, reason in said) == (1, True)
    assert (repository.changelog, repository.tags) == (changelog, [])


def test_the_changelog_starts_with_what_is_unreleased_and_has_a_dated_section_of_every_version() -> None:
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)

    assert headings[0] == "[Unreleased]"
    assert [each for each in headings[1:] if not re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", each)] == []


def test_the_workflow_that_is_offered_installs_the_version_of_this_checkout() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]

    offered = yaml.safe_load((ROOT / "examples" / "github-actions" / "deploy-twin.yml").read_text())

    assert offered["env"]["GLUECODE"] == f"multicloud-gluecode=={version}"
