"""The list of decisions, from the records that there are."""

from __future__ import annotations

from pathlib import Path

from orchestrator.reference import markdown

_RECORDS = "[0-9]*.md"


def page(root: Path) -> str:
    """The page with the list."""
    records = sorted((root / "docs" / "decisions").glob(_RECORDS))
    rows = [f"- [{_title(record)}]({record.name})" for record in records]
    return markdown.page("decisions", records="\n".join(rows))


def _title(record: Path) -> str:
    return record.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
