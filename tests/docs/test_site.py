"""The site is whole: it builds, every link leads somewhere, and nothing in it comes from another host."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from orchestrator.reference import configuration, schemas
from tests.docs import site as sites

_LEFT_OVER = re.compile(r"--8<|8 <|\{[A-Z]{2,}(_[A-Z]+)*\}|\bTODO\b|\bFIXME\b|\bTBD\b")
_SHELL_VARIABLES = {"{TWIN}"}


def test_every_link_and_anchor_leads_somewhere(site: Path) -> None:
    broken = [
        f"{page}: {there}#{anchor}"
        for page in sites.pages(site)
        for there, anchor in sites.neighbours(site, page)
        if not (site / there).is_file() or (anchor and anchor not in sites.read(site / there).anchors)
    ]

    assert broken == []


def test_nothing_is_loaded_from_another_host(site: Path) -> None:
    foreign = {
        (page, address)
        for page in sites.pages(site)
        for address in sites.read(site / page).loaded
        if sites.target(page, address) is None and not address.startswith("data:")
    }

    assert foreign == set()


def test_what_a_page_loads_is_in_the_build(site: Path) -> None:
    missing = {
        (page, address)
        for page in sites.pages(site)
        for address in sites.read(site / page).loaded
        if (there := sites.target(page, address)) is not None and not (site / there[0]).is_file()
    }

    assert missing == set()


def test_every_page_is_reached_from_the_front_page(site: Path) -> None:
    seen, waiting = {"index.html"}, ["index.html"]
    while waiting:
        for there, _ in sites.neighbours(site, waiting.pop()):
            if there.endswith(".html") and there not in seen:
                seen.add(there)
                waiting.append(there)

    assert set(sites.pages(site)) - seen == {"404.html"}


def test_no_page_shows_a_marker_that_should_have_been_filled_in(site: Path) -> None:
    left = {
        (page, found[0])
        for page in sites.pages(site)
        for found in _LEFT_OVER.finditer(sites.read(site / page).text)
        if found[0] not in _SHELL_VARIABLES
    }

    assert left == set()


def test_every_page_in_the_navigation_exists_and_every_source_is_built(site: Path) -> None:
    listed = set(_leaves(tomllib.loads((sites.ROOT / "zensical.toml").read_text(encoding="utf-8"))["project"]["nav"]))
    sources = {str(path.relative_to(sites.ROOT / "docs")) for path in (sites.ROOT / "docs").rglob("*.md")}

    assert listed <= sources
    assert {source.replace(".md", ".html") for source in sources} == set(sites.pages(site)) - {"404.html"}


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "SECURITY.md"])
def test_what_the_repositorys_front_page_links_to_is_there(site: Path, name: str) -> None:
    text = (sites.ROOT / name).read_text(encoding="utf-8")
    links = [link.partition("#") for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]

    gone = [path for path, _, _ in links if not (sites.ROOT / path).exists()]
    unknown = [
        f"{path}#{anchor}"
        for path, _, anchor in links
        if anchor and anchor not in sites.read(site / path.removeprefix("docs/").replace(".md", ".html")).anchors
    ]

    assert (gone, unknown) == ([], [])


def test_the_configuration_guide_has_every_field(site: Path) -> None:
    guide = sites.read(site / "multi-cloud.html").text
    paths = [path for file in schemas.MODELS for path, *_ in configuration.fields(file)]

    assert [path for path in paths if path.rpartition(".")[2].removesuffix("[]") not in guide] == []


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("What does it create in my account?", ("Lambda functions, each with an IAM role", "AWS::StepFunctions")),
        ("What does it cost?", ("$0.40", "together")),
        ("Who can reach it?", ("anyone on the internet", "403 without the token")),
        ("How do I remove it?", ("gluecode destroy my-twin", "gluecode uninstall")),
        ("What happens to an event when the other cloud is down?", ("failure queue for up to 14 days", "replay")),
        ("How do I add a device?", ("config_iot_devices.json", "gluecode deploy my-twin")),
    ],
)
def test_what_a_newcomer_asks_is_answered_one_click_from_the_front_page(
    site: Path, question: str, words: tuple[str, ...]
) -> None:
    source = (site / "index.html").read_text(encoding="utf-8")
    row = source.partition(question)[2]
    link = re.search(r'href="([^"]+)"', row)
    assert link is not None, question
    there = sites.target("index.html", link[1])
    assert there is not None

    answer = re.sub(r"\s+", " ", sites.read(site / there[0]).text)

    assert [word for word in words if word not in answer] == []


def _leaves(tree: Any) -> list[str]:
    if isinstance(tree, str):
        return [tree]
    branches = tree.values() if isinstance(tree, dict) else tree
    return [leaf for branch in branches for leaf in _leaves(branch)]
