"""Every page of the site as a reader sees it: on a desk and on a phone, in light and in the dark.

`make test` opens every page once and the most read ones in both shapes; `make docs-proof` opens all in all of them.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.browser import looking
from tests.browser.chromium import Page
from tests.docs import site as sites

DESK, PHONE = 1280, 390
WHOLE = os.environ.get("GLUECODE_DOCS") == "all"
SOURCES = sorted((sites.ROOT / "docs").rglob("*.md"))
PAGES = ["404.html", *(str(path.relative_to(sites.ROOT / "docs").with_suffix(".html")) for path in SOURCES)]
MOST_READ = ("index.html", "start.html", "multi-cloud.html")
LOOKS = [(PHONE, "dark"), (DESK, "light"), (PHONE, "light"), (DESK, "dark")]
SEEN = [(name, *look) for name in PAGES for number, look in enumerate(LOOKS) if number == 0 or WHOLE]
SEEN += [] if WHOLE else [(name, DESK, "light") for name in MOST_READ]
CHECKED = SEEN if WHOLE else [(name, *LOOKS[number % 2]) for number, name in enumerate(MOST_READ)]

_SCHEME = "document.body.dataset.mdColorScheme"


@pytest.mark.parametrize(("name", "width", "scheme"), SEEN)
def test_a_page_has_no_faults_and_its_drawings_are_whole(
    page: Page, address: str, name: str, width: int, scheme: str
) -> None:
    page.open(address + name, width=width, scheme=scheme)

    assert list(looking.faults(page, [address])) == []
    assert page.value(_SCHEME) == {"light": "default", "dark": "slate"}[scheme]


@pytest.mark.parametrize(("name", "width", "scheme"), CHECKED)
@pytest.mark.usefixtures("axe")
def test_a_page_has_no_serious_barrier(page: Page, address: str, name: str, width: int, scheme: str) -> None:
    page.open(address + name, width=width, scheme=scheme)

    assert looking.barriers(page) == []


def test_drawings_follow_the_readers_switch_to_the_dark(page: Page, address: str) -> None:
    page.open(f"{address}index.html")
    ink = "getComputedStyle(document.querySelector('.gd text')).fill"
    light = page.value(ink)

    page.value("document.querySelector('label[for=__palette_1]').click()")
    page.settle()

    assert (light, page.value(ink)) == ("rgb(31, 36, 48)", "rgb(232, 235, 242)")


@pytest.mark.parametrize("served", [True, False], ids=["from a server", "from the file system"])
def test_the_search_finds_a_page_and_asks_nobody_else(page: Page, address: str, site: Path, served: bool) -> None:
    start = address if served else f"{site.as_uri()}/"
    page.open(f"{start}index.html")

    page.value(f"{_SEARCH_BUTTON}.click()")
    page.value(_WAIT.replace("SOUGHT", _FIELD))
    page.type("rotate token")

    found = page.value(_WAIT.replace("SOUGHT", _FOUND))

    page.settle()
    assert "rotate-token" in found, found
    assert list(looking.faults(page, [start, "blob:"])) == []


_SEARCH_BUTTON = "document.querySelector('.md-search__button')"
_FIELD = "document.activeElement?.shadowRoot?.querySelector('input')?.tagName"
_FOUND = "document.activeElement?.shadowRoot?.querySelector('a[role=option]')?.href"
_WAIT = """
new Promise(done => {
  const ready = setInterval(() => {
    const found = SOUGHT
    if (found) { clearInterval(ready); done(found) }
  }, 50)
})
"""
