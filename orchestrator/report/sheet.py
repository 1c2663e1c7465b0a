"""The style sheet of a report: light or dark as the reader prefers, light on paper."""

from __future__ import annotations

from importlib.resources import files

from orchestrator.graphs.style import DARK, LIGHT, RULES


def sheet() -> str:
    """The whole style sheet. The colours stand at the root, because page and pictures share them."""
    dark = f"@media (prefers-color-scheme:dark){{:root{{{DARK}}}}}"
    paper = f"@media print{{:root{{{LIGHT}}}}}"
    own = (files("orchestrator.report") / "sheet.css").read_text(encoding="utf-8")
    return f":root{{color-scheme:light dark;{LIGHT}}}{dark}{paper}{RULES}\n{own}"
