"""What is wrong with the page that a browser shows: said by the browser itself, and by axe-core."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.browser.chromium import Page

_SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
_BROKEN_PICTURES = "[...document.images].filter(one => !one.naturalWidth).map(one => one.src)"
# A drawing is there in one shape, has a size, stays inside the window, and draws nothing beyond its own edge.
_DRAWINGS = """
(() => {
  const faults = []
  for (const figure of document.querySelectorAll('figure')) {
    const shown = [...figure.querySelectorAll(':scope > svg, :scope > a > svg, :scope img')]
      .filter(one => one.getClientRects().length)
    const name = figure.id || figure.querySelector('title')?.textContent
    if (shown.length !== 1) { faults.push(`${name}: ${shown.length} shapes are visible`); continue }
    const frame = shown[0].getBoundingClientRect()
    if (frame.width < 100 || frame.height < 40) faults.push(`${name}: ${frame.width} x ${frame.height}`)
    if (frame.left < 0 || frame.right > document.documentElement.clientWidth) faults.push(`${name}: beyond the window`)
    const parts = shown[0].querySelectorAll('text, rect, path, circle')
    if (shown[0].tagName === 'svg' && !parts.length) faults.push(`${name}: empty`)
    for (const part of parts) {
      const at = part.getBoundingClientRect()
      const over = [frame.left - at.left, at.right - frame.right, frame.top - at.top, at.bottom - frame.bottom]
      if (Math.max(...over) > 1)
        faults.push(`${name}: cut off: ${part.textContent || part.tagName}`)
    }
  }
  return faults
})()
"""
_AXE = """
axe.run(document, {resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']})
  .then(found => found.violations.filter(one => ['serious', 'critical'].includes(one.impact)).map(one => {
    const places = one.nodes.map(node => `${node.target.join(' ')} ${node.any[0]?.message ?? ''}`)
    return `${one.id}: ${places.slice(0, 3).join('; ')}`
  }))
"""


def faults(page: Page, allowed: Sequence[str]) -> Iterator[str]:
    """Complaints of the console, requests that do not start with what is allowed, and what cannot be seen."""
    yield from page.complaints
    yield from (f"asks for {request}" for request in page.requests if not request.startswith(("data:", *allowed)))
    yield from (f"no picture: {source}" for source in page.value(_BROKEN_PICTURES))
    yield from page.value(_DRAWINGS)
    sideways = page.value(_SIDEWAYS)
    if sideways > 0:
        yield f"the page is {sideways} pixels wider than the window"


def barriers(page: Page) -> list[str]:
    """What axe-core finds that is serious or critical: contrast, landmarks, names, order."""
    script = axe()
    assert script is not None
    page.value(f"{script.read_text(encoding='utf-8')};0")
    found: list[str] = page.value(_AXE)
    return found


def axe() -> Path | None:
    """The script of axe-core, if it is installed. Its package is not imported: it would import more."""
    package = importlib.util.find_spec("axe_playwright_python")
    if package is None or not package.submodule_search_locations:
        return None
    return Path(package.submodule_search_locations[0], "axe.min.js")
